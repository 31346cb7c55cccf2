package dev.chaperone.cli;

import static dev.chaperone.cli.TestingHolds.PATIENCE;
import static dev.chaperone.cli.TestingHolds.arguments;
import static dev.chaperone.cli.TestingHolds.background;
import static dev.chaperone.cli.TestingHolds.count;
import static dev.chaperone.cli.TestingHolds.execute;
import static dev.chaperone.cli.TestingHolds.refusal;
import static dev.chaperone.cli.TestingHolds.update;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.approval.v1.ApprovalEvent;
import dev.chaperone.cli.TestingReceivers.Received;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What an agent's statement gets that a policy holds, and what people do about it with {@code chaperone approvals}. */
class ApprovalsIT {

    private static final String NOTICES = """
              notices:
                webhooks:
                  desk:
                    url: env:DESK_HOOK
                    secret: env:DESK_SECRET
                    occasions: [created, denied]
                  chat:
                    url: env:CHAT_HOOK
                    format: slack
                  room:
                    url: env:ROOM_HOOK
                    format: teams
                mail:
                  officers:
                    host: 127.0.0.1
                    port: ${SMTP}
                    tls: none
                    from: chaperone@clinic.example
                    to: [olivia@clinic.example]
            """;

    @TempDir
    static Path directory;

    private static TestingReceivers receivers;
    private static TestingHolds holds;

    @BeforeAll
    static void start() throws Exception {
        receivers = TestingReceivers.start();
        TestingWorld world = TestingWorld.start();
        holds = TestingHolds.start(
                world,
                directory.resolve("approvals"),
                world.postgres().jdbcUrl(TestingHolds.STORE),
                NOTICES.replace("${SMTP}", String.valueOf(receivers.smtpPort())),
                receivers.secrets());
    }

    @AfterAll
    static void stop() {
        try (Closing closing = new Closing()) {
            closing.add(receivers);
            closing.add(holds);
        }
    }

