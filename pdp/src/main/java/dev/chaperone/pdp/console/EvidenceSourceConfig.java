package dev.chaperone.pdp.console;

import dev.chaperone.proto.Setting;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where the console finds sessions and the ledger.
 *
 * @param targets audit sinks as {@code host:port}, each with its part of the ledger; {@code in-process:NAME} for one of this process
 * @param tls how to trust them and how to prove who we are
 * @param plaintext true to connect without TLS, within this machine
 * @param timeout longest wait for an answer
 */
public record EvidenceSourceConfig(
        @Setting(
                "audit sinks as `host:port`, every one of a group since each has a part of the ledger; or `in-process:NAME`")
        List<String> targets,

        @Setting(value = "mutual TLS to them; required unless plaintext is named", optional = true) @Nullable
        Tls tls,

        @Setting(value = "connect without TLS: to this machine alone", defaultValue = "false")
        boolean plaintext,

        @Setting(value = "longest wait for an answer", defaultValue = "20s")
        Duration timeout) {

    static final String IN_PROCESS = "in-process:";
    private static final Set<String> THIS_MACHINE = Set.of("localhost", "127.0.0.1", "[::1]", "::1");

    public EvidenceSourceConfig {
        targets = List.copyOf(targets);
        if (targets.isEmpty()) {
            throw new IllegalArgumentException("`targets` is empty; name at least one audit sink as `host:port`");
        }
        boolean inProcess = targets.stream().anyMatch(target -> target.startsWith(IN_PROCESS));
        if (inProcess && targets.size() > 1) {
            throw new IllegalArgumentException("`targets` mixes an in-process audit sink with others; name one");
        }
        if (!inProcess && plaintext == (tls != null)) {
            throw new IllegalArgumentException("the audit sink needs either `tls` or `plaintext: true`, and not both");
        }
        if (!inProcess) {
            for (String target : targets) {
                requireHostAndPort(target, plaintext);
            }
        }
        if (timeout.isNegative() || timeout.isZero() || timeout.compareTo(Duration.ofMinutes(5)) > 0) {
            throw new IllegalArgumentException(
                    "`timeout` is `" + timeout + "`; it must be longer than zero and at most five minutes");
        }
    }

    private static void requireHostAndPort(String target, boolean plaintext) {
        URI uri;
        try {
            uri = URI.create("sink://" + target);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("`" + target + "` is no `host:port`", e);
        }
        if (uri.getHost() == null
                || uri.getPort() < 1
                || uri.getRawUserInfo() != null
                || !target.equals(uri.getRawAuthority())) {
            throw new IllegalArgumentException("`" + target + "` is no `host:port`");
        }
        if (plaintext && !THIS_MACHINE.contains(uri.getHost())) {
            throw new IllegalArgumentException(
                    "`" + target + "` is another machine; what agents saw goes there and back by `tls` alone");
        }
    }

    /**
     * TLS on both sides.
     *
     * @param ca PEM file of the authorities that sign the sinks' certificates
     * @param certificate PEM file of our certificate chain
     * @param key PEM file of its private key (PKCS #8)
     */
    public record Tls(
            @Setting("PEM file of the authorities that sign the sinks' certificates")
            Path ca,

            @Setting("PEM file of the console's certificate chain")
            Path certificate,

            @Setting("PEM file of its private key (PKCS #8)")
            Path key) {}
}
