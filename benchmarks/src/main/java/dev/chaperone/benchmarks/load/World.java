package dev.chaperone.benchmarks.load;

import dev.chaperone.enforcer.RecordingKeys;
import dev.chaperone.testkit.Backends;
import dev.chaperone.testkit.KafkaBackend;
import dev.chaperone.testkit.OidcBackend;
import dev.chaperone.testkit.PostgresBackend;
import dev.chaperone.testkit.TokenSpec;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * Everything a measurement needs, each in a process of its own: PostgreSQL, the decision point, one enforcer for each
 * durability, pgbouncer. The enforcers are started by the {@code chaperone} command from a configuration file, as anybody
 * would.
 */
final class World implements AutoCloseable {

    private static final String ROLE = "chaperone_bench";

    private final Path home;
    private final Path directory;
    private final String javaOptions;
    private final Deque<AutoCloseable> closing = new ArrayDeque<>();
    private final PostgresBackend postgres;
    private final OidcBackend oidc;
    private final String password = UUID.randomUUID().toString();
    private final int pdpPort = Child.freePort();
    private final int peoplePort = Child.freePort();
    private final boolean holding;
    private final String kafka;
    private final Child pdp;

    /** One whose policies hold nothing. */
    World(Path home, Path directory, boolean shipping, String javaOptions) {
        this(home, directory, shipping, javaOptions, false);
    }

