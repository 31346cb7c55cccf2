package dev.chaperone.postgres;

import static dev.chaperone.postgres.Jdbc.execute;
import static dev.chaperone.postgres.Jdbc.rows;
import static dev.chaperone.postgres.TestingDecisions.deny;
import static dev.chaperone.postgres.TestingDecisions.mask;
import static dev.chaperone.postgres.TestingDecisions.permit;
import static dev.chaperone.postgres.TestingDecisions.session;
import static dev.chaperone.postgres.TestingDecisions.touches;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.OperationCompleted.Outcome;
import dev.chaperone.decision.v1.Effect;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.Date;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;
import org.postgresql.util.PSQLException;

/** What pgjdbc gets to see through the gateway, in every mode it has. */
class PostgresEnforcerIT {

    private static final String SIMPLE = "simple";
    private static final String EXTENDED = "extended";

    private static Gateway gateway;

    @BeforeAll
    static void start() {
        gateway = Gateway.start();
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    @BeforeEach
    void reset() {
        gateway.decisions.policy(request -> permit());
        gateway.recorder.reset();
    }

    @ParameterizedTest
    @ValueSource(strings = {SIMPLE, EXTENDED, "extendedForPrepared"})
    void permittedRowsComeAsTheyAre(String mode) throws SQLException {
        try (Connection connection = gateway.agent(mode)) {
            assertThat(rows(connection, "select id, name, ssn, born from patients order by id"))
                    .containsExactly(
                            "1|Ada|123-45-6789|1915-12-10", "2|Grace|987-65-4321|1970-01-02", "3|Joan|null|null");
        }
    }

    @ParameterizedTest
    @CsvSource({"simple,false", "extended,false", "extended,true"})
    void maskedColumnsAreMaskedInEveryFormat(String mode, boolean binary) throws SQLException {
        maskPatients();
        String sql = "select p.ssn as harmless, id, born, visits from patients p where id = ?";
        try (Connection connection = gateway.agent(mode, "binaryTransfer", Boolean.toString(binary));
                PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.unwrap(org.postgresql.PGStatement.class).setPrepareThreshold(binary ? -1 : 0);
            statement.setInt(1, 2);
            try (ResultSet rows = statement.executeQuery()) {
                assertThat(rows.next()).isTrue();
                assertThat(rows.getString(1)).isEqualTo("***-**-4321");
                assertThat(rows.getInt(2)).isEqualTo(2);
                assertThat(rows.getDate(3)).isEqualTo(Date.valueOf("1970-01-01"));
                assertThat(rows.getInt(4)).isEqualTo(5);
                assertThat(rows.next()).isFalse();
            }
        }
        assertThat(originals()).containsExactly("987-65-4321");
        assertThat(gateway.recorder.events().toString()).doesNotContain("hidden");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "select ssn || '' from patients",
                "select count(*) from patients where ssn like '1%'",
                "select p from patients p",
                "select id from patients order by ssn",
                "select max(ssn) from patients"
            })
    void aMaskedColumnUsedOtherwiseIsRefused(String sql) throws SQLException {
        maskPatients();
        try (Connection connection = gateway.agent(EXTENDED)) {
            assertThatThrownBy(() -> rows(connection, sql))
                    .isInstanceOfSatisfying(
                            PSQLException.class,
                            e -> assertThat(e.getSQLState()).isEqualTo("42501"))
                    .hasMessageContaining("clinic.public.patients.ssn");
            assertThat(rows(connection, "select id from patients")).hasSize(3);
        }
        AuditEvent decided = only(AuditEvent::hasOperationDecided, "must be masked");
        assertThat(decided.getOperationDecided().getEnforcerCode()).isEqualTo("obligation_unfulfillable");
        assertThat(decided.getOperationDecided().getEnforced()).isEqualTo(Effect.EFFECT_DENY);
    }

