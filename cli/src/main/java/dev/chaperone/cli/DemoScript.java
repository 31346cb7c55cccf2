package dev.chaperone.cli;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** What the scripted agent does, and whether what it gets is what it must get. */
final class DemoScript {

    /** The failure after which there is no session to look at. */
    static final String NOT_CONNECTED = "the agent cannot connect";

    private static final long PATIENCE_SECONDS = 60;
    private static final String PATIENTS = "SELECT count(*) || ' patients' FROM clinic.patients";
    private static final String DIAGNOSES = "SELECT count(*) || ' diagnoses' FROM clinic.diagnoses";
    private static final String PHONE = "SELECT phone, family_name FROM clinic.patients WHERE patient_id = 7";

    /** The steps, in order. */
    static final List<DemoStep> STEPS = List.of(
            DemoStep.masks(
                    "A table with PHI: identifiers are masked on the way out",
                    "SELECT family_name, ssn, birth_date, zip, state FROM clinic.patients"
                            + " WHERE patient_id <= 5 ORDER BY patient_id",
                    "family_name",
                    "ssn",
                    "birth_date",
                    "zip"),
            DemoStep.masks(
                    "A join through a view: the mask follows the column, not its name",
                    "SELECT c.icd10, c.family_name AS who, c.birth_date AS b, e.attending"
                            + " FROM research.cohort c JOIN clinic.encounters e USING (patient_id)"
                            + " WHERE patient_id < 4 ORDER BY c.diagnosis_id, e.encounter_id LIMIT 4",
                    "who",
                    "b"),
            DemoStep.permits(
                    "Work that needs no identifier is not in the way",
                    "SELECT icd10, count(*) AS cases FROM clinic.diagnoses GROUP BY icd10 ORDER BY cases DESC, icd10 LIMIT 4"),
            DemoStep.masks(
                    "An expression over PHI: it works on the masked values, computed by the database",
                    "SELECT upper(family_name) || ' ' || ssn AS label FROM clinic.patients"
                            + " WHERE patient_id <= 2 ORDER BY patient_id",
                    "label"),
            DemoStep.permits(
                    "So patients can be counted, joined and grouped by their pseudonyms",
                    "SELECT count(DISTINCT family_name || given_name) AS people FROM clinic.patients"),
            DemoStep.masks(
                    "And a guess cannot be tried out in a condition",
                    "SELECT count(*) AS found FROM clinic.patients WHERE ssn LIKE '9%'",
                    "found"),
            DemoStep.masks(
                    "Free text that nobody labelled: what looks like an identifier is taken out of it",
                    "SELECT icd10, remark FROM clinic.diagnoses WHERE diagnosis_id IN (2, 3, 4) ORDER BY diagnosis_id",
                    "remark"),
            DemoStep.denies("A table is to be dropped", "DROP TABLE clinic.patients", PATIENTS, "there are still"),
            DemoStep.denies("Everything is to be deleted", "DELETE FROM clinic.patients", PATIENTS, "there are still"),
            DemoStep.asks(
                    "PHI is to be changed: that waits for a person, who agrees",
                    "UPDATE clinic.patients SET phone = '(503) 555-0199' WHERE patient_id = 7"
                            + " RETURNING patient_id, family_name, state",
                    PHONE,
                    "the number is now",
                    new DemoStep.Said(true, "the patient called"),
                    "family_name"),
            DemoStep.asks(
                    "PHI is to be deleted: that waits, too, and the person does not agree",
                    "DELETE FROM clinic.diagnoses WHERE patient_id = 7",
                    DIAGNOSES,
                    "there are still",
                    new DemoStep.Said(false, "diagnoses are corrected, never deleted")),
            DemoStep.denies(
                    "Code that cannot be analysed",
                    "DO $$ BEGIN EXECUTE 'DELETE FROM clin' || 'ic.patients'; END $$",
                    PATIENTS,
                    "there are still"));