    /**
     * Starts the database, the identity provider and the decision point.
     *
     * @param home the project's directory
     * @param directory for everything that is written, emptied by nobody
     * @param shipping true to start a Kafka broker too, so that records are shipped
     * @param javaOptions further options of the enforcers' JVMs, and of the decision point's where it keeps approvals
     * @param holding true to have the decision point keep approvals, in another database of the same server, and hold one table
     */
    World(Path home, Path directory, boolean shipping, String javaOptions, boolean holding) {
        this.home = home;
        this.directory = directory;
        this.javaOptions = javaOptions;
        this.holding = holding;
        try {
            Files.createDirectories(directory);
            postgres = closing(Backends.postgres());
            oidc = closing(Backends.oidc());
            kafka = shipping ? broker() : "127.0.0.1:1";
            fill();
            RecordingKeys.generate(directory.resolve("keys"));
            Files.writeString(
                    directory.resolve("pseudonym-key"), UUID.randomUUID().toString() + UUID.randomUUID());
            Files.writeString(directory.resolve("upstream-password"), password);
            Files.writeString(directory.resolve("catalog.yaml"), resource("catalog.yaml"));
            Files.writeString(directory.resolve("masked.sql"), resource("masked.sql"));
            Files.writeString(directory.resolve("plain.sql"), resource("plain.sql"));
            String decisions = resource("pdp.yaml")
                    .replace("${PORT}", String.valueOf(pdpPort))
                    .replace("${POLICIES}", holding ? "  policies: policies\n" : "");
            pdp = holding
                    ? serve("pdp", pdpPort, decisions + "\n" + approvals(), javaOptions)
                    : serve("pdp", pdpPort, decisions, "");
        } catch (IOException e) {
            close();
            throw new UncheckedIOException("`" + directory + "` cannot be written", e);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private String approvals() throws IOException {
        postgres.createDatabase("approvals");
        Files.writeString(directory.resolve("store-password"), postgres.superuserPassword());
        Files.writeString(
                Files.createDirectories(directory.resolve("policies")).resolve("held.drl"), resource("held.drl"));
        return resource("approvals.yaml")
                .replace("${PEOPLE}", String.valueOf(peoplePort))
                .replace("${ISSUER}", oidc.issuer().toString())
                .replace("${AUDIENCE}", oidc.audience())
                .replace("${STORE}", postgres.jdbcUrl("approvals"))
                .replace("${STORE_USER}", postgres.superuser());
    }

    private String broker() {
        KafkaBackend broker = closing(Backends.kafka());
        broker.createTopic("chaperone.audit", 1);
        return broker.bootstrapServers();
    }

    private void fill() {
        postgres.createDatabase(Endpoint.DATABASE);
        PgBench.initialise(
                new Endpoint("superuser", postgres.port(), postgres.superuser(), postgres.superuserPassword(), 0));
        postgres.createRole(ROLE, password);
        postgres.executeIn(Endpoint.DATABASE, resource("tables.sql"));
    }

    /** Makes the table of long rows hold one of that many bytes. */
    void fillLongRow(int bytes) {
        postgres.executeIn(
                Endpoint.DATABASE, "INSERT INTO long_rows SELECT decode(repeat('5a', " + bytes + "), 'hex')");
    }

    /** The database itself. */
    Endpoint direct() {
        return new Endpoint("direct", postgres.port(), ROLE, password, 0);
    }

    /** Debian's pgbouncer, pooling sessions. */
    Endpoint pgbouncer() {
        int port = Child.freePort();
        String user = System.getProperty("user.name");
        try {
            Path ini = Files.writeString(
                    directory.resolve("pgbouncer.ini"),
                    resource("pgbouncer.ini")
                            .replace("${UPSTREAM}", String.valueOf(postgres.port()))
                            .replace("${PASSWORD}", password)
                            .replace("${PORT}", String.valueOf(port)));
            List<String> command = user.equals("root")
                    ? List.of("pgbouncer", "-u", "nobody", ini.toString())
                    : List.of("pgbouncer", ini.toString());
            Child child = closing(Child.start("pgbouncer", directory, port, Map.of(), command));
            return new Endpoint("pgbouncer", port, ROLE, password, child.processId());
        } catch (IOException e) {
            throw new UncheckedIOException("pgbouncer's configuration cannot be written", e);
        }
    }

    /** The enforcer with a durability as configuration spells it, for an agent that must see masked data. */
    Endpoint enforcer(String durability) {
        int port = Child.freePort();
        int metrics = Child.freePort();
        String configuration = resource("enforcer.yaml")
                .replace("${METRICS}", String.valueOf(metrics))
                .replace("${PORT}", String.valueOf(port))
                .replace("${UPSTREAM}", String.valueOf(postgres.port()))
                .replace("${ROLE}", ROLE)
                .replace("${ISSUER}", oidc.issuer().toString())
                .replace("${AUDIENCE}", oidc.audience())
                .replace("${PDP}", String.valueOf(pdpPort))
                .replace("${APPROVALS}", String.valueOf(holding))
                .replace("${KAFKA}", kafka)
                .replace("${DURABILITY}", durability);
        Child child = serve(durability, port, configuration, javaOptions);
        String token = oidc.token(TokenSpec.of("dr.rivera").withAgent("load").withGroups("clinicians"));
        Endpoint endpoint = new Endpoint("chaperone, " + durability, port, "agent", token, child.processId(), metrics);
        awaitDecisions(endpoint);
        return endpoint;
    }

    /** A decision point that has just been started may take longer for its first answers than an enforcer waits. */
    private static void awaitDecisions(Endpoint endpoint) {
        long until = System.nanoTime() + Duration.ofMinutes(1).toNanos();
        while (true) {
            try (Connection connection = endpoint.connect();
                    Statement statement = connection.createStatement()) {
                statement.execute("SELECT id FROM plain WHERE id = 1");
                return;
            } catch (SQLException e) {
                if (System.nanoTime() > until) {
                    throw new IllegalStateException(endpoint.name() + " lets nobody read", e);
                }
            }
        }
    }

    /** Where enforcers reach the decision point. */
    int pdpPort() {
        return pdpPort;
    }

    /** The decision point's process. */
    long pdpProcessId() {
        return pdp.processId();
    }

    /** Where people decide. */
    int peoplePort() {
        return peoplePort;
    }

    /** The token of somebody who decides. */
    String officer() {
        return oidc.token(TokenSpec.of("olivia").withAuthorizedParty("desk").withGroups("officers"));
    }

    /** The token of somebody who treats patients: nothing is masked for her, and nothing searched. */
    String physician() {
        return oidc.token(TokenSpec.of("dr.rivera").withAuthorizedParty("desk").withGroups("treatment"));
    }

    /** A script of this harness, for {@code pgbench -f}. */
    List<String> script(String name) {
        return List.of("-f", directory.resolve(name).toString());
    }

    private Child serve(String name, int port, String configuration, String options) {
        try {
            Path file = Files.writeString(directory.resolve(name + ".yaml"), configuration);
            String part = name.equals("pdp") ? "pdp" : "postgres";
            return closing(Child.start(
                    name,
                    directory,
                    port,
                    Map.of("CHAPERONE_JAVA_OPTS", options),
                    List.of(home.resolve("chaperone").toString(), "serve", part, "--config", file.toString())));
        } catch (IOException e) {
            throw new UncheckedIOException("the configuration of " + name + " cannot be written", e);
        }
    }

    private static String resource(String name) {
        try (InputStream in = World.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("the resource `" + name + "` is missing from this build");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("the resource `" + name + "` cannot be read", e);
        }
    }

    private <T extends AutoCloseable> T closing(T started) {
        closing.push(started);
        return started;
    }

    @Override
    public void close() {
        for (AutoCloseable one : closing) {
            try {
                one.close();
            } catch (Exception e) {
                System.err.println("cannot be closed: " + e);
            }
        }
        closing.clear();
    }
}
