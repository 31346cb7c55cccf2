package dev.chaperone.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.util.PSQLException;

/** What an agent is told, and what the log says, while something that Chaperone needs is gone or wrong; and afterwards. */
class OutageIT {

    private static final String MASKED = "SELECT ssn FROM clinic.patients WHERE patient_id = 7";
    private static final String DEPARTMENTS = "SELECT count(*) FROM clinic.departments";
    private static final String POLICY = """
            package site
            rule "departments are closed"
                @reason("departments are closed")
            when
                Table( name == "departments" )
            then
                verdict.deny();
            end
            """;

    @TempDir
    static Path directory;

    private static TestingWorld world;

    @BeforeAll
    static void start() {
        world = TestingWorld.start();
    }

    @AfterAll
    static void stop() {
        world.close();
    }

    @Test
    void aPolicyThatDoesNotCompileChangesNothingForTheAgent() throws Exception {
        TestingSite site = TestingSite.in(directory.resolve("policy"), world);
        site.configure("packs: [baseline, hipaa]", "packs: [baseline, hipaa]\n  policies: policies");
        Path policy =
                Files.createDirectory(site.directory().resolve("policies")).resolve("own.drl");
        Files.writeString(policy, POLICY);
        try (ChaperoneProcess all = site.up().ready()) {
            try (Connection agent = connect(all)) {
                assertThatThrownBy(() -> read(agent, DEPARTMENTS)).hasMessageContaining("departments are closed");

                Files.writeString(policy, POLICY.replace("name ==", "nmae =="));
                all.await("own.drl:5");

                assertThat(all.output()).contains("nmae");
                assertThatThrownBy(() -> read(agent, DEPARTMENTS))
                        .isInstanceOfSatisfying(
                                PSQLException.class,
                                e -> assertThat(e.getSQLState()).isEqualTo("42501"))
                        .hasMessageContaining("departments are closed");
                assertThat(read(agent, MASKED)).isEqualTo("[redacted]");

                Files.writeString(policy, POLICY.replace("\"departments\"", "\"wards\""));
                Await.until(() -> readable(agent, DEPARTMENTS), all::output);
            }
            assertNoSecrets(all);
        }
    }

    @Test
    void withoutADecisionPointTheAgentGetsNothingAndAfterwardsGoesOn() throws Exception {
        TestingSite site = TestingSite.in(directory.resolve("pdp"), world);
        ChaperoneProcess pdp = site.serve("pdp").ready();
        try (ChaperoneProcess enforcer = site.serve("postgres").ready();
                Connection agent = connect(enforcer)) {
            assertThat(read(agent, MASKED)).isEqualTo("[redacted]");

            pdp.kill();
            pdp.exit();

            // Until the enforcer has noticed, decisions that it knows are still good.
            Await.until(() -> !readable(agent, MASKED), enforcer::output);
            assertThatThrownBy(() -> read(agent, MASKED))
                    .isInstanceOfSatisfying(
                            PSQLException.class,
                            e -> assertThat(e.getSQLState()).isEqualTo("58000"))
                    .hasMessageContaining("decision point");
            assertThatThrownBy(() -> connect(enforcer))
                    .isInstanceOfSatisfying(
                            PSQLException.class,
                            e -> assertThat(e.getSQLState()).isEqualTo("58000"));
            assertThat(TestingSite.health(enforcer)).startsWith("503 ").contains("the decision point does not answer");

            pdp = site.serve("pdp").ready();
            Await.until(() -> readable(agent, MASKED), enforcer::output);
            assertNoSecrets(enforcer);
        } finally {
            pdp.close();
        }
    }

    @Test
    void aKafkaThatIsAwayIsMadeUpForUntilTheSpoolIsFull() throws Exception {
        TestingSite site = TestingSite.in(directory.resolve("kafka"), world);
        site.configure(
                "spool-directory: spool", "spool-directory: spool\n      segment-size: 64KiB\n      max-spool: 256KiB");
        try (Processes beside = site.besideTheEnforcer()) {
            assertThat(beside.parts()).hasSize(2);
            try (ChaperoneProcess enforcer = site.serve("postgres").ready()) {
                world.kafka().stop();
                List<String> received = new ArrayList<>();
                assertThatThrownBy(() -> readUntilRefused(enforcer, received))
                        .isInstanceOfSatisfying(
                                PSQLException.class,
                                e -> assertThat(e.getSQLState()).isEqualTo("58030"))
                        .hasMessageContaining("cannot be recorded")
                        .hasMessageContaining("try again later");
                assertThat(received).as("what the spool took").isNotEmpty();
                assertThatThrownBy(() -> connect(enforcer))
                        .isInstanceOfSatisfying(
                                PSQLException.class,
                                e -> assertThat(e.getSQLState()).isEqualTo("58030"))
                        .hasMessageContaining("the spool is full");
                assertThat(TestingSite.health(enforcer)).startsWith("503 ").contains("the spool is full");
                enforcer.await("shipping is stalled").await("refusing to record: the spool is full");

                world.kafka().start();

                enforcer.await("recording again");
                try (Connection agent = connect(enforcer)) {
                    assertThat(read(agent, MASKED)).isEqualTo("[redacted]");
                }
                assertNoSecrets(enforcer);
                enforcer.terminate();
                assertThat(enforcer.exit()).as(enforcer.output()).isEqualTo(143);
            } finally {
                world.kafka().start();
            }
            assertThat(site.awaitWhole().ok()).isTrue();
        }
    }

    private static void readUntilRefused(ChaperoneProcess enforcer, List<String> received) throws SQLException {
        try (Connection agent = connect(enforcer)) {
            for (int round = 0; round < 1000; round++) {
                received.add(read(
                        agent, "SELECT string_agg(attending, ',') FROM clinic.encounters WHERE encounter_id < 500"));
            }
        }
        throw new AssertionError("a spool of 256 KiB took " + received.size() + " answers");
    }

    private static void assertNoSecrets(ChaperoneProcess process) {
        assertThat(process.output())
                .doesNotContain(TestingWorld.ROLE_PASSWORD)
                .doesNotContain(TestingSite.PSEUDONYM_KEY)
                .doesNotContain("eyJ"); // as every JWT begins
    }

    private static boolean readable(Connection agent, String sql) {
        try {
            return !read(agent, sql).isEmpty();
        } catch (SQLException e) {
            return false;
        }
    }

    private static String read(Connection agent, String sql) throws SQLException {
        try (Statement statement = agent.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            assertThat(rows.next()).isTrue();
            return rows.getString(1);
        }
    }

    private static Connection connect(ChaperoneProcess enforcer) throws SQLException {
        return DriverManager.getConnection(
                "jdbc:postgresql://127.0.0.1:" + enforcer.port() + "/clinic?sslmode=disable",
                DemoWorld.SUBJECT,
                world.token());
    }
}