    @ParameterizedTest
    @ValueSource(strings = {SIMPLE, EXTENDED})
    void aDenialNamesItsRuleAndSaysWhatToDo(String mode) throws SQLException {
        denySecrets();
        try (Connection connection = gateway.agent(mode)) {
            assertThatThrownBy(() -> rows(connection, "select text from secrets"))
                    .isInstanceOfSatisfying(PSQLException.class, e -> {
                        assertThat(e.getSQLState()).isEqualTo("42501");
                        assertThat(e.getServerErrorMessage().getMessage())
                                .isEqualTo("denied by policy rule `testing deny`: secrets are not for agents");
                        assertThat(e.getServerErrorMessage().getDetail())
                                .contains("policy version testing-1")
                                .contains("[45 CFR 164.502(b)]");
                        assertThat(e.getServerErrorMessage().getHint()).isNotBlank();
                    });
            assertThat(rows(connection, "select 1")).containsExactly("1");
        }
        assertThat(gateway.recorder.events().toString()).doesNotContain("hidden");
    }

    @ParameterizedTest
    @ValueSource(strings = {SIMPLE, EXTENDED})
    void aRefusalFailsTheTransactionAsAnErrorWould(String mode) throws SQLException {
        denySecrets();
        try (Connection connection = gateway.agent(mode)) {
            connection.setAutoCommit(false);
            execute(connection, "insert into ledger values (1, 1, 'lost')");
            assertThatThrownBy(() -> rows(connection, "select text from secrets"))
                    .isInstanceOf(PSQLException.class);
            assertThatThrownBy(() -> rows(connection, "select 1"))
                    .isInstanceOfSatisfying(
                            PSQLException.class,
                            e -> assertThat(e.getSQLState()).isEqualTo("25P02"));
            connection.rollback();
            assertThat(rows(connection, "select * from ledger")).isEmpty();
            connection.rollback();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {SIMPLE, EXTENDED})
    void transactionsCommitAndRollBack(String mode) throws SQLException {
        try (Connection connection = gateway.agent(mode)) {
            connection.setAutoCommit(false);
            execute(connection, "insert into ledger values (10, 1, 'kept')");
            connection.commit();
            execute(connection, "insert into ledger values (11, 1, 'lost')");
            connection.rollback();
            assertThat(rows(connection, "select id from ledger")).containsExactly("10");
            execute(connection, "delete from ledger where id = 10");
            connection.commit();
        }
    }

    @Test
    void everythingIsRecordedBeforeItIsDelivered() throws SQLException {
        try (Connection connection = gateway.agent(EXTENDED)) {
            rows(connection, "select id from patients where name = 'Ada'");
        }
        String session = gateway.recorder
                .of(event -> event.getOperationDecided()
                        .getOperation()
                        .toStringUtf8()
                        .equals("select id from patients where name = 'Ada'"))
                .get(0)
                .session();
        List<AuditEvent> events = gateway.recorder.events().stream()
                .filter(event -> event.session().equals(session))
                .map(TestingRecorder.Event::event)
                .toList();
        assertThat(events.get(0).hasSessionOpened()).isTrue();
        assertThat(events.get(1).getAuthenticated().getPrincipal().getAgent()).isEqualTo("copilot");
        AuditEvent decided = only(AuditEvent::hasOperationDecided, "patients");
        assertThat(decided.getOperationDecided().getOperation().toStringUtf8())
                .isEqualTo("select id from patients where name = 'Ada'");
        assertThat(decided.getOperationDecided().getRequest().getContext().getClientAddress())
                .isEqualTo("127.0.0.1");
        AuditEvent delivered = gateway.recorder
                .of(event -> event.hasDelivered() && event.getRequestNumber() == decided.getRequestNumber())
                .get(0)
                .event();
        assertThat(delivered.getDelivered().getRows()).isEqualTo(1);
        assertThat(delivered.getDelivered().getPayload().toString(StandardCharsets.ISO_8859_1))
                .contains("SELECT 1");
        AuditEvent completed = gateway.recorder
                .of(event -> event.hasOperationCompleted() && event.getRequestNumber() == decided.getRequestNumber())
                .get(0)
                .event();
        assertThat(completed.getOperationCompleted().getOutcome()).isEqualTo(Outcome.OUTCOME_SUCCEEDED);
        assertThat(completed.getOperationCompleted().getCode()).isEqualTo("SELECT 1");
        assertThat(completed.getOperationCompleted().getRows()).isEqualTo(1);
    }

    @Test
    void treesNeverReachTheClient() throws SQLException {
        try (Connection connection = gateway.agent(EXTENDED);
                Statement statement = connection.createStatement()) {
            statement.execute("select id from patients");
            assertThat((Object) statement.getWarnings()).isNull();
            assertThat((Object) connection.getWarnings()).isNull();
        }
    }

    @ParameterizedTest
    @CsvSource({"simple", "extended"})
    void errorsOfTheServerAreSanitisedForAgents(String mode) throws SQLException {
        try (Connection connection = gateway.agent(mode)) {
            assertThatThrownBy(() -> rows(connection, "select (ssn || 'x')::int from patients"))
                    .isInstanceOfSatisfying(
                            PSQLException.class,
                            e -> assertThat(e.getSQLState()).isEqualTo("22P02"))
                    .hasMessageNotContaining("6789");
        }
        assertThat(gateway.recorder.events().toString()).contains("6789");
    }

    @Test
    void errorsOfTheServerAreWholeForHumansWithoutMasks() throws SQLException {
        try (Connection connection = gateway.connect(TestingAuthenticator.HUMAN)) {
            assertThatThrownBy(() -> rows(connection, "select (ssn || 'x')::int from patients"))
                    .hasMessageContaining("123-45-6789x");
        }
    }

    @Test
    void cursorsFetchInPiecesAndResultsMayBeLarge() throws SQLException {
        try (Connection connection = gateway.agent(EXTENDED)) {
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                statement.setFetchSize(70_000);
                long sum = 0;
                try (ResultSet rows = statement.executeQuery("select n, repeat('x', 50) from numbers")) {
                    while (rows.next()) {
                        sum += rows.getInt(1);
                    }
                }
                assertThat(sum).isEqualTo(200_000L * 200_001 / 2);
            }
            connection.commit();
        }
        assertThat(gateway.recorder.of(AuditEvent::hasDelivered))
                .allSatisfy(event -> assertThat(
                                event.event().getDelivered().getPayload().size())
                        .isLessThan(512 * 1024));
        long delivered = gateway.recorder.of(AuditEvent::hasDelivered).stream()
                .mapToLong(event -> event.event().getDelivered().getRows())
                .sum();
        assertThat(delivered).isEqualTo(200_000);
    }

