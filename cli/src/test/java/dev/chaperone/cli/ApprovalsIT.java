package dev.chaperone.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.approval.v1.ApprovalEvent;
import dev.chaperone.cli.config.ConfigBinder;
import dev.chaperone.testkit.TokenSpec;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
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
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.util.PSQLException;

/** What an agent's statement gets that a policy holds, and what people do about it with {@code chaperone approvals}. */
class ApprovalsIT {

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

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    static Path directory;

    private static TestingWorld world;
    private static ChaperoneConfig config;
    private static PdpPart pdp;
    private static PostgresPart enforcer;

    @BeforeAll
    static void start() throws Exception {
        world = TestingWorld.start();
        world.postgres().createDatabase("approvals");
        TestingSite site = TestingSite.in(directory.resolve("approvals"), world);
        site.configure(
                "\nmanagement:",
                "\n"
                        + APPROVALS
                                .replace("${ISSUER}", world.oidc().issuer().toString())
                                .replace("${AUDIENCE}", world.oidc().audience())
                                .replace("${KAFKA}", world.kafka().bootstrapServers())
                                .replace("${STORE}", world.postgres().jdbcUrl("approvals")));
        site.configure("      deadline: 5s", "      deadline: 5s\n    approvals: true");
        site.configure("packs: [baseline, hipaa]", "packs: [baseline, hipaa]\n  policies: policies");
        Files.writeString(
                Files.createDirectory(site.directory().resolve("policies")).resolve("own.drl"), POLICY);
        Map<String, String> environment = new HashMap<>(site.environment());
        environment.put("STORE_PASSWORD", world.postgres().superuserPassword());
        config = ConfigBinder.bind(
                ChaperoneConfig.class,
                site.directory().resolve("chaperone.yaml"),
                environment,
                Set.of("pdp", "approvals", "postgres", "management"));
        pdp = decisions();
        enforcer = PostgresPart.start(
                "clinic", Objects.requireNonNull(config.postgres().get("clinic")), new SimpleMeterRegistry());
    }

    private static PdpPart decisions() {
        return PdpPart.start(Objects.requireNonNull(config.pdp()), config.approvals(), new SimpleMeterRegistry());
    }

    @AfterAll
    static void stop() {
        try (Closing closing = new Closing()) {
            closing.add(world);
            closing.add(pdp);
            closing.add(enforcer);
        }
    }

    @Test
    void theConsoleIsServedToWhoSignsIn() throws Exception {
        URI console =
                Objects.requireNonNull(Objects.requireNonNull(pdp.approvals()).console());

        assertThat(get(console.resolve("/")).body()).contains("<title>Approvals");
        assertThat(get(console.resolve("/api/approvals")).statusCode()).isEqualTo(401);
        assertThat(get(console.resolve("/sign-in")).headers().firstValue("location"))
                .hasValueSatisfying(
                        to -> assertThat(to).startsWith(world.oidc().issuer().toString()));
    }

