package dev.chaperone.postgres;

import dev.chaperone.enforcer.Zones;
import dev.chaperone.postgres.analysis.FunctionChoice;
import dev.chaperone.proto.ByteSize;
import dev.chaperone.proto.Secret;
import dev.chaperone.proto.Setting;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What one PostgreSQL enforcer needs to know: where it listens, the upstream databases it guards, and its bounds.
 *
 * @param listen the hop towards the clients
 * @param upstreams the guarded databases, by what policies and records call them
 * @param zones networks of clients, by what policies call them
 * @param bounds how much of anything is taken in
 */
public record PostgresConfig(
        @Setting("the hop towards the clients") Listen listen,

        @Setting("the databases that are guarded, by what policies, catalog and records call them")
        Map<String, Upstream> upstreams,

        @Setting(
                value =
                        "networks of clients, by what policies call them (`destinationZone`); a client that is in none of"
                                + " them has the zone `\"\"`",
                defaultValue = "{}")
        Map<String, Zones.Zone> zones,

        @Setting("how much of anything is taken in") Bounds bounds) {

    private static final Pattern UPSTREAM_NAME = Pattern.compile("[a-z0-9][a-z0-9_-]{0,62}");

    private static final Pattern PREDEFINED_ROLE = Pattern.compile("pg_[a-z_]{1,60}");

    /** The same without zones. */
    public PostgresConfig(Listen listen, Map<String, Upstream> upstreams, Bounds bounds) {
        this(listen, upstreams, Map.of(), bounds);
    }

    public PostgresConfig {
        zones = Map.copyOf(zones);
        new Zones(zones);
        upstreams = Collections.unmodifiableMap(new LinkedHashMap<>(upstreams));
        if (upstreams.isEmpty()) {
            throw new IllegalArgumentException("no database to guard; name at least one below `upstreams`");
        }
        for (String name : upstreams.keySet()) {
            if (!UPSTREAM_NAME.matcher(name).matches()) {
                throw new IllegalArgumentException("the upstream's name `" + name
                        + "` cannot be used; write lower-case letters, digits, hyphens and underscores, at most 63");
            }
        }
    }

    /**
     * The hop towards the clients.
     *
     * @param host address to listen on; empty where only a Unix socket shall be
     * @param port TCP port, and the number in the Unix socket's name; 0 takes a free one
     * @param requireTls refuse clients without TLS unless they connect from this machine itself
     * @param tls certificate and key of the gateway; without it TLS is not offered
     * @param unix a Unix socket to listen on, too
     */
    public record Listen(
            @Setting(value = "address to listen on; `''` listens on the Unix socket only", defaultValue = "127.0.0.1")
            String host,

            @Setting(
                    value = "TCP port to listen on, and number in the Unix socket's name; 0 takes a free one",
                    defaultValue = "6432")
            int port,

            @Setting(
                    value = "refuse clients without TLS, except those that connect over this machine's loopback",
                    defaultValue = "true")
            boolean requireTls,

            @Setting(value = "certificate and key shown to clients; without it TLS is not offered", optional = true)
            @Nullable
            ServerTls tls,

            @Setting(value = "Unix socket to listen on; none when left out", optional = true) @Nullable
            UnixSocket unix) {

        public Listen {
            requirePort(port, 0);
            if (host.isBlank() && unix == null) {
                throw new IllegalArgumentException("nothing to listen on; give `host` or `unix`");
            }
            if (host.isBlank() && port == 0) {
                throw new IllegalArgumentException(
                        "`port` is `0`; without `host` it is the number in the Unix socket's name");
            }
        }

        /** True when a TCP port is listened on. */
        public boolean tcp() {
            return !host.isBlank();
        }
    }

    /**
     * A Unix socket: {@code .s.PGSQL.<port>} in a directory, which clients give as host.
     *
     * @param directory where it is
     * @param mode who may connect, as in chmod
     */
    public record UnixSocket(
            @Setting("directory of the socket, which clients give as their host: `psql -h DIRECTORY`")
            Path directory,

            @Setting(
                    value = "who may connect, as in chmod: the file's owner is this process's user",
                    defaultValue = "0770")
            String mode) {

        private static final Pattern OCTAL = Pattern.compile("0?[0-7]{3}");

        public UnixSocket {
            if (!OCTAL.matcher(mode).matches()) {
                throw new IllegalArgumentException(
                        "`mode` is `" + mode + "`; expected three octal digits such as `0770`");
            }
        }

        Set<PosixFilePermission> permissions() {
            int bits = Integer.parseInt(mode, 8);
            StringBuilder text = new StringBuilder();
            for (int bit = 8; bit >= 0; bit--) {
                text.append((bits >> bit & 1) == 0 ? '-' : "xwr".charAt(bit % 3));
            }
            return PosixFilePermissions.fromString(text.toString());
        }
    }

    /**
     * What the gateway shows to its clients.
     *
     * @param certificate certificate chain, PEM, the gateway's own first
     * @param key its private key, PEM, PKCS#8, not encrypted
     */
    public record ServerTls(
            @Setting("certificate chain in PEM, the gateway's own certificate first")
            Path certificate,

            @Setting("private key in PEM (PKCS#8, not encrypted)")
            Path key) {}

    /**
     * A guarded database.
     *
     * @param host its address, or the directory of its Unix socket
     * @param port its TCP port, or the number in its Unix socket's name
     * @param database the database on that server
     * @param user the role that the enforcer logs in with: an ordinary one with the least rights that suffice
     * @param password that role's password, for SCRAM-SHA-256; null only together with {@code allowTrust}
     * @param tls how the hop is protected
     * @param ca certificates that the server's certificate must lead to, PEM; null takes the platform's
     * @param allowTrust accept a server that lets the role in without proof
     * @param role what that role may do beyond reading and writing what it was granted
     * @param functions which functions may be called
     */
    public record Upstream(
            @Setting("host name or address of the database server, or the directory of its Unix socket")
            String host,

            @Setting(value = "TCP port of the database server", defaultValue = "5432")
            int port,

            @Setting("database on that server") String database,

            @Setting("role to log in with: an ordinary one with the least rights that suffice")
            String user,

            @Setting(value = "password of that role, for SCRAM-SHA-256", optional = true) @Nullable
            Secret password,

            @Setting(
                    value = "protection of the hop: disable, require (encrypted, any certificate) or verify-full",
                    defaultValue = "verify-full")
            TlsMode tls,

            @Setting(value = "certificates in PEM that the server's certificate must lead to", optional = true)
            @Nullable
            Path ca,

            @Setting(value = "accept a server that lets the role in without proof", defaultValue = "false")
            boolean allowTrust,

            @Setting("what that role may do beyond reading and writing what it was granted")
            Role role,

            @Setting("which functions may be called") Functions functions) {

        public Upstream {
            requirePort(port, 1);
            if (host.isBlank() || database.isBlank() || user.isBlank()) {
                throw new IllegalArgumentException("the upstream's host, database and user must not be empty");
            }
            if (host.startsWith("/") && tls != TlsMode.DISABLE) {
                throw new IllegalArgumentException(
                        "a Unix socket has no TLS and needs none; set `tls: disable` for the upstream at `" + host
                                + "`");
            }
            if (password == null && !allowTrust) {
                throw new IllegalArgumentException(
                        "no password; set `password`, or `allow-trust: true` where the server asks for none");
            }
        }
    }

    /**
     * What the enforcer's role may do beyond reading and writing what it was granted. See {@code docs/upstream-role.md}.
     *
     * @param allow what is accepted, by name
     */
    public record Role(
            @Setting(
                    value =
                            "what the role may do beyond an enforcer's needs, by the names that the refusal at start gives,"
                                    + " such as `createrole` or `create-on-schema:public`; every session's record lists it",
                    defaultValue = "[]")
            List<String> allow) {

        /** A role that does no more than an enforcer needs. */
        public static final Role ORDINARY = new Role(List.of());

        public Role {
            allow = List.copyOf(allow);
            for (String entry : allow) {
                String kind = entry.indexOf(':') < 0 ? entry : entry.substring(0, entry.indexOf(':'));
                if (!RoleExcesses.KINDS.contains(kind)
                        && !PREDEFINED_ROLE.matcher(entry).matches()) {
                    throw new IllegalArgumentException("`allow` has `" + entry
                            + "`; expected the name of one of the server's predefined roles or one of "
                            + String.join(", ", new TreeSet<>(RoleExcesses.KINDS))
                            + ", alone or with `:` and what it is about");
                }
            }
        }
    }

    /**
     * Single functions that are treated otherwise than the built-in list does. See {@code docs/postgres-functions.md}.
     *
     * @param allow functions that may be called
     * @param refuse functions that may not
     */
    public record Functions(
            @Setting(
                    value = "functions that may be called as if they did nothing but compute from their arguments:"
                            + " `schema.name(type, type)` or `schema.name`",
                    defaultValue = "[]")
            List<String> allow,

            @Setting(
                    value = "functions that are taken off the list of those that may be called, written likewise",
                    defaultValue = "[]")
            List<String> refuse) {

        /** The list as it is. */
        public static final Functions LISTED = new Functions(List.of(), List.of());

        public Functions {
            FunctionChoice choice = new FunctionChoice(allow, refuse);
            allow = choice.allow();
            refuse = choice.refuse();
        }

        FunctionChoice choice() {
            return new FunctionChoice(allow, refuse);
        }
    }

    /** How the hop towards the database is protected. */
    public enum TlsMode {
        /** Not encrypted. */
        DISABLE,
        /** Encrypted, towards whoever answers. */
        REQUIRE,
        /** Encrypted, towards the host whose certificate says so. */
        VERIFY_FULL
    }

    /**
     * How much of anything is taken in.
     *
     * @param startupPacket longest startup packet
     * @param clientMessage longest message of a client
     * @param serverMessage longest message of the database
     * @param pendingMessages client messages that may wait in a session before its client is no longer read
     * @param preparedStatements prepared statements, and as many portals, that a session may hold
     * @param sessions client sessions at a time
     * @param authenticationTimeout longest time from accepting a connection to its authentication
     * @param connectTimeout longest time for reaching and entering the database
     * @param idleTimeout longest time without a request before a session is ended; zero for ever
     * @param drain longest time that running requests get when the enforcer stops
     */
    public record Bounds(
            @Setting(value = "longest startup packet", defaultValue = "10KiB")
            ByteSize startupPacket,

            @Setting(value = "longest message of a client", defaultValue = "64MiB")
            ByteSize clientMessage,

            @Setting(value = "longest message of the database", defaultValue = "64MiB")
            ByteSize serverMessage,

            @Setting(
                    value = "messages that wait in a session before its client is no longer read",
                    defaultValue = "256")
            int pendingMessages,

            @Setting(value = "prepared statements, and as many portals, of one session", defaultValue = "1000")
            int preparedStatements,

            @Setting(value = "client sessions at a time", defaultValue = "1000")
            int sessions,

            @Setting(value = "longest time from accepting a connection to its authentication", defaultValue = "10s")
            Duration authenticationTimeout,

            @Setting(value = "longest time for reaching and entering the database", defaultValue = "10s")
            Duration connectTimeout,

            @Setting(
                    value = "longest time without a request before a session is ended, 0 for ever",
                    defaultValue = "1h")
            Duration idleTimeout,

            @Setting(value = "longest time that running requests get when the enforcer stops", defaultValue = "30s")
            Duration drain) {

        public Bounds {
            if (startupPacket.bytes() < 64 || startupPacket.bytes() > 1 << 20) {
                throw new IllegalArgumentException("`startup-packet` is `" + startupPacket + "`; expected 64B to 1MiB");
            }
            if (clientMessage.bytes() < 32 << 10 || clientMessage.bytes() > 1 << 30) {
                throw new IllegalArgumentException(
                        "`client-message` is `" + clientMessage + "`; expected 32KiB to 1GiB");
            }
            if (serverMessage.bytes() < 1 << 20 || serverMessage.bytes() > 1 << 30) {
                throw new IllegalArgumentException(
                        "`server-message` is `" + serverMessage + "`; expected 1MiB to 1GiB");
            }
            if (pendingMessages < 1 || preparedStatements < 1 || sessions < 1) {
                throw new IllegalArgumentException(
                        "`pending-messages`, `prepared-statements` and `sessions` must be at least 1");
            }
            if (authenticationTimeout.toMillis() <= 0 || connectTimeout.toMillis() <= 0) {
                throw new IllegalArgumentException(
                        "`authentication-timeout` and `connect-timeout` must be longer than zero");
            }
            if (idleTimeout.isNegative() || drain.isNegative()) {
                throw new IllegalArgumentException("`idle-timeout` and `drain` must not be negative");
            }
        }

        /** The defaults, for callers that build a configuration in code. */
        public static Bounds defaults() {
            return new Bounds(
                    ByteSize.parse("10KiB"),
                    ByteSize.parse("64MiB"),
                    ByteSize.parse("64MiB"),
                    256,
                    1000,
                    1000,
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(10),
                    Duration.ofHours(1),
                    Duration.ofSeconds(30));
        }
    }

    private static void requirePort(int port, int least) {
        if (port < least || port > 65_535) {
            throw new IllegalArgumentException(
                    "port `" + port + "` is not a TCP port; expected " + least + " to 65535");
        }
    }
}
