package dev.chaperone.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.cli.config.ConfigBinder;
import dev.chaperone.testkit.TokenSpec;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.postgresql.util.PSQLException;

/** An installation whose policies hold statements: agents who wait, and people who decide with {@code chaperone approvals}. */
final class HeldSite implements AutoCloseable {

    static final String WEBHOOK_KEY = "whsec_dGhlLWtleS10aGF0LW5vdGljZXMtYXJlLXNpZ25lZC13aXRo";

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** Sees every approval, and decides on none. */
    private static final String AUDITORS = "auditors";

    private static final String APPROVALS = """
            approvals:
              listen:
                port: 0
                plaintext: true
              identity:
                issuer: ${ISSUER}
                audiences: [${AUDIENCE}]
                claims:
                  human-clients: [desk]
              store:
                url: "${STORE}"
                user: postgres
                password: env:STORE_PASSWORD
              auditor-groups: [auditors]
              notices:
                webhooks:
                  everybody:
                    url: env:WEBHOOK
                    secret: env:WEBHOOK_KEY

            management:""";

    private final TestingWorld world;
    private final Path directory;
    private final PdpPart pdp;
    private final PostgresPart enforcer;

    private HeldSite(TestingWorld world, Path directory, PdpPart pdp, PostgresPart enforcer) {
        this.world = world;
        this.directory = directory;
        this.pdp = pdp;
        this.enforcer = enforcer;
    }

    /**
     * Starts everything.
     *
     * @param policy in force beside the built-in packs
     * @param zones lines of the enforcer's configuration
     * @param webhook where notices go
     */
    static HeldSite start(Path directory, String policy, String zones, String webhook) throws Exception {
        TestingWorld world = TestingWorld.start();
        try {
            world.postgres().createDatabase("approvals");
            TestingSite site = TestingSite.in(directory.resolve("held"), world);
            site.configure(
                    "\nmanagement:",
                    "\n"
                            + APPROVALS
                                    .replace("${ISSUER}", world.oidc().issuer().toString())
                                    .replace("${AUDIENCE}", world.oidc().audience())
                                    .replace("${STORE}", world.postgres().jdbcUrl("approvals")));
            site.configure("      deadline: 5s", "      deadline: 5s\n    approvals: true\n" + zones.indent(4));
            site.configure("packs: [baseline, hipaa]", "packs: [baseline, hipaa]\n  policies: policies");
            Files.writeString(
                    Files.createDirectory(site.directory().resolve("policies")).resolve("own.drl"), policy);
            Map<String, String> environment = new HashMap<>(site.environment());
            environment.put("STORE_PASSWORD", world.postgres().superuserPassword());
            environment.put("WEBHOOK", webhook);
            environment.put("WEBHOOK_KEY", WEBHOOK_KEY);
            ChaperoneConfig config = ConfigBinder.bind(
                    ChaperoneConfig.class,
                    site.directory().resolve("chaperone.yaml"),
                    environment,
                    Set.of("pdp", "approvals", "postgres", "management"));
            PdpPart pdp =
                    PdpPart.start(Objects.requireNonNull(config.pdp()), config.approvals(), new SimpleMeterRegistry());
            try {
                PostgresPart enforcer = PostgresPart.start(
                        "clinic", Objects.requireNonNull(config.postgres().get("clinic")), new SimpleMeterRegistry());
                return new HeldSite(world, directory, pdp, enforcer);
            } catch (RuntimeException e) {
                pdp.close();
                throw e;
            }
        } catch (Exception e) {
            world.close();
            throw e;
        }
    }

    @Override
    public void close() {
        try (Closing closing = new Closing()) {
            closing.add(world);
            closing.add(pdp);
            closing.add(enforcer);
        }
    }

    // ---- the agent -------------------------------------------------------------------------------------------------