    @Test
    void aCancelRequestReachesTheServer() throws Exception {
        try (Connection connection = gateway.agent(EXTENDED);
                Statement statement = connection.createStatement()) {
            Thread canceller = new Thread(() -> {
                try {
                    while (gateway.recorder
                            .of(event -> event.hasOperationDecided()
                                    && event.getOperationDecided()
                                            .getOperation()
                                            .toStringUtf8()
                                            .contains("slow"))
                            .isEmpty()) {
                        Thread.onSpinWait();
                    }
                    statement.cancel();
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            });
            canceller.start();
            assertThatThrownBy(() -> statement.executeQuery("select slow()"))
                    .isInstanceOfSatisfying(
                            PSQLException.class,
                            e -> assertThat(e.getSQLState()).isEqualTo("57014"));
            canceller.join();
            assertThat(connection.unwrap(PGConnection.class).getBackendPID())
                    .isEqualTo(Integer.parseInt(
                            rows(connection, "select pg_backend_pid()").get(0)));
        }
    }

    @Test
    void aForeignKeyCheckIsNoReanalysis() throws SQLException {
        try (Connection connection = gateway.agent(EXTENDED)) {
            connection.setAutoCommit(false);
            execute(connection, "insert into ledger values (70, 1, '')");
            execute(connection, "insert into entries values (70)");
            connection.commit();
            execute(connection, "delete from entries");
            execute(connection, "delete from ledger where id = 70");
            connection.commit();
        }
    }

    @Test
    void anErrorAtCommitIsToldAndNothingIsKept() throws SQLException {
        try (Connection connection = gateway.agent(EXTENDED)) {
            assertThatThrownBy(() -> execute(connection, "insert into entries values (999)"))
                    .isInstanceOfSatisfying(
                            PSQLException.class,
                            e -> assertThat(e.getSQLState()).isEqualTo("23503"));
            assertThat(rows(connection, "select * from entries")).isEmpty();
        }
    }

    @Test
    void settingsThatTheGatewayDependsOnStay() throws SQLException {
        try (Connection connection = gateway.agent(SIMPLE)) {
            for (String sql : List.of(
                    "set debug_print_rewritten = off",
                    "set client_encoding = 'SJIS'",
                    "set standard_conforming_strings = off",
                    "set role postgres")) {
                assertThatThrownBy(() -> execute(connection, sql)).as(sql).isInstanceOf(PSQLException.class);
            }
            execute(connection, "set application_name = 'x'");
            execute(connection, "discard all");
            execute(connection, "set client_min_messages = error");
            assertThat(rows(connection, "show client_min_messages")).containsExactly("error");
            assertThat(rows(connection, "select id from patients")).hasSize(3);
        }
    }

    @Test
    void aWrongTokenIsRefusedAndRecorded() {
        assertThatThrownBy(() -> gateway.connect("forged"))
                .isInstanceOfSatisfying(
                        PSQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("28P01"))
                .hasMessageContaining("not signed");
        assertThat(gateway.recorder.of(AuditEvent::hasAuthenticationFailed))
                .singleElement()
                .satisfies(event -> assertThat(
                                event.event().getAuthenticationFailed().getCode())
                        .isEqualTo("token_untrusted"));
        assertThat(gateway.recorder.events().toString()).doesNotContain("forged");
    }

    @Test
    void whatCannotBeRecordedIsNotDelivered() throws SQLException {
        try (Connection connection = gateway.agent(EXTENDED)) {
            gateway.recorder.failOn(AuditEvent::hasDelivered);
            assertThatThrownBy(() -> rows(connection, "select ssn from patients"))
                    .isInstanceOfSatisfying(
                            PSQLException.class,
                            e -> assertThat(e.getSQLState()).isEqualTo("58030"))
                    .hasMessageContaining("recorded");
            assertThat(connection.isClosed()).isTrue();
        }
    }

    @Test
    void aChangeThatCannotBeRecordedIsNotMade() throws SQLException {
        try (Connection connection = gateway.agent(EXTENDED)) {
            gateway.recorder.failOn(AuditEvent::hasOperationDecided);
            assertThatThrownBy(() -> execute(connection, "insert into ledger values (90, 1, 'unseen')"))
                    .isInstanceOf(PSQLException.class);
        }
        gateway.recorder.forget();
        try (Connection connection = gateway.agent(EXTENDED)) {
            assertThat(rows(connection, "select * from ledger where id = 90")).isEmpty();
        }
    }

    @Test
    void startupParametersAreChecked() {
        assertThatThrownBy(() -> gateway.connect(TestingAuthenticator.AGENT, "options", "-c session_authorization=x"))
                .hasMessageContaining("session_authorization");
        assertThatThrownBy(() -> gateway.connect(
                        TestingAuthenticator.AGENT, "replication", "database", "assumeMinServerVersion", "15"))
                .hasMessageContaining("replication");
    }

    private static void maskPatients() {
        gateway.decisions.policy(request -> touches(request, "patients")
                ? permit(mask("clinic.public.patients.ssn", "last4"), mask("clinic.public.patients.born", "year"))
                : permit());
    }

    private static void denySecrets() {
        gateway.decisions.policy(
                request -> touches(request, "secrets") ? deny("secrets are not for agents") : permit());
    }

    private static List<String> originals() {
        List<String> values = new ArrayList<>();
        for (TestingRecorder.Event event : gateway.recorder.events()) {
            event.originals().getValuesList().stream()
                    .filter(value -> value.getField().endsWith("ssn"))
                    .forEach(value -> values.add(value.getValue().toStringUtf8()));
        }
        return values;
    }

    private static AuditEvent only(Predicate<AuditEvent> which, String text) {
        return gateway.recorder
                .of(event -> which.test(event) && event.toString().contains(text))
                .get(0)
                .event();
    }
}
