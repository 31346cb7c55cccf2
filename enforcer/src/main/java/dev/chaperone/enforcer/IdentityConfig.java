package dev.chaperone.enforcer;

import dev.chaperone.proto.ByteSize;
import dev.chaperone.proto.Setting;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Whose tokens are accepted, and how they become principals.
 *
 * @param issuer the pinned issuer
 * @param audiences the audiences, one of which a token must name
 * @param algorithms signature algorithms (RFC 7518 section 3.1); asymmetric ones only
 * @param clockSkew tolerance for clocks that disagree; at most five minutes
 * @param allowMissingType accepts tokens without a {@code typ} header
 * @param maxTokenSize longest token in its compact serialization
 * @param threads threads that verify tokens and fetch keys
 * @param queue tokens that may wait for a thread
 * @param timeout longest time that one verification may take, with fetching keys
 * @param keys where the keys come from
 * @param claims what is read from a token
 */
public record IdentityConfig(
        @Setting("issuer of accepted tokens, exactly as their `iss` has it; keys are discovered below it")
        URI issuer,

        @Setting("audiences, one of which a token's `aud` must name")
        List<String> audiences,

        @Setting(
                value = "allowed signature algorithms; asymmetric ones only",
                defaultValue = "RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512")
        List<String> algorithms,

        @Setting(value = "tolerance for clocks that disagree, at most 5m", defaultValue = "30s")
        Duration clockSkew,

        @Setting(
                value = "accept tokens without a `typ` header; otherwise it must be `JWT` or `at+jwt`",
                defaultValue = "false")
        boolean allowMissingType,

        @Setting(value = "longest accepted token", defaultValue = "16KiB")
        ByteSize maxTokenSize,

        @Setting(value = "threads that verify tokens and fetch keys", defaultValue = "2")
        int threads,

        @Setting(value = "tokens that may wait for a thread; further ones are refused", defaultValue = "256")
        int queue,

        @Setting(value = "longest time one verification may take, with fetching keys", defaultValue = "10s")
        Duration timeout,

        @Setting("where the provider's keys come from") Keys keys,
        @Setting("what is read from a token's claims") Claims claims) {

    /** Every algorithm that may be configured: none is absent by design, and so is every HMAC. */
    static final List<String> ALGORITHMS =
            List.of("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512");

    private static final Duration MAX_SKEW = Duration.ofMinutes(5);

    public IdentityConfig {
        audiences = List.copyOf(audiences);
        algorithms = List.copyOf(algorithms);
        if (audiences.isEmpty() || audiences.stream().anyMatch(String::isBlank)) {
            throw new IllegalArgumentException(
                    "`audiences` is empty or has an empty entry; name the audience that tokens for this enforcer carry");
        }
        if (algorithms.isEmpty()) {
            throw new IllegalArgumentException("`algorithms` is empty; name one of " + ALGORITHMS);
        }
        for (String algorithm : algorithms) {
            if (!ALGORITHMS.contains(algorithm)) {
                throw new IllegalArgumentException(
                        "`" + algorithm + "` is not an accepted signature algorithm; use one of " + ALGORITHMS);
            }
        }
        if (clockSkew.isNegative() || clockSkew.compareTo(MAX_SKEW) > 0) {
            throw new IllegalArgumentException("a clock skew of `" + clockSkew + "` is not between 0s and 5m");
        }
        if (maxTokenSize.bytes() < 256 || maxTokenSize.bytes() > 1 << 20) {
            throw new IllegalArgumentException(
                    "a longest token of `" + maxTokenSize + "` is not between 256B and 1MiB");
        }
        if (threads < 1 || threads > 64 || queue < 1) {
            throw new IllegalArgumentException("`threads` must be between 1 and 64 and `queue` at least 1, got `"
                    + threads + "` and `" + queue + "`");
        }
        requirePositive("timeout", timeout);
        requireSecure(issuer, keys.allowInsecureHttp());
        if (issuer.getRawQuery() != null || issuer.getRawFragment() != null) {
            throw new IllegalArgumentException("the issuer `" + issuer + "` has a query or a fragment; leave them out");
        }
        if (keys.jwksUri() != null) {
            requireSecure(keys.jwksUri(), keys.allowInsecureHttp());
        }
    }

    /** The defaults for one issuer and its audiences. */
    public static IdentityConfig of(URI issuer, List<String> audiences) {
        return new IdentityConfig(
                issuer,
                audiences,
                ALGORITHMS,
                Duration.ofSeconds(30),
                false,
                new ByteSize(16 << 10),
                2,
                256,
                Duration.ofSeconds(10),
                Keys.defaults(),
                Claims.defaults());
    }

    /** The same with other keys. */
    public IdentityConfig withKeys(Keys other) {
        return new IdentityConfig(
                issuer,
                audiences,
                algorithms,
                clockSkew,
                allowMissingType,
                maxTokenSize,
                threads,
                queue,
                timeout,
                other,
                claims);
    }

    /** The same with other claims. */
    public IdentityConfig withClaims(Claims other) {
        return new IdentityConfig(
                issuer,
                audiences,
                algorithms,
                clockSkew,
                allowMissingType,
                maxTokenSize,
                threads,
                queue,
                timeout,
                keys,
                other);
    }

    /**
     * Where the provider's keys come from.
     *
     * @param jwksUri address of the key set; discovered (OpenID Connect Discovery 1.0 section 4) when absent
     * @param cacheTtl how long fetched keys are used
     * @param outageTolerance how long after that they are used when the provider cannot be reached; zero for not at all
     * @param refetchInterval a token with an unknown key id makes the keys be fetched again at most twice in this time
     * @param connectTimeout longest time to connect to the provider
     * @param readTimeout longest silence of the provider
     * @param maxSize longest document accepted from the provider
     * @param allowInsecureHttp accepts plain http to hosts other than the local one
     * @param trustedCertificates PEM file of the authorities to trust for the provider instead of the JVM's own
     */
    public record Keys(
            @Setting(value = "address of the key set; discovered from the issuer when left out", optional = true)
            @Nullable
            URI jwksUri,

            @Setting(value = "how long fetched keys are used", defaultValue = "5m")
            Duration cacheTtl,

            @Setting(
                    value = "how long after that they are used while the provider cannot be reached",
                    defaultValue = "0s")
            Duration outageTolerance,

            @Setting(
                    value = "a token with an unknown key id has the keys fetched again at most twice in this time",
                    defaultValue = "30s")
            Duration refetchInterval,

            @Setting(value = "longest time to connect to the provider", defaultValue = "2s")
            Duration connectTimeout,

            @Setting(value = "longest silence of the provider", defaultValue = "2s")
            Duration readTimeout,

            @Setting(value = "longest document accepted from the provider", defaultValue = "256KiB")
            ByteSize maxSize,

            @Setting(value = "accept plain http to hosts other than the local one", defaultValue = "false")
            boolean allowInsecureHttp,

            @Setting(
                    value = "PEM file of the authorities to trust for the provider instead of the JVM's own",
                    optional = true)
            @Nullable
            Path trustedCertificates) {

        public Keys {
            requirePositive("refetch-interval", refetchInterval);
            requirePositive("connect-timeout", connectTimeout);
            requirePositive("read-timeout", readTimeout);
            if (outageTolerance.isNegative() || outageTolerance.compareTo(Duration.ofDays(1)) > 0) {
                throw new IllegalArgumentException(
                        "`outage-tolerance` of `" + outageTolerance + "` is not between 0s and 1d");
            }
            if (cacheTtl.compareTo(refetchInterval) <= 0) {
                throw new IllegalArgumentException("`cache-ttl` of `" + cacheTtl
                        + "` must be longer than `refetch-interval` of `" + refetchInterval + "`");
            }
            if (maxSize.bytes() < 256 || maxSize.bytes() > 16 << 20) {
                throw new IllegalArgumentException("`max-size` of `" + maxSize + "` is not between 256B and 16MiB");
            }
        }

        /** The defaults: discovery, https. */
        public static Keys defaults() {
            return new Keys(
                    null,
                    Duration.ofMinutes(5),
                    Duration.ZERO,
                    Duration.ofSeconds(30),
                    Duration.ofSeconds(2),
                    Duration.ofSeconds(2),
                    new ByteSize(256 << 10),
                    false,
                    null);
        }
    }

    /**
     * What is read from a token. A claim is named by its own name or, inside objects, by a path with dots.
     *
     * @param groups the claim that lists groups: an array of strings, or a string with spaces between them (RFC 8693
     *     section 4.2)
     * @param agent claims that may name the agent; the first one present counts
     * @param passed further claims that policies may read
     * @param humanClients client ids ({@code azp}, {@code client_id}) through which humans act in person
     * @param serviceClients client ids through which services act for themselves
     */
    public record Claims(
            @Setting(value = "claim that lists groups: an array, or text with spaces between", defaultValue = "groups")
            String groups,

            @Setting(
                    value = "claims that may name the agent; the first one present counts",
                    defaultValue = "act.sub, azp, client_id")
            List<String> agent,

            @Setting(value = "further claims that policies may read", defaultValue = "[]")
            List<String> passed,

            @Setting(value = "client ids through which humans act in person", defaultValue = "[]")
            List<String> humanClients,

            @Setting(value = "client ids through which services act for themselves", defaultValue = "[]")
            List<String> serviceClients) {

        public Claims {
            agent = List.copyOf(agent);
            passed = List.copyOf(passed);
            humanClients = List.copyOf(humanClients);
            serviceClients = List.copyOf(serviceClients);
            for (String client : humanClients) {
                if (serviceClients.contains(client)) {
                    throw new IllegalArgumentException(
                            "the client `" + client + "` is both human and service; keep it in one list");
                }
            }
        }

        /** The defaults: every caller is an agent. */
        public static Claims defaults() {
            return new Claims("groups", List.of("act.sub", "azp", "client_id"), List.of(), List.of(), List.of());
        }
    }

    /** Refuses an address that would send tokens' keys over a network unprotected. */
    static void requireSecure(URI uri, boolean allowInsecureHttp) {
        String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
        if (uri.getHost() == null || !Set.of("http", "https").contains(scheme)) {
            throw new IllegalArgumentException("`" + uri + "` is not an absolute http or https address");
        }
        if (scheme.equals("http") && !allowInsecureHttp && !isLoopback(uri.getHost())) {
            throw new IllegalArgumentException(
                    "`" + uri + "` is plain http; use https, or allow it by name with `allow-insecure-http`");
        }
    }

    private static boolean isLoopback(String host) {
        return host.equalsIgnoreCase("localhost") || host.equals("[::1]") || host.matches("127(\\.\\d{1,3}){3}");
    }

    private static void requirePositive(String key, Duration value) {
        if (value.isNegative() || value.isZero() || value.compareTo(Duration.ofHours(1)) > 0) {
            throw new IllegalArgumentException("`" + key + "` of `" + value + "` is not between 1ms and 1h");
        }
    }
}