    @Test
    void theConsoleIsServedToWhoSignsIn() throws Exception {
        URI console = Objects.requireNonNull(
                Objects.requireNonNull(holds.pdp().approvals()).console());

        assertThat(get(console.resolve("/")).body()).contains("<title>Approvals");
        assertThat(get(console.resolve("/api/approvals")).statusCode()).isEqualTo(401);
        assertThat(get(console.resolve("/sign-in")).headers().firstValue("location"))
                .hasValueSatisfying(to ->
                        assertThat(to).startsWith(holds.world().oidc().issuer().toString()));
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
        try (Connection agent = holds.agent()) {
            String update = update(11, "(503) 555-0111");
            CompletableFuture<Integer> running = execute(agent, update);
            String id = holds.held(update);
            assertThat(holds.phone(11)).isNotEqualTo("(503) 555-0111");
            assertThat(holds.officer().run(arguments("show", id))).isZero();

            TestingTerminal approving = holds.officer();
            assertThat(approving.run(arguments("approve", id, "--because", "the patient asked")))
                    .as(approving.err())
                    .isZero();
            assertThat(approving.out()).contains("approved by olivia").contains("the patient asked");

            assertThat(running.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isEqualTo(1);
            assertThat(holds.phone(11)).isEqualTo("(503) 555-0111");
            Await.until(() -> "CONSUMED".equals(holds.state(id)), () -> holds.state(id));

            awaitSteps(
                    id, "KIND_CREATED by nobody", "KIND_APPROVED by olivia", "KIND_CONSUMED by " + DemoWorld.SUBJECT);

            CompletableFuture<Integer> again = execute(agent, update);
            String another = holds.held(update);
            assertThat(another).isNotEqualTo(id);
            assertThat(holds.officer().run(arguments("deny", another, "--because", "once is enough")))
                    .isZero();
            assertThat(refusal(again)).contains("denied").contains("olivia: once is enough");
        }
    }

    @Test
    void whatIsDeniedDoesNotRun() throws Exception {
        try (Connection agent = holds.agent()) {
            String update = update(12, "(503) 555-0112");
            CompletableFuture<Integer> running = execute(agent, update);
            String id = holds.held(update);
            TestingTerminal requester = holds.person(DemoWorld.SUBJECT, "privacy-officers");
            assertThat(requester.run(arguments("approve", id, "--because", "mine")))
                    .isEqualTo(1);
            assertThat(requester.err()).contains("nobody decides on a request of their own");
            TestingTerminal outsider = holds.person("otto");
            assertThat(outsider.run(arguments("approve", id, "--because", "why not")))
                    .isEqualTo(1);
            assertThat(outsider.err()).contains("`privacy-officers`");

            assertThat(holds.officer().run(arguments("deny", id, "--because", "no reason is given")))
                    .isZero();

            assertThat(refusal(running)).contains(id).contains("denied").contains("no reason is given");
            assertThat(holds.phone(12)).isNotEqualTo("(503) 555-0112");
            // The session goes on.
            assertThat(count(agent, "SELECT icd10 FROM clinic.diagnoses WHERE diagnosis_id <= 2"))
                    .isEqualTo(2);
        }
    }

    @Test
    void whatNobodyDecidesOnLapses() throws Exception {
        try (Connection agent = holds.agent()) {
            String update = update(13, "(503) 555-0113");
            CompletableFuture<Integer> running = execute(agent, update);
            String id = holds.held(update);
            holds.world()
                    .postgres()
                    .executeIn(
                            TestingHolds.STORE,
                            "update approval set expires_at = clock_timestamp() where id = '" + id + "'");
            assertThat(refusal(running)).contains("nobody decided on").contains(id);
            assertThat(holds.phone(13)).isNotEqualTo("(503) 555-0113");
            TestingTerminal late = holds.officer();
            assertThat(late.run(arguments("approve", id, "--because", "late"))).isEqualTo(1);
            assertThat(late.err()).contains("expired");
        }
    }

    @Test
    void whoeverCancelsTakesTheRequestBack() throws Exception {
        try (Connection agent = holds.agent();
                Statement statement = agent.createStatement()) {
            String update = update(14, "(503) 555-0114");
            CompletableFuture<Integer> running = background(() -> statement.executeUpdate(update));
            String id = holds.held(update);
            statement.cancel();
            assertThat(refusal(running)).isNotEmpty();
            Await.until(() -> "CANCELLED".equals(holds.state(id)), () -> holds.state(id));
            assertThat(holds.phone(14)).isNotEqualTo("(503) 555-0114");
        }
    }

    @Test
    void aHoldSurvivesARestartOfTheDecisionPoint() throws Exception {
        try (Connection agent = holds.agent()) {
            String update = update(15, "(503) 555-0115");
            CompletableFuture<Integer> running = execute(agent, update);
            String id = holds.held(update);
            holds.pdp().close();
            assertThat(running).isNotDone();
            holds.startAgain();
            TestingTerminal approving = holds.officer();
            assertThat(approving.run(arguments("approve", id, "--because", "still right")))
                    .as(approving.err())
                    .isZero();
            assertThat(running.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isEqualTo(1);
            assertThat(holds.phone(15)).isEqualTo("(503) 555-0115");
        }
    }

    @Test
    void moreRowsThanALimitPauseAndGoOnWhenApproved() throws Exception {
        try (Connection agent = holds.agent()) {
            String select = "SELECT name FROM clinic.departments ORDER BY name";
            CompletableFuture<Integer> running = background(() -> count(agent, select));
            String id = holds.held(select);
            TestingTerminal shown = holds.officer();
            assertThat(shown.run(arguments("show", id))).isZero();
            assertThat(shown.out()).contains("more than 2 rows");
            assertThat(holds.officer().run(arguments("approve", id, "--because", "a census")))
                    .isZero();
            assertThat(running.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isEqualTo(6);
        }
    }

    @Test
    void everybodyWhoIsToBeToldIsToldWithoutWhatWasAskedOrWritten() throws Exception {
        try (Connection agent = holds.agent()) {
            receivers.refuseFirst("desk");
            String update = update(16, "(503) 555-0116");
            CompletableFuture<Integer> running = execute(agent, update);
            String id = holds.held(update);
            assertThat(holds.officer().run(arguments("deny", id, "--because", "a word that stays in the house")))
                    .isZero();
            assertThat(refusal(running)).contains("a word that stays in the house");

            // The one that failed at first was told again, and told the two apart from others' by their signature.
            Received created = receivers.await("desk", id, "approval.created");
            Received denied = receivers.await("desk", id, "approval.denied");
            assertThat(receivers.refused("desk")).contains(created.header("webhook-id"));
            assertThat(List.of(created, denied))
                    .allSatisfy(received -> assertThat(received.signed()).isTrue());
            Received chat = receivers.await("chat", id, "header");
            Received room = receivers.await("room", id, "AdaptiveCard");
            String mail = receivers.awaitMail(id);

            assertThat(List.of(created.body(), denied.body(), chat.body(), room.body(), mail))
                    .allSatisfy(told -> assertThat(told)
                            .contains("https://approvals.example/" + id)
                            .contains(DemoWorld.SUBJECT)
                            .contains("clinic.patients")
                            .doesNotContain("555-0116")
                            .doesNotContain("UPDATE")
                            .doesNotContain("stays in the house"));
        }
    }

    /** Waits until Kafka has exactly these steps of an approval. */
    private static void awaitSteps(String id, String... steps) throws Exception {
        List<String> found = new ArrayList<>();
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", holds.world().kafka().bootstrapServers()),
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
}
