package dev.chaperone.pdp;

import dev.chaperone.proto.ByteSize;
import dev.chaperone.proto.Setting;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a decision point is set up.
 *
 * @param listen where enforcers reach it
 * @param packs built-in policy packs in force, beside the directory's own policies
 * @param policies directory of policy sources, or null for built-in packs alone
 * @param catalog file that says which columns hold what class of PHI, or null when every column is unknown
 * @param reloadInterval how often policies and catalog are looked at for changes
 * @param drainTimeout how long requests in progress may take when the process stops
 * @param limits bounds on what callers may use
 */
public record PdpConfig(
        @Setting("where enforcers reach the decision point") Listen listen,

        @Setting(
                value = "built-in policy packs in force beside the directory's own policies",
                defaultValue = "baseline, hipaa")
        List<String> packs,

        @Setting(value = "directory of policy sources; built-in packs alone when left out", optional = true) @Nullable
        Path policies,

        @Setting(
                value = "file that says which columns hold what class of PHI; every column is unknown when left out",
                optional = true)
        @Nullable
        Path catalog,

        @Setting(
                value = "how often policies and catalog are looked at for changes; a change is taken up once two looks"
                        + " in a row find the same content",
                defaultValue = "1s")
        Duration reloadInterval,

        @Setting(value = "how long requests in progress may take when the process stops", defaultValue = "10s")
        Duration drainTimeout,

        @Setting("bounds on what callers may use") Limits limits) {

    public PdpConfig {
        packs = List.copyOf(packs);
        if (packs.isEmpty() && policies == null) {
            throw new IllegalArgumentException(
                    "no policy is configured; name built-in ones in `packs` or a directory in `policies`");
        }
        positive("reload-interval", reloadInterval);
        positive("drain-timeout", drainTimeout);
    }

    /**
     * The listening side.
     *
     * @param address address to bind, as a name or a literal
     * @param port TCP port; 0 takes a free one
     * @param tls certificate, key and the authority of clients; null only with {@code plaintext}
     * @param plaintext true to serve without TLS, which has to be said
     * @param inProcess name under which enforcers of the same process reach it too, or null
     */
    public record Listen(
            @Setting(value = "address to bind", defaultValue = "127.0.0.1")
            String address,

            @Setting(value = "TCP port; 0 takes a free one", defaultValue = "7443")
            int port,

            @Setting(value = "TLS for enforcers; required unless plaintext is named", optional = true) @Nullable
            Tls tls,

            @Setting(value = "serve without TLS: for one trusted machine only", defaultValue = "false")
            boolean plaintext,

            @Setting(value = "name under which enforcers of the same process reach it too", optional = true) @Nullable
            String inProcess) {

        public Listen {
            if (port < 0 || port > 65_535) {
                throw new IllegalArgumentException("`port` is `" + port + "`; a TCP port is between 0 and 65535");
            }
            if (plaintext == (tls != null)) {
                throw new IllegalArgumentException(
                        "`listen` needs either `tls` or `plaintext: true`, and not both; plaintext has to be named");
            }
        }

        /** Whether whoever connects has to prove with a certificate to be an enforcer. */
        public boolean admitsOnlyProven() {
            return tls != null && tls.clientCa() != null;
        }

        /** Whether only this machine can connect. A name other than {@code localhost} is not looked up: it counts as reachable. */
        public boolean isLoopback() {
            InetAddress literal = NetUtil.createInetAddressFromIpAddressString(address);
            return literal == null ? address.equalsIgnoreCase("localhost") : literal.isLoopbackAddress();
        }
    }

    /**
     * TLS of the listening side.
     *
     * @param certificate PEM file of the server's certificate chain
     * @param key PEM file of its private key (PKCS #8)
     * @param clientCa PEM file of the authorities that sign enforcers' certificates; null admits any client
     */
    public record Tls(
            @Setting("PEM file of the server's certificate chain")
            Path certificate,

            @Setting("PEM file of its private key (PKCS #8)")
            Path key,

            @Setting(
                    value = "PEM file of the authorities that sign enforcers' certificates; without it any client is"
                            + " admitted",
                    optional = true)
            @Nullable
            Path clientCa) {}

    /**
     * Bounds on what callers may use.
     *
     * @param maxRequest largest request message
     * @param maxCallsPerConnection most requests in progress on one connection
     * @param maxWatchers most enforcers that may follow policy changes at a time
     */
    public record Limits(
            @Setting(value = "largest request message", defaultValue = "1MiB")
            ByteSize maxRequest,

            @Setting(value = "most requests in progress on one connection", defaultValue = "1024")
            int maxCallsPerConnection,

            @Setting(value = "most enforcers that may follow policy changes at a time", defaultValue = "1024")
            int maxWatchers) {

        /** What the defaults say. */
        public static final Limits DEFAULTS = new Limits(new ByteSize(1 << 20), 1024, 1024);

        public Limits {
            if (maxRequest.bytes() < 1024 || maxRequest.bytes() > 64 << 20) {
                throw new IllegalArgumentException(
                        "`max-request` is `" + maxRequest + "`; it must lie between 1KiB and 64MiB");
            }
            if (maxCallsPerConnection < 1 || maxWatchers < 1) {
                throw new IllegalArgumentException("`max-calls-per-connection` and `max-watchers` must be at least 1");
            }
        }
    }

    private static void positive(String key, Duration duration) {
        if (duration.isNegative() || duration.isZero()) {
            throw new IllegalArgumentException("`" + key + "` is `" + duration + "`; it must be longer than zero");
        }
    }
}
