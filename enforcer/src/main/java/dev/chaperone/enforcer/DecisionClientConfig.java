package dev.chaperone.enforcer;

import dev.chaperone.proto.ByteSize;
import dev.chaperone.proto.Setting;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How an enforcer reaches the decision point.
 *
 * @param targets decision points as {@code host:port}, all equal; one name with several addresses is balanced over too;
 *     {@code in-process:NAME} for one in the same process
 * @param tls how to trust it and how to prove who we are; null only with {@code plaintext}
 * @param plaintext true to connect without TLS, which has to be said
 * @param deadline longest wait for a decision; later means deny
 * @param maxInFlight most requests waiting for a decision at a time; one more is denied
 * @param maxResponse largest decision message
 * @param cache how decisions are kept
 */
public record DecisionClientConfig(
        @Setting("decision points as `host:port`, all equal, or `in-process:NAME`")
        List<String> targets,

        @Setting(value = "TLS to the decision point; required unless plaintext is named", optional = true) @Nullable
        Tls tls,

        @Setting(value = "connect without TLS: for one trusted machine only", defaultValue = "false")
        boolean plaintext,

        @Setting(value = "longest wait for a decision; later means deny", defaultValue = "250ms")
        Duration deadline,

        @Setting(value = "most requests waiting for a decision at a time; one more is denied", defaultValue = "4096")
        int maxInFlight,

        @Setting(value = "largest decision message", defaultValue = "1MiB")
        ByteSize maxResponse,

        @Setting("how decisions are kept") Cache cache) {

    /** Prefix of a target within the process. */
    static final String IN_PROCESS = "in-process:";

    public DecisionClientConfig {
        targets = List.copyOf(targets);
        if (targets.isEmpty()) {
            throw new IllegalArgumentException("`targets` is empty; name at least one decision point as `host:port`");
        }
        boolean inProcess = targets.stream().anyMatch(target -> target.startsWith(IN_PROCESS));
        if (inProcess && targets.size() > 1) {
            throw new IllegalArgumentException("`targets` mixes an in-process decision point with others; name one");
        }
        if (!inProcess) {
            targets.forEach(HostPort::parse);
            if (plaintext == (tls != null)) {
                throw new IllegalArgumentException(
                        "the decision point needs either `tls` or `plaintext: true`, and not both");
            }
        }
        if (deadline.isNegative() || deadline.isZero() || deadline.compareTo(Duration.ofMinutes(1)) > 0) {
            throw new IllegalArgumentException(
                    "`deadline` is `" + deadline + "`; it must be longer than zero and at most one minute");
        }
        if (maxInFlight < 1) {
            throw new IllegalArgumentException("`max-in-flight` is `" + maxInFlight + "`; it must be at least 1");
        }
        if (maxResponse.bytes() < 1024 || maxResponse.bytes() > 64 << 20) {
            throw new IllegalArgumentException(
                    "`max-response` is `" + maxResponse + "`; it must lie between 1KiB and 64MiB");
        }
    }

    /** A plaintext client of one decision point with every default. */
    public static DecisionClientConfig plaintext(String target) {
        return new DecisionClientConfig(
                List.of(target), null, true, Duration.ofMillis(250), 4096, new ByteSize(1 << 20), Cache.DEFAULTS);
    }

    /**
     * TLS to the decision point.
     *
     * @param ca PEM file of the authorities that sign the decision point's certificate
     * @param certificate PEM file of our certificate chain, or null when the decision point asks for none
     * @param key PEM file of its private key (PKCS #8), or null
     */
    public record Tls(
            @Setting("PEM file of the authorities that sign the decision point's certificate")
            Path ca,

            @Setting(value = "PEM file of this enforcer's certificate chain", optional = true) @Nullable
            Path certificate,

            @Setting(value = "PEM file of its private key (PKCS #8)", optional = true) @Nullable
            Path key) {

        public Tls {
            if ((certificate == null) != (key == null)) {
                throw new IllegalArgumentException("`certificate` and `key` go together; one of them is missing");
            }
        }
    }

    /**
     * How decisions are kept.
     *
     * @param size most bytes of decisions kept; 0 keeps none
     * @param ttl longest time a decision is kept, whatever the decision point allows
     */
    public record Cache(
            @Setting(value = "most bytes of decisions kept; 0 keeps none", defaultValue = "16MiB")
            ByteSize size,

            @Setting(
                    value = "longest time a decision is kept, whatever the decision point allows",
                    defaultValue = "60s")
            Duration ttl) {

        /** What the defaults say. */
        public static final Cache DEFAULTS = new Cache(new ByteSize(16 << 20), Duration.ofSeconds(60));

        public Cache {
            if (ttl.isNegative() || ttl.compareTo(Duration.ofDays(1)) > 0) {
                throw new IllegalArgumentException("`ttl` is `" + ttl + "`; it must lie between zero and one day");
            }
        }
    }
}
