package dev.chaperone.pdp.console;

import dev.chaperone.proto.Secret;
import dev.chaperone.proto.Setting;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How the console is served.
 *
 * @param listen where browsers reach it
 * @param signIn how people sign in
 * @param roles which groups make what of people
 * @param limits bounds on what browsers may use
 * @param evidence where sessions and the ledger are found, or null when they are not shown
 */
public record ConsoleConfig(
        @Setting("where browsers reach it") Listen listen,
        @Setting("how people sign in") SignIn signIn,
        @Setting("which groups make what of people") Roles roles,
        @Setting("bounds on what browsers may use") Limits limits,

        @Setting(
                value = "where sessions and the ledger are found; there are no pages about them when left out",
                optional = true)
        @Nullable
        EvidenceSourceConfig evidence) {

    /**
     * The listening side.
     *
     * @param address address to bind
     * @param port TCP port; 0 takes a free one
     * @param tls certificate and key; null only with {@code plaintext}
     * @param plaintext true to serve without TLS, which has to be said
     * @param publicUrl how browsers name it, or null for this machine
     */
    public record Listen(
            @Setting(value = "address to bind", defaultValue = "127.0.0.1")
            String address,

            @Setting(value = "TCP port; 0 takes a free one", defaultValue = "7480")
            int port,

            @Setting(value = "TLS for browsers; required unless plaintext is named", optional = true) @Nullable
            Tls tls,

            @Setting(
                    value = "serve without TLS: for one trusted machine, or behind a proxy on it that ends TLS",
                    defaultValue = "false")
            boolean plaintext,

            @Setting(
                    value = "how browsers name it, with scheme and port; `localhost` with the port when left out",
                    optional = true)
            @Nullable
            URI publicUrl) {

        public Listen {
            if (port < 0 || port > 65_535) {
                throw new IllegalArgumentException("`port` is `" + port + "`; a TCP port is between 0 and 65535");
            }
            if (plaintext == (tls != null)) {
                throw new IllegalArgumentException(
                        "`listen` needs either `tls` or `plaintext: true`, and not both; plaintext has to be named");
            }
            if (publicUrl != null) {
                requireOrigin(publicUrl);
            }
        }

        private static void requireOrigin(URI url) {
            String scheme = url.getScheme();
            boolean web = "https".equals(scheme) || "http".equals(scheme);
            boolean bare = url.getRawPath() == null
                    || url.getRawPath().isEmpty()
                    || url.getRawPath().equals("/");
            if (!web || url.getHost() == null || !bare || url.getRawQuery() != null || url.getRawUserInfo() != null) {
                throw new IllegalArgumentException("`public-url` is `" + url
                        + "`; expected scheme, host and port alone, as in `https://chaperone.example`");
            }
        }
    }

    /**
     * TLS of the listening side.
     *
     * @param certificate PEM file of the server's certificate chain
     * @param key PEM file of its private key (PKCS #8)
     */
    public record Tls(
            @Setting("PEM file of the server's certificate chain")
            Path certificate,

            @Setting("PEM file of its private key (PKCS #8)")
            Path key) {}

    /**
     * How people sign in.
     *
     * @param issuer the OIDC provider
     * @param clientId the console's name there
     * @param clientSecret its secret; null for a public client, which PKCE protects
     * @param scopes what is asked for
     * @param groupsClaim claim of the id token that holds groups
     * @param askAgain asks the userinfo endpoint for groups at each decision
     * @param allowInsecureHttp admits a provider without TLS on this machine
     * @param timeout longest time that the provider may take
     */
    public record SignIn(
            @Setting("OIDC issuer, exactly as its id tokens' `iss` has it")
            URI issuer,

            @Setting("the console's client id there; the redirect URI to register is `<public-url>/sign-in/callback`")
            String clientId,

            @Setting(value = "its client secret; none for a public client", optional = true) @Nullable
            Secret clientSecret,

            @Setting(value = "scopes to ask for", defaultValue = "openid, profile")
            List<String> scopes,

            @Setting(value = "claim of the id token, and of userinfo, that holds groups", defaultValue = "groups")
            String groupsClaim,

            @Setting(
                    value =
                            "ask the provider's userinfo endpoint for somebody's groups whenever they decide; without it"
                                    + " those of the sign-in count until the session ends",
                    defaultValue = "true")
            boolean askAgain,

            @Setting(value = "admit a provider without TLS on another machine: for tests only", defaultValue = "false")
            boolean allowInsecureHttp,

            @Setting(value = "longest time that the provider may take to answer", defaultValue = "10s")
            Duration timeout) {

        private static final Set<String> THIS_MACHINE = Set.of("localhost", "127.0.0.1", "[::1]");

        public SignIn {
            scopes = List.copyOf(scopes);
            if (!scopes.contains("openid")) {
                throw new IllegalArgumentException("`scopes` is `" + scopes + "`; it must hold `openid`");
            }
            if (timeout.isNegative() || timeout.isZero()) {
                throw new IllegalArgumentException("`timeout` is `" + timeout + "`; it must be longer than zero");
            }
            String scheme = String.valueOf(issuer.getScheme()).toLowerCase(Locale.ROOT);
            boolean here = issuer.getHost() != null && THIS_MACHINE.contains(issuer.getHost());
            if (!scheme.equals("https") && !(scheme.equals("http") && (here || allowInsecureHttp))) {
                throw new IllegalArgumentException("`issuer` is `" + issuer + "`; sign-in needs https");
            }
        }
    }

    /**
     * Which groups make what of people. Whoever is in none of them sees their own requests.
     *
     * @param approvers groups whose members decide
     * @param auditors groups whose members see every request, every session and the ledger
     * @param admins groups whose members see every request, and how enforcers and the ledger are
     */
    public record Roles(
            @Setting(value = "groups whose members decide", defaultValue = "[]")
            List<String> approvers,

            @Setting(
                    value = "groups whose members see every request, every session and the ledger",
                    defaultValue = "[]")
            List<String> auditors,

            @Setting(
                    value = "groups whose members see every request, and how enforcers and the ledger are",
                    defaultValue = "[]")
            List<String> admins) {

        public Roles {
            approvers = List.copyOf(approvers);
            auditors = List.copyOf(auditors);
            admins = List.copyOf(admins);
        }
    }

    /**
     * Bounds on what browsers may use.
     *
     * @param maxConnections most connections at a time
     * @param maxSessions most people signed in at a time; the one idle for longest makes room
     * @param sessionIdle when a session ends that nobody uses
     * @param sessionLifetime when a session ends at the latest
     */
    public record Limits(
            @Setting(value = "most connections at a time", defaultValue = "1000")
            int maxConnections,

            @Setting(
                    value = "most sessions at a time; the one that was idle for longest makes room",
                    defaultValue = "10000")
            int maxSessions,

            @Setting(value = "when a session ends that nobody uses", defaultValue = "30m")
            Duration sessionIdle,

            @Setting(
                    value = "when a session ends at the latest; what changes in somebody's groups counts from then on",
                    defaultValue = "1h")
            Duration sessionLifetime) {

        /** What the defaults say. */
        public static final Limits DEFAULTS = new Limits(1000, 10_000, Duration.ofMinutes(30), Duration.ofHours(1));

        public Limits {
            if (maxConnections < 1 || maxSessions < 1) {
                throw new IllegalArgumentException("`max-connections` and `max-sessions` must be at least 1");
            }
            if (sessionIdle.isNegative()
                    || sessionIdle.isZero()
                    || sessionLifetime.compareTo(Duration.ofHours(24)) > 0
                    || sessionLifetime.compareTo(sessionIdle) < 0) {
                throw new IllegalArgumentException(
                        "`session-idle` must be longer than zero and at most `session-lifetime`, which is at most 24h");
            }
        }
    }
}
