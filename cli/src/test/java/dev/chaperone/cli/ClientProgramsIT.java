package dev.chaperone.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** PostgreSQL's own client programs, run against the demonstration as an agent would run them. */
class ClientProgramsIT {

    @TempDir
    static Path directory;

    private static @Nullable DemoWorld demonstration;

    /** What a program printed, and how it ended. */
    private record Run(int status, String output) {}

    @BeforeAll
    static void start() {
        Logging.toTerminal(false);
        TestingTerminal screen = new TestingTerminal(Map.of(), directory);
        demonstration = DemoWorld.start(
                DemoFiles.prepare(directory.resolve("demo")), 0, Map.of(), new DemoProgress(screen.terminal()));
    }

    @AfterAll
    static void stop() {
        if (demonstration != null) {
            demonstration.close();
        }
    }

    @Test
    void psqlReadsMaskedRows() throws Exception {
        Run run = psql("", "-At", "-c", "SELECT patient_id, ssn, state FROM clinic.patients WHERE patient_id = 7");

        assertThat(run.status()).as(run.output()).isZero();
        assertThat(run.output())
                .startsWith("7|")
                .doesNotContain(database("SELECT ssn FROM clinic.patients WHERE patient_id = 7"));
    }

    @Test
    void psqlRunsSeveralCommandsOfOneLineEachInOrder() throws Exception {
        Run run = psql("", "-At", "-c", "SELECT 1", "-c", "SELECT count(*) FROM clinic.patients", "-c", "SELECT 3");

        assertThat(run).isEqualTo(new Run(0, "1\n5000\n3\n"));
    }