    /** A session of the agent, from an address of this machine. */
    Connection agent(String address) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", DemoWorld.SUBJECT);
        properties.setProperty("password", world.token());
        properties.setProperty("sslmode", "disable");
        properties.setProperty("localSocketAddress", address);
        return DriverManager.getConnection(
                "jdbc:postgresql://127.0.0.1:" + enforcer.port() + "/" + DemoWorld.DATABASE, properties);
    }

    /**
     * What a query came to.
     *
     * @param rows how many there were
     * @param notices what the server said besides
     */
    record Came(int rows, String notices) {}

    /** Runs a query, and waits for it. */
    static Came run(Connection agent, String sql) throws SQLException {
        try (Statement statement = agent.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            int rows = 0;
            while (result.next()) {
                rows++;
            }
            List<String> notices = new ArrayList<>();
            for (SQLWarning notice = statement.getWarnings(); notice != null; notice = notice.getNextWarning()) {
                notices.add(notice.getMessage());
            }
            return new Came(rows, String.join("\n", notices));
        }
    }

    static <T> CompletableFuture<T> background(Callable<T> work) {
        CompletableFuture<T> result = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try {
                result.complete(work.call());
            } catch (Exception | AssertionError e) {
                result.completeExceptionally(e);
            }
        });
        thread.setDaemon(true);
        thread.start();
        return result;
    }

    static <T> T await(CompletableFuture<T> running) throws Exception {
        return running.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    /** The server's words to a statement that was refused. */
    static String refusal(CompletableFuture<?> running) throws Exception {
        try {
            await(running);
            throw new AssertionError("it ran");
        } catch (ExecutionException | CompletionException e) {
            assertThat(e.getCause()).isInstanceOf(PSQLException.class);
            return String.valueOf(e.getCause().getMessage());
        }
    }

    // ---- people ----------------------------------------------------------------------------------------------------

    /** Somebody in person, who is in a group. */
    Person person(String name, String group) {
        return new Person(name, group);
    }

    /** One person, and what they see. */
    final class Person {

        private final String name;
        private final String group;

        private Person(String name, String group) {
            this.name = name;
            this.group = group;
        }

        /** {@code chaperone approvals COMMAND}, which succeeds. */
        String does(String command, String... arguments) {
            TestingTerminal terminal = terminal();
            assertThat(terminal.run(all(command, arguments))).as(terminal.err()).isZero();
            return terminal.out();
        }

        /** {@code chaperone approvals COMMAND}, which fails. */
        String cannot(String command, String... arguments) {
            TestingTerminal terminal = terminal();
            assertThat(terminal.run(all(command, arguments))).as(terminal.out()).isEqualTo(1);
            return terminal.err();
        }

        private TestingTerminal terminal() {
            String token = world.oidc()
                    .token(TokenSpec.of(name).withAuthorizedParty("desk").withGroups(group));
            String server =
                    "127.0.0.1:" + Objects.requireNonNull(pdp.approvals()).port();
            return new TestingTerminal(Map.of("CHAPERONE_TOKEN", token, "CHAPERONE_APPROVALS", server), directory);
        }

        private static String[] all(String command, String... arguments) {
            List<String> all = new ArrayList<>(List.of("approvals", command, "--plaintext"));
            all.addAll(List.of(arguments));
            return all.toArray(String[]::new);
        }
    }

    /** What an approval looks like to somebody who sees all. */
    String shown(String id) {
        return person("aud", AUDITORS).does("show", id);
    }

    /** The id under which a statement waits. */
    String held(String statement) throws Exception {
        List<String> found = new ArrayList<>();
        Await.until(
                () -> {
                    for (String id : column("select id from approval where state = 'PENDING'")) {
                        if (shown(id).contains(statement)) {
                            found.add(id);
                            return true;
                        }
                    }
                    return false;
                },
                () -> "nothing is held");
        return found.get(0);
    }

    // ---- what the service keeps ------------------------------------------------------------------------------------

    String state(String id) throws SQLException {
        return column("select state from approval where id = '" + id + "'").get(0);
    }

    /** The time of an approval is over. */
    void lapse(String id) {
        world.postgres()
                .executeIn("approvals", "update approval set expires_at = clock_timestamp() where id = '" + id + "'");
    }

    private List<String> column(String sql) throws SQLException {
        try (Connection connection = world.postgres().connect("approvals");
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            List<String> all = new ArrayList<>();
            while (rows.next()) {
                all.add(rows.getString(1));
            }
            return all;
        }
    }
}
