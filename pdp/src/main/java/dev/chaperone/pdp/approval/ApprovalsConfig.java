package dev.chaperone.pdp.approval;

import dev.chaperone.proto.Secret;
import dev.chaperone.proto.Setting;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How approvals are kept and decided on.
 *
 * @param store where they are kept
 * @param terms what holds where a policy says nothing, and what no policy may exceed
 * @param limits bounds on what may wait
 * @param auditorGroups groups whose members see every approval, and decide on none by that
 * @param url where people decide, the approval's id being appended; null when there is no such place
 * @param keep how long approvals that are over are kept
 */
public record ApprovalsConfig(
        @Setting("where approvals are kept") Store store,

        @Setting("what holds where a policy says nothing, and what no policy may exceed")
        Terms terms,

        @Setting("bounds on what may wait") Limits limits,

        @Setting(
                value = "groups whose members see every approval; that alone does not let them decide",
                defaultValue = "[]")
        List<String> auditorGroups,

        @Setting(
                value = "address at which people decide, to which the approval's id is appended; notices name it",
                optional = true)
        @Nullable
        URI url,

        @Setting(value = "how long approvals that are over are kept", defaultValue = "365d")
        Duration keep) {

    public ApprovalsConfig {
        auditorGroups = List.copyOf(auditorGroups);
        positive("keep", keep);
    }

    /** The defaults over a store. */
    public static ApprovalsConfig of(Store store) {
        return new ApprovalsConfig(store, Terms.DEFAULTS, Limits.DEFAULTS, List.of(), null, Duration.ofDays(365));
    }

    /** The same with other terms. */
    public ApprovalsConfig withTerms(Terms other) {
        return new ApprovalsConfig(store, other, limits, auditorGroups, url, keep);
    }

    /** The same with other limits. */
    public ApprovalsConfig withLimits(Limits other) {
        return new ApprovalsConfig(store, terms, other, auditorGroups, url, keep);
    }

    /** The same, where people decide there. */
    public ApprovalsConfig withUrl(URI place) {
        return new ApprovalsConfig(store, terms, limits, auditorGroups, place, keep);
    }

    /**
     * Where people reach the service.
     *
     * @param address to bind, as a name or a literal
     * @param port TCP port; 0 takes a free one
     * @param tls certificate and key; null only with {@code plaintext}
     * @param plaintext true to serve without TLS, which has to be said
     */
    public record Listen(
            @Setting(value = "address to bind", defaultValue = "127.0.0.1")
            String address,

            @Setting(value = "TCP port; 0 takes a free one", defaultValue = "7444")
            int port,

            @Setting(value = "TLS for people's clients; required unless plaintext is named", optional = true) @Nullable
            Tls tls,

            @Setting(
                    value = "serve without TLS, so that tokens can be read on the way: for one trusted machine only",
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
        }
    }

    /**
     * TLS of that.
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
     * A PostgreSQL.
     *
     * @param url of a database that several decision points may share; null for an embedded one
     * @param user role in that database
     * @param password of that role
     * @param directory of the embedded one's data; one process owns it
     * @param connections most connections
     */
    public record Store(
            @Setting(
                    value =
                            "JDBC URL of a PostgreSQL database, which replicas share: `jdbc:postgresql://host/database`;"
                                    + " an embedded PostgreSQL is started when left out",
                    optional = true)
            @Nullable
            String url,

            @Setting(value = "role in that database; it owns its schema", defaultValue = "chaperone")
            String user,

            @Setting(value = "password of that role", optional = true) @Nullable
            Secret password,

            @Setting(
                    value = "directory of the embedded PostgreSQL's data; owned by one process",
                    defaultValue = "approvals")
            Path directory,

            @Setting(value = "most connections to the database", defaultValue = "8")
            int connections) {

        public Store {
            if (url != null && !url.startsWith("jdbc:postgresql:")) {
                throw new IllegalArgumentException("`url` is not that of a PostgreSQL; write `jdbc:postgresql://…`");
            }
            if (connections < 2 || connections > 200) {
                throw new IllegalArgumentException(
                        "`connections` is `" + connections + "`; it must lie between 2 and 200");
            }
        }

        /** An embedded one. */
        public static Store embedded(Path directory) {
            return new Store(null, "chaperone", null, directory, 8);
        }

        /** A database that is there. */
        public static Store at(String url, String user, Secret password) {
            return new Store(url, user, password, Path.of(""), 8);
        }
    }

    /**
     * Terms.
     *
     * @param approverGroups groups of which approvers must be where a policy names none
     * @param waits how long a request waits where a policy does not say
     * @param longestWait what no policy's wait exceeds
     * @param grant how long a grant may be used where a policy does not say
     * @param longestGrant what no policy's grant exceeds
     */
    public record Terms(
            @Setting(
                    value = "groups, of one of which approvers must be where a policy names none; without them such a"
                            + " request is refused",
                    defaultValue = "[]")
            List<String> approverGroups,

            @Setting(value = "how long a request waits where a policy does not say", defaultValue = "15m")
            Duration waits,

            @Setting(value = "how long a request waits at most, whatever a policy says", defaultValue = "24h")
            Duration longestWait,

            @Setting(value = "how long a grant may be used where a policy does not say", defaultValue = "15m")
            Duration grant,

            @Setting(value = "how long a grant may be used at most, whatever a policy says", defaultValue = "12h")
            Duration longestGrant) {

        /** What the defaults say. */
        public static final Terms DEFAULTS = new Terms(
                List.of(), Duration.ofMinutes(15), Duration.ofHours(24), Duration.ofMinutes(15), Duration.ofHours(12));

        public Terms {
            approverGroups = List.copyOf(approverGroups);
            positive("waits", waits);
            positive("longest-wait", longestWait);
            positive("grant", grant);
            positive("longest-grant", longestGrant);
        }
    }

    /**
     * Bounds.
     *
     * @param pending most approvals that wait
     * @param pendingPerPrincipal most of them of one human and agent
     * @param watchers most streams that follow approvals, of this process
     * @param calls most calls that wait for the database, of this process
     */
    public record Limits(
            @Setting(value = "most approvals that wait at a time", defaultValue = "10000")
            int pending,

            @Setting(value = "most of them that one human and agent may have waiting", defaultValue = "100")
            int pendingPerPrincipal,

            @Setting(value = "most streams that follow approvals in this process", defaultValue = "12000")
            int watchers,

            @Setting(value = "most calls of this process that wait for the database", defaultValue = "4096")
            int calls) {

        /** What the defaults say. */
        public static final Limits DEFAULTS = new Limits(10_000, 100, 12_000, 4_096);

        public Limits {
            if (pending < 1 || pendingPerPrincipal < 1 || watchers < 1 || calls < 1) {
                throw new IllegalArgumentException("every one of `limits` must be at least 1");
            }
        }
    }

    private static void positive(String key, Duration duration) {
        if (duration.isNegative() || duration.isZero()) {
            throw new IllegalArgumentException("`" + key + "` is `" + duration + "`; it must be longer than zero");
        }
    }
}