    @Test
    void psqlDescribesATable() throws Exception {
        Run run = psql("", "-c", "\\d clinic.patients");

        assertThat(run.status()).as(run.output()).isZero();
        assertThat(run.output())
                .contains(
                        "Table \"clinic.patients\"",
                        "patient_id",
                        "family_name",
                        "birth_date",
                        "\"patients_pkey\" PRIMARY KEY");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\\d",
                "\\d+ clinic.encounters",
                "\\d clinic.encounters_2024",
                "\\d research.cohort",
                "\\dt *.*",
                "\\dn",
                "\\dv *.*",
                "\\di clinic.*",
                "\\l",
                "\\du",
                "\\df clinic.*",
                "\\dT",
                "\\dx",
                "\\dp clinic.patients",
                "\\conninfo",
                "\\encoding",
                "\\timing",
                "\\sf pg_catalog.lower"
            })
    void noCommandOfPsqlBreaksTheSession(String command) throws Exception {
        Run run = psql(command + "\nSELECT 'still ' || 'here' AS answer;\n", "-At");

        assertThat(run.output()).as(command).contains("still here").doesNotContain("server closed the connection");
        assertThat(run.status()).as(run.output()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"\\d", "\\dt *.*", "\\dn", "\\d+ clinic.encounters", "\\dv *.*", "\\di clinic.*"})
    void psqlListsWhatIsThere(String command) throws Exception {
        Run run = psql("", "-v", "ON_ERROR_STOP=1", "-c", command);

        assertThat(run.status()).as(run.output()).isZero();
        assertThat(run.output()).doesNotContain("ERROR");
    }

    @Test
    void psqlStopsAtARefusalWhenToldTo() throws Exception {
        String script = "SELECT 'before';\nDROP TABLE clinic.patients;\nSELECT 'after';\n";

        Run stopped = psql(script, "-At", "-v", "ON_ERROR_STOP=1");
        Run continued = psql(script, "-At");

        assertThat(stopped.status()).isEqualTo(3);
        assertThat(stopped.output())
                .contains("before", "ERROR:", "denied by policy rule", "HINT:")
                .doesNotContain("after");
        assertThat(continued.status()).isZero();
        assertThat(continued.output()).contains("before", "ERROR:", "after");
        assertThat(database("SELECT count(*) FROM clinic.patients")).isEqualTo("5000");
    }

    @Test
    void aRefusalFailsItsTransaction() throws Exception {
        long before = Long.parseLong(database("SELECT abalance FROM pgbench_accounts WHERE aid = 99999"));

        Run run = psql(
                "BEGIN;\nUPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid = 99999;\n"
                        + "DROP TABLE clinic.patients;\nSELECT 1;\nCOMMIT;\nSELECT 'still here';\n",
                "-At");

        assertThat(run.output())
                .contains("denied by policy rule", "current transaction is aborted", "ROLLBACK", "still here");
        assertThat(database("SELECT abalance FROM pgbench_accounts WHERE aid = 99999"))
                .isEqualTo(String.valueOf(before));
    }

    @ParameterizedTest
    @ValueSource(strings = {"simple", "extended", "prepared"})
    void pgbenchReads(String protocol) throws Exception {
        Run run = pgbench("-n", "-S", "-M", protocol, "-c", "4", "-t", "100");

        assertTransactions(run, 400);
    }

    @ParameterizedTest
    @ValueSource(strings = {"simple", "extended", "prepared"})
    void pgbenchRunsItsDefaultTransactions(String protocol) throws Exception {
        long rows = Long.parseLong(database("SELECT count(*) FROM pgbench_history WHERE filler IS NULL"));

        Run run = pgbench("-n", "-M", protocol, "-c", "3", "-t", "40");

        assertTransactions(run, 120);
        assertThat(database("SELECT count(*) FROM pgbench_history WHERE filler IS NULL"))
                .isEqualTo(String.valueOf(rows + 120));
        assertThat(
                        database(
                                "SELECT (SELECT sum(delta) FROM pgbench_history) = (SELECT sum(abalance) FROM pgbench_accounts)"
                                        + " AND (SELECT sum(abalance) FROM pgbench_accounts) = (SELECT sum(bbalance) FROM pgbench_branches)"
                                        + " AND (SELECT sum(abalance) FROM pgbench_accounts) = (SELECT sum(tbalance) FROM pgbench_tellers)"))
                .as("every change was made once")
                .isEqualTo("t");
    }

    private static void assertTransactions(Run run, int transactions) {
        assertThat(run.status()).as(run.output()).isZero();
        assertThat(run.output())
                .contains("number of transactions actually processed: " + transactions + "/" + transactions)
                .contains("number of failed transactions: 0 ");
    }

    private static Run psql(String input, String... arguments) throws Exception {
        return run("psql", input, arguments);
    }

    private static Run pgbench(String... arguments) throws Exception {
        return run("pgbench", "", arguments);
    }

    private static Run run(String program, String input, String... arguments) throws Exception {
        assumeTrue(
                Stream.of(System.getenv("PATH").split(":", -1))
                        .anyMatch(place -> Files.isExecutable(Path.of(place, program))),
                program + " is not installed (Debian: apt install postgresql-client postgresql-contrib)");
        DemoWorld world = world();
        List<String> command = new ArrayList<>(List.of(program));
        if (program.equals("psql")) {
            command.add("-X");
        }
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment()
                .putAll(Map.of(
                        "PGHOST",
                        "127.0.0.1",
                        "PGPORT",
                        String.valueOf(world.port()),
                        "PGDATABASE",
                        DemoWorld.DATABASE,
                        "PGUSER",
                        DemoWorld.SUBJECT,
                        "PGPASSWORD",
                        world.token(),
                        "PGSSLMODE",
                        "verify-ca",
                        "PGSSLROOTCERT",
                        world.files().certificate().toString(),
                        "PGOPTIONS",
                        "",
                        "PAGER",
                        "cat"));
        Path output = Files.createTempFile(directory, program, ".out");
        Process process = builder.redirectOutput(output.toFile()).start();
        try {
            process.getOutputStream().write(input.getBytes(StandardCharsets.UTF_8));
            process.getOutputStream().close();
        } catch (IOException e) {
            assertThat(e)
                    .as("the program may end before it has read everything")
                    .hasMessageContaining("roken pipe");
        }
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).as(program + " ends").isTrue();
        return new Run(process.exitValue(), Files.readString(output));
    }

    private static DemoWorld world() {
        return Objects.requireNonNull(demonstration);
    }

    /** The only cell that the database itself answers. */
    private static String database(String sql) throws SQLException {
        try (Connection connection = world().postgres().connect(DemoWorld.DATABASE);
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            assertThat(rows.next()).isTrue();
            return rows.getString(1);
        }
    }
}
