package dev.chaperone.audit;

import dev.chaperone.proto.Setting;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a sink answers questions about its ledger.
 *
 * @param listen where others reach it, or null for this process alone
 * @param inProcess name under which the same process reaches it, or null
 * @param keys public signing keys of the enforcers that are believed when the ledger is verified
 * @param maxSessions most sessions that can be found without reading files
 */
public record EvidenceConfig(
        @Setting(value = "where consoles reach it; the same process alone when left out", optional = true) @Nullable
        Listen listen,

        @Setting(value = "name under which the same process reaches it", optional = true) @Nullable
        String inProcess,

        @Setting(
                value = "public signing keys of the enforcers that are believed when the ledger is verified on request;"
                        + " it is not verified here without any",
                defaultValue = "[]")
        List<Path> keys,

        @Setting(
                value =
                        "most sessions, the newest, that can be found and replayed here; each takes some 2 KiB of memory",
                defaultValue = "20000")
        int maxSessions) {

    public EvidenceConfig {
        keys = List.copyOf(keys);
        if (listen == null && inProcess == null) {
            throw new IllegalArgumentException("`evidence` needs `listen` or `in-process`; nobody could ask otherwise");
        }
        if (maxSessions < 1 || maxSessions > 1_000_000) {
            throw new IllegalArgumentException("max-sessions is `" + maxSessions + "`; write 1 to 1000000");
        }
    }

    /** For the same process, under that name. */
    public static EvidenceConfig inProcess(String name, List<Path> keys) {
        return new EvidenceConfig(null, name, keys, 20_000);
    }

    /**
     * The listening side. Whoever gets through reads what agents saw, for any person that they name: so only those get through
     * whose certificates one authority signs, or who are on the same machine, where that is said.
     *
     * @param address to bind, as a name or a literal
     * @param port TCP port; 0 takes a free one
     * @param tls certificate, key, and the authority of those who may ask; null only with {@code plaintext}
     * @param plaintext true to serve this machine without TLS, which has to be said
     */
    public record Listen(
            @Setting(value = "address to bind", defaultValue = "127.0.0.1")
            String address,

            @Setting(value = "TCP port; 0 takes a free one", defaultValue = "7445")
            int port,

            @Setting(value = "mutual TLS; required unless plaintext is named", optional = true) @Nullable
            Tls tls,

            @Setting(
                    value = "serve this machine without TLS, so that every process on it can ask: on a loopback address"
                            + " alone",
                    defaultValue = "false")
            boolean plaintext) {

        public Listen {
            if (port < 0 || port > 65_535) {
                throw new IllegalArgumentException("`port` is `" + port + "`; a TCP port is between 0 and 65535");
            }
            if (plaintext == (tls != null)) {
                throw new IllegalArgumentException(
                        "`listen` needs either `tls` or `plaintext: true`, and not both; plaintext has to be named");
            }
            if (plaintext && !isLoopback(address)) {
                throw new IllegalArgumentException("`address` is `" + address
                        + "`, which others reach; what agents saw is served to them by `tls` alone");
            }
        }

        private static boolean isLoopback(String address) {
            try {
                for (InetAddress each : InetAddress.getAllByName(address)) {
                    if (!each.isLoopbackAddress()) {
                        return false;
                    }
                }
                return !address.isBlank();
            } catch (UnknownHostException e) {
                return false;
            }
        }
    }

    /**
     * TLS on both sides.
     *
     * @param certificate PEM file of the sink's certificate chain
     * @param key PEM file of its private key (PKCS #8)
     * @param clientCa PEM file of the authorities that sign the certificates of those who may ask
     */
    public record Tls(
            @Setting("PEM file of the sink's certificate chain")
            Path certificate,

            @Setting("PEM file of its private key (PKCS #8)")
            Path key,

            @Setting("PEM file of the authorities that sign the certificates of those who may ask")
            Path clientCa) {}
}