    private final DemoWorld world;
    private final DemoScreen screen;
    private final DemoOfficer officer;
    private final List<String> failures = new ArrayList<>();

    DemoScript(DemoWorld world, DemoScreen screen) {
        this.world = world;
        this.screen = screen;
        this.officer = new DemoOfficer(world);
    }

    /**
     * Runs every step.
     *
     * @return what was not as it must be; empty when all was
     */
    List<String> run() {
        try (Connection agent = agent();
                Connection database = world.postgres().connect(DemoWorld.DATABASE)) {
            for (int i = 0; i < STEPS.size(); i++) {
                DemoStep step = STEPS.get(i);
                screen.step(i + 1, step);
                try {
                    run(i + 1, step, agent, database);
                } catch (SQLException e) {
                    fail(i + 1, step, "the database failed: " + e.getMessage());
                } catch (CommandException e) {
                    fail(i + 1, step, String.valueOf(e.getMessage()));
                }
            }
        } catch (SQLException e) {
            failures.add(NOT_CONNECTED);
            failures.add(describe(e));
        }
        return List.copyOf(failures);
    }

    private Connection agent() throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", DemoWorld.SUBJECT);
        properties.setProperty("password", world.token());
        properties.setProperty("sslmode", "verify-full");
        properties.setProperty("sslrootcert", world.files().certificate().toString());
        properties.setProperty("ApplicationName", DemoWorld.AGENT);
        properties.setProperty("connectTimeout", "20");
        properties.setProperty("socketTimeout", "60");
        return DriverManager.getConnection(
                "jdbc:postgresql://127.0.0.1:" + world.port() + "/" + DemoWorld.DATABASE, properties);
    }

    private void run(int number, DemoStep step, Connection agent, Connection database) throws SQLException {
        if (step.permitted()) {
            DemoOutcome held = ask(database, step.sql());
            DemoOutcome got = ask(agent, step.sql());
            screen.compare(held, got, step.masked());
            String wrong = got.refused() ? "refused: " + got.error() : difference(step, held, got);
            verdict(
                    number,
                    step,
                    wrong,
                    step.masked().isEmpty() ? "the same" : "masked: " + String.join(", ", sorted(step)));
            return;
        }
        DemoOutcome before = ask(database, step.probe());
        DemoStep.Said said = step.said();
        DemoOutcome got = said == null ? ask(agent, step.sql()) : decided(step, said, agent);
        if (said != null && said.approves()) {
            approved(number, step, before, got, database);
            return;
        }
        DemoOutcome after = ask(database, step.probe());
        screen.refusal(step.probeMeaning() + " " + cell(after), got);
        String wrong = !got.refused()
                ? "not refused"
                : before.equals(after) ? "" : "refused, and yet the database has changed";
        verdict(number, step, wrong, said == null ? "denied" : "held, and denied by " + DemoOfficer.NAME);
    }

    /** What comes of a statement that waits until somebody has decided. */
    private DemoOutcome decided(DemoStep step, DemoStep.Said said, Connection agent) throws SQLException {
        CompletableFuture<DemoOutcome> running = new CompletableFuture<>();
        Thread waiting = new Thread(() -> {
            try {
                running.complete(ask(agent, step.sql()));
            } catch (SQLException | RuntimeException e) {
                running.completeExceptionally(e);
            }
        });
        waiting.setDaemon(true);
        waiting.start();
        String id = officer.awaits(step.sql(), running);
        if (id != null) {
            screen.waits(id, DemoOfficer.NAME, DemoOfficer.line(id, said));
            officer.decide(id, said);
        }
        try {
            return running.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof SQLException failure ? failure : new SQLException(e.getCause());
        } catch (TimeoutException e) {
            throw new SQLException("no answer within " + PATIENCE_SECONDS + " s", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SQLException("interrupted", e);
        }
    }

    /** Rows must have come, masked as they would be without waiting, and the database must have changed. */
    private void approved(int number, DemoStep step, DemoOutcome before, DemoOutcome got, Connection database)
            throws SQLException {
        DemoOutcome after = ask(database, step.probe());
        screen.answer(step.probeMeaning() + " " + cell(after), got, step.masked());
        String wrong = "";
        if (got.refused() || got.rows().isEmpty()) {
            wrong = "refused: " + got.error();
        } else if (before.equals(after)) {
            wrong = "approved, and yet the database has not changed";
        } else {
            for (String column : step.masked()) {
                if (Objects.equals(cell(got, column), cell(after, column))) {
                    wrong = "`" + column + "` is not masked";
                }
            }
        }
        verdict(
                number,
                step,
                wrong,
                "held, approved by " + DemoOfficer.NAME + ", and run; masked: " + String.join(", ", sorted(step)));
    }

    /** What of the rows is not as it must be; empty when all is. */
    private static String difference(DemoStep step, DemoOutcome held, DemoOutcome got) {
        if (got.rows().isEmpty()
                || got.rows().size() != held.rows().size()
                || !got.columns().equals(held.columns())) {
            return got.rows().size() + " rows instead of " + held.rows().size();
        }
        for (int row = 0; row < held.rows().size(); row++) {
            for (int column = 0; column < held.columns().size(); column++) {
                String name = held.columns().get(column);
                String original = held.rows().get(row).get(column);
                String delivered = got.rows().get(row).get(column);
                boolean same = Objects.equals(original, delivered);
                if (original != null && same == step.masked().contains(name)) {
                    return "`" + name + "` of row " + (row + 1) + (same ? " is not masked" : " was changed");
                }
            }
        }
        return "";
    }

    private void verdict(int number, DemoStep step, String wrong, String right) {
        if (wrong.isEmpty()) {
            screen.passed(right);
        } else {
            fail(number, step, wrong);
        }
    }

    private void fail(int number, DemoStep step, String wrong) {
        failures.add("step " + number + " (" + step.title() + "): " + wrong);
        screen.failed(wrong);
    }

    private static List<String> sorted(DemoStep step) {
        return step.masked().stream().sorted().toList();
    }

    private static @Nullable String cell(DemoOutcome outcome) {
        return outcome.rows().isEmpty()
                ? outcome.error()
                : outcome.rows().get(0).get(0);
    }

    /** The value of that column in the first row, which must be there. */
    private static @Nullable String cell(DemoOutcome outcome, String column) {
        return outcome.rows().get(0).get(outcome.columns().indexOf(column));
    }

    private static DemoOutcome ask(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            if (!statement.execute(sql)) {
                return new DemoOutcome(List.of(), List.of(), "", "");
            }
            List<String> columns = new ArrayList<>();
            List<List<@Nullable String>> rows = new ArrayList<>();
            try (ResultSet result = statement.getResultSet()) {
                int width = result.getMetaData().getColumnCount();
                for (int column = 1; column <= width; column++) {
                    columns.add(result.getMetaData().getColumnLabel(column));
                }
                while (result.next()) {
                    List<@Nullable String> row = new ArrayList<>();
                    for (int column = 1; column <= width; column++) {
                        row.add(result.getString(column));
                    }
                    rows.add(row);
                }
            }
            return new DemoOutcome(columns, rows, "", "");
        } catch (SQLException e) {
            if (connection.isClosed()) {
                throw e;
            }
            return new DemoOutcome(List.of(), List.of(), String.valueOf(e.getSQLState()), describe(e));
        }
    }

    /** The error as psql would show it. */
    private static String describe(SQLException failure) {
        if (failure instanceof PSQLException postgres && postgres.getServerErrorMessage() != null) {
            ServerErrorMessage message = postgres.getServerErrorMessage();
            String detail = message.getDetail() == null ? "" : "\nDETAIL:  " + message.getDetail();
            String hint = message.getHint() == null ? "" : "\nHINT:  " + message.getHint();
            return "ERROR:  " + message.getSQLState() + ": " + message.getMessage() + detail + hint;
        }
        return String.valueOf(failure.getMessage());
    }
}