    private static HttpResponse<String> get(URI uri) throws Exception {
        return HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(uri)
                                .version(HttpClient.Version.HTTP_1_1)
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void whatIsApprovedRunsOnceAndIsAskedAboutAgainAfterwards() throws Exception {
        try (Connection agent = agent()) {
            String update = update(11, "(503) 555-0111");
            CompletableFuture<Integer> running = execute(agent, update);
            String id = held(update);
            assertThat(phone(11)).isNotEqualTo("(503) 555-0111");
            assertThat(officer().run(arguments("show", id))).isZero();

            TestingTerminal approving = officer();
            assertThat(approving.run(arguments("approve", id, "--because", "the patient asked")))
                    .as(approving.err())
                    .isZero();
            assertThat(approving.out()).contains("approved by olivia").contains("the patient asked");

            assertThat(running.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isEqualTo(1);
            assertThat(phone(11)).isEqualTo("(503) 555-0111");
            Await.until(() -> "CONSUMED".equals(state(id)), () -> state(id));

            awaitSteps(
                    id, "KIND_CREATED by nobody", "KIND_APPROVED by olivia", "KIND_CONSUMED by " + DemoWorld.SUBJECT);

            CompletableFuture<Integer> again = execute(agent, update);
            String another = held(update);
            assertThat(another).isNotEqualTo(id);
            assertThat(officer().run(arguments("deny", another, "--because", "once is enough")))
                    .isZero();
            assertThat(refusal(again)).contains("denied").contains("olivia: once is enough");
        }
    }

    @Test
    void whatIsDeniedDoesNotRun() throws Exception {
        try (Connection agent = agent()) {
            String update = update(12, "(503) 555-0112");
            CompletableFuture<Integer> running = execute(agent, update);
            String id = held(update);
            TestingTerminal requester = person(DemoWorld.SUBJECT, "privacy-officers");
            assertThat(requester.run(arguments("approve", id, "--because", "mine")))
                    .isEqualTo(1);
            assertThat(requester.err()).contains("nobody decides on a request of their own");
            TestingTerminal outsider = person("otto");
            assertThat(outsider.run(arguments("approve", id, "--because", "why not")))
                    .isEqualTo(1);
            assertThat(outsider.err()).contains("`privacy-officers`");

            assertThat(officer().run(arguments("deny", id, "--because", "no reason is given")))
                    .isZero();

            assertThat(refusal(running)).contains(id).contains("denied").contains("no reason is given");
            assertThat(phone(12)).isNotEqualTo("(503) 555-0112");
            // The session goes on.
            assertThat(count(agent, "SELECT icd10 FROM clinic.diagnoses WHERE diagnosis_id <= 2"))
                    .isEqualTo(2);
        }
    }

    @Test
    void whatNobodyDecidesOnLapses() throws Exception {
        try (Connection agent = agent()) {
            String update = update(13, "(503) 555-0113");
            CompletableFuture<Integer> running = execute(agent, update);
            String id = held(update);
            world.postgres()
                    .executeIn(
                            "approvals", "update approval set expires_at = clock_timestamp() where id = '" + id + "'");
            assertThat(refusal(running)).contains("nobody decided on").contains(id);
            assertThat(phone(13)).isNotEqualTo("(503) 555-0113");
            TestingTerminal late = officer();
            assertThat(late.run(arguments("approve", id, "--because", "late"))).isEqualTo(1);
            assertThat(late.err()).contains("expired");
        }
    }

    @Test
    void whoeverCancelsTakesTheRequestBack() throws Exception {
        try (Connection agent = agent();
                Statement statement = agent.createStatement()) {
            String update = update(14, "(503) 555-0114");
            CompletableFuture<Integer> running = background(() -> statement.executeUpdate(update));
            String id = held(update);
            statement.cancel();
            assertThat(refusal(running)).isNotEmpty();
            Await.until(() -> "CANCELLED".equals(state(id)), () -> state(id));
            assertThat(phone(14)).isNotEqualTo("(503) 555-0114");
        }
    }

    @Test
    void aHoldSurvivesARestartOfTheDecisionPoint() throws Exception {
        try (Connection agent = agent()) {
            String update = update(15, "(503) 555-0115");
            CompletableFuture<Integer> running = execute(agent, update);
            String id = held(update);
            pdp.close();
            assertThat(running).isNotDone();
            pdp = decisions();
            TestingTerminal approving = officer();
            assertThat(approving.run(arguments("approve", id, "--because", "still right")))
                    .as(approving.err())
                    .isZero();
            assertThat(running.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isEqualTo(1);
            assertThat(phone(15)).isEqualTo("(503) 555-0115");
        }
    }

    @Test
    void moreRowsThanALimitPauseAndGoOnWhenApproved() throws Exception {
        try (Connection agent = agent()) {
            String select = "SELECT name FROM clinic.departments ORDER BY name";
            CompletableFuture<Integer> running = background(() -> count(agent, select));
            String id = held(select);
            TestingTerminal shown = officer();
            assertThat(shown.run(arguments("show", id))).isZero();
            assertThat(shown.out()).contains("more than 2 rows");
            assertThat(officer().run(arguments("approve", id, "--because", "a census")))
                    .isZero();
            assertThat(running.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isEqualTo(6);
        }
    }

    /** Waits until Kafka has exactly these steps of an approval. */
    private static void awaitSteps(String id, String... steps) throws Exception {
        List<String> found = new ArrayList<>();
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", world.kafka().bootstrapServers()),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer())) {
            List<TopicPartition> topic = List.of(new TopicPartition("approvals.steps", 0));
            consumer.assign(topic);
            consumer.seekToBeginning(topic);
            Await.until(
                    () -> {
                        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
                            ApprovalEvent event = ApprovalEvent.parseFrom(record.value());
                            if (event.getApproval().getId().equals(id)) {
                                found.add(event.getKind() + " by "
                                        + (event.hasActor() ? event.getActor().getSubject() : "nobody"));
                            }
                        }
                        return found.size() >= steps.length;
                    },
                    () -> String.valueOf(found));
        }
        assertThat(found).containsExactly(steps);
    }

    private static String update(int patient, String phone) {
        return "UPDATE clinic.patients SET phone = '" + phone + "' WHERE patient_id = " + patient;
    }

    private static CompletableFuture<Integer> execute(Connection agent, String sql) {
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

    private static <T> CompletableFuture<T> background(Callable<T> work) {
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
    private static String held(String statement) throws Exception {
        String sql = statement.strip();
        List<String> found = new ArrayList<>();
        Await.until(
                () -> {
                    for (String[] row : rows("select id, '' from approval where state = 'PENDING'")) {
                        TestingTerminal shown = officer();
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

    private static String state(String id) {
        try {
            return rows("select state, '' from approval where id = '" + id + "'")
                    .get(0)[0];
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    private static List<String[]> rows(String sql) throws SQLException {
        try (Connection connection = world.postgres().connect("approvals");
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            List<String[]> all = new ArrayList<>();
            while (rows.next()) {
                all.add(new String[] {rows.getString(1), rows.getString(2)});
            }
            return all;
        }
    }

    private static String phone(int patient) throws SQLException {
        try (Connection connection = world.postgres().connect(DemoWorld.DATABASE);
                Statement statement = connection.createStatement();
                ResultSet rows =
                        statement.executeQuery("SELECT phone FROM clinic.patients WHERE patient_id = " + patient)) {
            assertThat(rows.next()).isTrue();
            return rows.getString(1);
        }
    }

    private static int count(Connection agent, String sql) throws SQLException {
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
    private static String refusal(CompletableFuture<?> running) throws Exception {
        try {
            running.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            throw new AssertionError("it ran");
        } catch (ExecutionException | CompletionException e) {
            assertThat(e.getCause()).isInstanceOf(PSQLException.class);
            return String.valueOf(e.getCause().getMessage());
        }
    }

    private static Connection agent() throws SQLException {
        return DriverManager.getConnection(
                "jdbc:postgresql://127.0.0.1:" + enforcer.port() + "/clinic?sslmode=disable",
                DemoWorld.SUBJECT,
                world.token());
    }

    private static TestingTerminal officer() {
        return person("olivia", "privacy-officers");
    }

    private static TestingTerminal person(String name, String... groups) {
        return new TestingTerminal(
                Map.of(
                        "CHAPERONE_TOKEN",
                        world.oidc()
                                .token(TokenSpec.of(name)
                                        .withAuthorizedParty("desk")
                                        .withGroups(groups)),
                        "CHAPERONE_APPROVALS",
                        "127.0.0.1:" + Objects.requireNonNull(pdp.approvals()).port()),
                directory);
    }

    private static String[] arguments(String command, String... more) {
        List<String> all = new ArrayList<>(List.of("approvals", command, "--plaintext"));
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }
}
