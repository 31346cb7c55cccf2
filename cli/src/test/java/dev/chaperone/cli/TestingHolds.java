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
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.postgresql.util.PSQLException;

/** A clinic whose policies hold things: real parts throughout, agents that ask, and people who decide at the command line. */
final class TestingHolds implements AutoCloseable {

    static final Duration PATIENCE = Duration.ofSeconds(60);

    /** Sees every approval, where {@code auditor-groups} says so. */
    static final String AUDITORS = "auditors";

    /** The database of approvals. */
    static final String STORE = "approvals";

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
              console:
                listen:
                  port: 0
                  plaintext: true
                sign-in:
                  issuer: ${ISSUER}
                  client-id: console
                roles:
                  approvers: [privacy-officers]
              store:
                url: "${STORE}"
                user: postgres
                password: env:STORE_PASSWORD
              terms:
                approver-groups: [privacy-officers]
              url: https://approvals.example/
              kafka:
                bootstrap-servers: ${KAFKA}
                topic: approvals.steps
            ${MORE}
            management:""";

    /** More than two departments at a time take an approval. */
    private static final String POLICY = """
            package site
            rule "many departments"
                @reason("that many departments take an approval")
            when
                Table( name == "departments" )
            then
                verdict.limitRows(2);
            end
            """;

    private final TestingWorld world;
    private final TestingSite site;
    private final Map<String, String> environment;
    private final ChaperoneConfig config;
    private final Closing closing = new Closing();
    private PdpPart pdp;
    private PostgresPart enforcer;

    private TestingHolds(TestingWorld world, TestingSite site, Map<String, String> environment) {
        this.world = closing.add(world);
        this.site = site;
        this.environment = environment;
        this.config = bind();
        this.pdp = decisions(config);
        closing.add(() -> pdp.close());
        this.enforcer = PostgresPart.start(
                "clinic", Objects.requireNonNull(config.postgres().get("clinic")), new SimpleMeterRegistry());
        closing.add(() -> enforcer.close());
    }

    /**
     * Starts everything.
     *
     * @param store JDBC URL of the database of approvals
     * @param more keys of the section {@code approvals}, as they are written there
     * @param secrets what those refer to
     */
    static TestingHolds start(
            TestingWorld world, Path directory, String store, String more, Map<String, String> secrets)
            throws Exception {
        return start(world, directory, store, more, secrets, POLICY, "");
    }

    /**
     * Starts everything.
     *
     * @param policy in force beside the built-in packs
     * @param enforcer more keys of the enforcer's section
     */
    static TestingHolds start(
            TestingWorld world,
            Path directory,
            String store,
            String more,
            Map<String, String> secrets,
            String policy,
            String enforcer)
            throws Exception {
        world.postgres().createDatabase(STORE);
        TestingSite site = TestingSite.in(directory, world);
        site.configure(
                "\nmanagement:",
                "\n"
                        + APPROVALS
                                .replace("${ISSUER}", world.oidc().issuer().toString())
                                .replace("${AUDIENCE}", world.oidc().audience())
                                .replace("${KAFKA}", world.kafka().bootstrapServers())
                                .replace("${STORE}", store)
                                .replace("${MORE}", more));
        site.configure("      deadline: 5s", "      deadline: 5s\n    approvals: true\n" + enforcer);
        site.configure("packs: [baseline, hipaa]", "packs: [baseline, hipaa]\n  policies: policies");
        Files.writeString(
                Files.createDirectory(site.directory().resolve("policies")).resolve("own.drl"), policy);
        Map<String, String> environment = new HashMap<>(site.environment());
        environment.put("STORE_PASSWORD", world.postgres().superuserPassword());
        environment.putAll(secrets);
        return new TestingHolds(world, site, environment);
    }

    private ChaperoneConfig bind() {
        return ConfigBinder.bind(
                ChaperoneConfig.class,
                site.directory().resolve("chaperone.yaml"),
                environment,
                Set.of("pdp", "approvals", "postgres", "management"));
    }

    private static PdpPart decisions(ChaperoneConfig config) {
        return PdpPart.start(Objects.requireNonNull(config.pdp()), config.approvals(), new SimpleMeterRegistry());
    }

    TestingWorld world() {
        return world;
    }

    /** Starts a sink; where its ledger is. */
    Path ledger() {
        ChaperoneConfig own = ConfigBinder.bind(
                ChaperoneConfig.class,
                site.directory().resolve("chaperone.yaml"),
                environment,
                Set.of("sink", "management"));
        closing.add(SinkPart.start(Objects.requireNonNull(own.sink()), new SimpleMeterRegistry()));
        return site.ledger();
    }

    /** The decision point that the enforcer asks. */
    PdpPart pdp() {
        return pdp;
    }

    /** Starts it again. */
    void startAgain() {
        pdp = decisions(config);
    }

    /** Another decision point on the same approvals, which it reaches by itself; closed with this. */
    PdpPart replica(String store) throws Exception {
        String own = Objects.requireNonNull(
                Objects.requireNonNull(config.approvals()).store().url());
        site.configure(own, store);
        site.configure(
                "    port: " + Objects.requireNonNull(config.pdp()).listen().port() + "\n", "    port: 0\n");
        return closing.add(decisions(bind()));
    }

    @Override
    public void close() {
        closing.close();
    }

    static String update(int patient, String phone) {
        return "UPDATE clinic.patients SET phone = '" + phone + "' WHERE patient_id = " + patient;
    }

    static CompletableFuture<Integer> execute(Connection agent, String sql) {
        return background(() -> {
            try (Statement statement = agent.createStatement()) {
                int rows = statement.executeUpdate(sql);
                List<String> notices = new ArrayList<>();
                for (SQLWarning notice = statement.getWarnings(); notice != null; notice = notice.getNextWarning()) {
                    notices.add(notice.getMessage());
                }
                assertThat(String.join("\n", notices)).contains("held for approval");
                return rows;
            }
        });
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

    /** The id under which a statement waits. */
    String held(String statement) throws Exception {
        String sql = statement.strip();
        List<String> found = new ArrayList<>();
        Await.until(
                () -> {
                    for (String[] row : rows("select id, '' from approval where state = 'PENDING'")) {
                        TestingTerminal shown = person("aud", "privacy-officers", AUDITORS);
                        if (shown.run(arguments("show", row[0])) == 0
                                && shown.out().contains(sql)) {
                            found.add(row[0]);
                            return true;
                        }
                    }
                    return false;
                },
                () -> "nothing is held");
        return found.get(0);
    }

    String state(String id) {
        try {
            return rows("select state, '' from approval where id = '" + id + "'")
                    .get(0)[0];
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    List<String[]> rows(String sql) throws SQLException {
        try (Connection connection = world.postgres().connect(STORE);
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            List<String[]> all = new ArrayList<>();
            while (rows.next()) {
                all.add(new String[] {rows.getString(1), rows.getString(2)});
            }
            return all;
        }
    }

    String phone(int patient) throws SQLException {
        try (Connection connection = world.postgres().connect(DemoWorld.DATABASE);
                Statement statement = connection.createStatement();
                ResultSet rows =
                        statement.executeQuery("SELECT phone FROM clinic.patients WHERE patient_id = " + patient)) {
            assertThat(rows.next()).isTrue();
            return rows.getString(1);
        }
    }

    static int count(Connection agent, String sql) throws SQLException {
        try (Statement statement = agent.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            int count = 0;
            while (rows.next()) {
                count++;
            }
            return count;
        }
    }

    /** The server's words to a statement that was refused. */
    static String refusal(CompletableFuture<?> running) throws Exception {
        try {
            running.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            throw new AssertionError("it ran");
        } catch (ExecutionException | CompletionException e) {
            assertThat(e.getCause()).isInstanceOf(PSQLException.class);
            return String.valueOf(e.getCause().getMessage());
        }
    }

    Connection agent() throws SQLException {
        return agent("127.0.0.1");
    }

    /** A session from another address of this machine. */
    Connection agent(String address) throws SQLException {
        return DriverManager.getConnection(
                "jdbc:postgresql://127.0.0.1:" + enforcer.port() + "/clinic?sslmode=disable&localSocketAddress="
                        + address,
                DemoWorld.SUBJECT,
                world.token());
    }

    TestingTerminal officer() {
        return person("olivia", "privacy-officers");
    }

    TestingTerminal person(String name, String... groups) {
        return person(pdp, name, groups);
    }

    /** Somebody who decides at a replica. */
    TestingTerminal person(PdpPart at, String name, String... groups) {
        return new TestingTerminal(
                Map.of(
                        "CHAPERONE_TOKEN",
                        world.oidc()
                                .token(TokenSpec.of(name)
                                        .withAuthorizedParty("desk")
                                        .withGroups(groups)),
                        "CHAPERONE_APPROVALS",
                        "127.0.0.1:" + port(at)),
                site.directory());
    }

    private static int port(PdpPart at) {
        return Objects.requireNonNull(at.approvals()).port();
    }

    static String[] arguments(String command, String... more) {
        List<String> all = new ArrayList<>(List.of("approvals", command, "--plaintext"));
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }
}
