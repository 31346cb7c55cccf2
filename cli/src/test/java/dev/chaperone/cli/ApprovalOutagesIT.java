package dev.chaperone.cli;

import static dev.chaperone.cli.TestingHolds.PATIENCE;
import static dev.chaperone.cli.TestingHolds.arguments;
import static dev.chaperone.cli.TestingHolds.background;
import static dev.chaperone.cli.TestingHolds.execute;
import static dev.chaperone.cli.TestingHolds.refusal;
import static dev.chaperone.cli.TestingHolds.update;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.util.PSQLException;

/**
 * What a held statement becomes while the database of approvals cannot be reached by the decision point that the enforcer asks, and
 * between two decision points: it waits, or it is refused; it never runs without a grant, and with one it runs once.
 */
class ApprovalOutagesIT {

    @TempDir
    static Path directory;

    private static TestingRelay relay;
    private static TestingHolds holds;

    /** A decision point that reaches the database all the time. */
    private static PdpPart other;

    @BeforeAll
    static void start() throws Exception {
        TestingWorld world = TestingWorld.start();
        relay = new TestingRelay(world.postgres().port());
        String direct = world.postgres().jdbcUrl(TestingHolds.STORE);
        String relayed = direct.replace(":" + world.postgres().port() + "/", ":" + relay.port() + "/");
        holds = TestingHolds.start(world, directory.resolve("outages"), relayed, "", Map.of());
        other = holds.replica(direct);
    }

    @AfterAll
    static void stop() {
        try (Closing closing = new Closing()) {
            closing.add(relay);
            closing.add(holds);
        }
    }

    @AfterEach
    void mend() throws Exception {
        relay.mend();
        awaitDatabase();
    }

    private static void awaitDatabase() throws Exception {
        Await.until(
                () -> holds.officer().run(arguments("list")) == 0,
                () -> "the decision point does not reach its database again");
    }

    @Test
    void aHoldSurvivesThatTheDatabaseGoesAwayAndRunsOnceWhenItIsBack() throws Exception {
        try (Connection agent = holds.agent()) {
            String update = update(21, "(503) 555-0121");
            CompletableFuture<Integer> running = execute(agent, update);
            String id = holds.held(update);

            relay.cut();

            TestingTerminal early = holds.officer();
            assertThat(early.run(arguments("approve", id, "--because", "the patient asked")))
                    .isEqualTo(1);
            assertThat(early.err()).contains("the database of approvals does not answer; try again later");
            assertThat(running).isNotDone();
            assertThat(holds.phone(21)).isNotEqualTo("(503) 555-0121");

            relay.mend();
            Await.until(
                    () -> holds.officer().run(arguments("approve", id, "--because", "the patient asked")) == 0,
                    () -> "it cannot be approved yet");

            assertThat(running.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isEqualTo(1);
            assertThat(holds.phone(21)).isEqualTo("(503) 555-0121");
            assertThat(holds.state(id)).isEqualTo("CONSUMED");
        }
    }

    @Test
    void whatIsGrantedElsewhereMeanwhileRunsOnlyOnceTheGrantCanBeRedeemed() throws Exception {
        try (Connection agent = holds.agent()) {
            String update = update(22, "(503) 555-0122");
            CompletableFuture<Integer> running = execute(agent, update);
            String id = holds.held(update);
            relay.cut();

            assertThat(holds.person(other, "olivia", "privacy-officers")
                            .run(arguments("approve", id, "--because", "the patient asked")))
                    .isZero();

            assertThat(holds.state(id)).isEqualTo("APPROVED");
            assertThat(running).isNotDone();
            assertThat(holds.phone(22)).isNotEqualTo("(503) 555-0122");

            relay.mend();
            assertThat(running.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isEqualTo(1);
            assertThat(holds.phone(22)).isEqualTo("(503) 555-0122");
            assertThat(holds.state(id)).isEqualTo("CONSUMED");
        }
    }

    @Test
    void whatLapsesMeanwhileIsRefusedAndDoesNotRun() throws Exception {
        try (Connection agent = holds.agent()) {
            String update = update(23, "(503) 555-0123");
            CompletableFuture<Integer> running = execute(agent, update);
            String id = holds.held(update);
            relay.cut();
            holds.world()
                    .postgres()
                    .executeIn(
                            TestingHolds.STORE,
                            "update approval set expires_at = clock_timestamp() where id = '" + id + "'");
            Await.until(() -> "EXPIRED".equals(holds.state(id)), () -> holds.state(id));
            assertThat(running).isNotDone();

            relay.mend();

            assertThat(refusal(running)).contains("nobody decided on").contains(id);
            assertThat(holds.phone(23)).isNotEqualTo("(503) 555-0123");
        }
    }

    @Test
    void whatCannotBeAskedAboutIsRefusedAndTheSessionGoesOn() throws Exception {
        try (Connection agent = holds.agent();
                Statement statement = agent.createStatement()) {
            relay.cut();
            assertThatThrownBy(() -> statement.executeUpdate(update(24, "(503) 555-0124")))
                    .isInstanceOfSatisfying(
                            PSQLException.class,
                            e -> assertThat(e.getSQLState()).isEqualTo("42501"))
                    .hasMessageContaining("nobody could be asked for approval")
                    .hasMessageContaining("try again later");
            relay.mend();

            // Nothing of it is left behind: it is asked about anew.
            awaitDatabase();
            String update = update(24, "(503) 555-0124");
            CompletableFuture<Integer> running = background(() -> statement.executeUpdate(update));
            String id = holds.held(update);
            assertThat(holds.officer().run(arguments("deny", id, "--because", "not now")))
                    .isZero();
            assertThat(refusal(running)).contains("not now");
            assertThat(holds.phone(24)).isNotEqualTo("(503) 555-0124");
        }
    }

    @Test
    void whoDecidesAtTwoDecisionPointsAtOnceDecidesOnceAndItRunsOnce() throws Exception {
        try (Connection agent = holds.agent()) {
            String update = update(25, "(503) 555-0125");
            CompletableFuture<Integer> running = execute(agent, update);
            String id = holds.held(update);
            List<CompletableFuture<String>> deciding = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                PdpPart at = i % 2 == 0 ? holds.pdp() : other;
                String name = i < 4 ? "olivia" : "omar";
                deciding.add(background(() -> {
                    TestingTerminal one = holds.person(at, name, "privacy-officers");
                    return one.run(arguments("approve", id, "--because", "race")) == 0 ? "granted" : one.err();
                }));
            }
            List<String> answers = new ArrayList<>();
            for (CompletableFuture<String> one : deciding) {
                answers.add(one.get(PATIENCE.toSeconds(), TimeUnit.SECONDS));
            }

            assertThat(answers).filteredOn("granted"::equals).hasSize(1);
            assertThat(answers)
                    .filteredOn(answer -> !"granted".equals(answer))
                    .allSatisfy(answer -> assertThat(answer).contains("already; nothing is left to decide"));
            assertThat(running.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isEqualTo(1);
            assertThat(holds.rows("select uses::text, state from approval where id = '" + id + "'"))
                    .containsExactly(new String[] {"1", "CONSUMED"});
            assertThat(holds.rows("select approve::text, '' from approval_vote where approval_id = '" + id + "'"))
                    .hasSize(1);
        }
    }
}
