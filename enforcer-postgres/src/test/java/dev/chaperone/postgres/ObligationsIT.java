package dev.chaperone.postgres;

import static dev.chaperone.postgres.Jdbc.execute;
import static dev.chaperone.postgres.Jdbc.rows;
import static dev.chaperone.postgres.TestingDecisions.deny;
import static dev.chaperone.postgres.TestingDecisions.mask;
import static dev.chaperone.postgres.TestingDecisions.permit;
import static dev.chaperone.postgres.TestingDecisions.permitUnanalysed;
import static dev.chaperone.postgres.TestingDecisions.session;
import static dev.chaperone.postgres.TestingDecisions.touches;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Duration;
import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.decision.v1.ActionClass;
import dev.chaperone.decision.v1.Analysis;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.decision.v1.Limit;
import dev.chaperone.decision.v1.Obligation;
import dev.chaperone.decision.v1.ReadOnly;
import dev.chaperone.decision.v1.Relation;
import dev.chaperone.decision.v1.Timeout;
import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.util.PSQLException;

/** What becomes of obligations and of what is not permitted plainly, as pgjdbc gets to see it. */
class ObligationsIT {

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
    @CsvSource({
        "execute nothing (1), 26000, prepared statement \"nothing\" does not exist",
        "fetch nothing, 34000, cursor \"nothing\" does not exist",
    })
    void aNameThatStandsForNothingIsNamedAsTheServerDoes(String sql, String state, String words) throws SQLException {
        try (Connection connection = gateway.agent(SIMPLE)) {
            assertThatThrownBy(() -> execute(connection, sql)).isInstanceOfSatisfying(PSQLException.class, e -> {
                assertThat(e.getSQLState()).isEqualTo(state);
                assertThat(e.getServerErrorMessage().getMessage()).isEqualTo(words);
            });
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "select id from patients for update",
                "select id from patients p for share of p",
                "select id from (select id from patients for no key update) x",
                "with x as (select id from patients for key share) select id from x",
                "begin; declare c cursor for select id from patients for update"
            })
    void whoLocksRowsChangesThem(String sql) throws SQLException {
        gateway.decisions.policy(request -> request.getAction().getClass_() == ActionClass.ACTION_CLASS_WRITE
                        && request.getResource().getRelationsList().stream().allMatch(Relation::getWritten)
                ? deny("keeps others out")
                : permit());
        try (Connection connection = gateway.agent(SIMPLE)) {
            assertThatThrownBy(() -> execute(connection, sql)).hasMessageContaining("keeps others out");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "do 'begin end'",
                "call nothing()",
                "load 'plpgsql'",
            })
    void aPlainPermitDoesNotCarryWhatIsNotAnalysed(String sql) throws SQLException {
        try (Connection connection = gateway.agent(SIMPLE)) {
            execute(connection, "begin");
            assertThatThrownBy(() -> execute(connection, sql))
                    .isInstanceOfSatisfying(
                            PSQLException.class,
                            e -> assertThat(e.getSQLState()).isEqualTo("42501"));
        }
        assertThat(gateway.decisions.requests())
                .anySatisfy(
                        request -> assertThat(request.getAction().getAnalysis()).isEqualTo(Analysis.ANALYSIS_FAILED));
    }

    @ParameterizedTest
    @ValueSource(strings = {SIMPLE, EXTENDED})
    void whatIsNotAnalysedIsCarriedWhereThePolicySaysSo(String mode) throws SQLException {
        gateway.decisions.policy(request -> permitUnanalysed());
        try (Connection connection = gateway.agent(mode)) {
            execute(connection, "do 'begin perform set_config(''chaperone.tried'', ''done'', false); end'");
            assertThat(rows(connection, "select current_setting('chaperone.tried')"))
                    .containsExactly("done");
            assertThat(rows(connection, "select count(*) > 0 from pg_stat_activity"))
                    .containsExactly("t");
        }
    }

    @Test
    void whatIsNotAnalysedCannotBeMaskedOrMadeReadOnly() throws SQLException {
        for (Obligation obligation : List.of(
                mask("clinic.public.patients.ssn", "redact"),
                Obligation.newBuilder()
                        .setReadOnly(ReadOnly.getDefaultInstance())
                        .build())) {
            gateway.decisions.policy(request -> session(request) ? permit() : permitUnanalysed(obligation));
            try (Connection connection = gateway.agent(SIMPLE)) {
                assertThatThrownBy(() -> execute(connection, "do 'begin end'"))
                        .isInstanceOfSatisfying(
                                PSQLException.class,
                                e -> assertThat(e.getSQLState()).isEqualTo("42501"));
            }
        }
    }

    @Test
    void codeThatReplacesAPreparedStatementIsNotRunInItsPlace() throws SQLException {
        gateway.decisions.policy(request -> touches(request, "patients")
                ? permit(mask("clinic.public.patients.ssn", "last4"))
                : permitUnanalysed());
        try (Connection connection = gateway.agent(EXTENDED);
                PreparedStatement statement = connection.prepareStatement("select id from numbered where id < ?")) {
            execute(connection, "create view numbered as select id, ssn || '!' as label from patients");
            statement.unwrap(org.postgresql.PGStatement.class).setPrepareThreshold(1);
            for (int i = 0; i < 3; i++) {
                statement.setInt(1, 2);
                statement.executeQuery().close();
            }
            execute(
                    connection,
                    "do $$ declare s text; begin for s in select name from pg_prepared_statements"
                            + " where statement like '%numbered%' loop execute format('deallocate %I', s);"
                            + " execute format('prepare %I(int) as select length(label)+100 from numbered"
                            + " where id < $1', s); end loop; end $$");
            try (ResultSet rows = statement.executeQuery()) {
                assertThat(rows.next()).isTrue();
                assertThat(rows.getInt(1)).isEqualTo(1);
            }
            execute(connection, "drop view numbered");
        }
    }

    @Test
    void permittedChangesOfStructureAreCarriedOut() throws SQLException {
        try (Connection connection = gateway.agent(EXTENDED)) {
            execute(connection, "create table fresh (a int)");
            execute(connection, "insert into fresh values (1)");
            assertThat(rows(connection, "select a from fresh")).containsExactly("1");
            execute(connection, "drop table fresh");
        }
    }

    @Test
    void aHoldIsRefusedForNow() throws SQLException {
        gateway.decisions.policy(request -> session(request)
                ? permit()
                : Decision.newBuilder(deny("wait"))
                        .setEffect(Effect.EFFECT_HOLD)
                        .build());
        try (Connection connection = gateway.agent(EXTENDED)) {
            assertThatThrownBy(() -> rows(connection, "select 1"))
                    .isInstanceOfSatisfying(
                            PSQLException.class,
                            e -> assertThat(e.getSQLState()).isEqualTo("42501"))
                    .hasMessageContaining("held for approval");
        }
    }

    @Test
    void anUnknownObligationDenies() throws SQLException {
        gateway.decisions.policy(request -> session(request) ? permit() : permit(Obligation.getDefaultInstance()));
        try (Connection connection = gateway.agent(SIMPLE)) {
            assertThatThrownBy(() -> rows(connection, "select 1")).hasMessageContaining("does not know");
        }
    }

    @Test
    void withoutADecisionPointNothingRuns() throws SQLException {
        try (Connection connection = gateway.agent(EXTENDED)) {
            rows(connection, "select 1");
            gateway.decisions.gone();
            assertThatThrownBy(() -> rows(connection, "select 2"))
                    .isInstanceOfSatisfying(
                            PSQLException.class,
                            e -> assertThat(e.getSQLState()).isEqualTo("58000"))
                    .hasMessageContaining("decision point");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {SIMPLE, EXTENDED})
    void theRowLimitHolds(String mode) throws SQLException {
        gateway.decisions.policy(request -> touches(request, "numbers") ? permit(rowLimit(10)) : permit());
        try (Connection connection = gateway.agent(mode)) {
            assertThat(rows(connection, "select n from numbers limit 10")).hasSize(10);
            assertThatThrownBy(() -> rows(connection, "select n from numbers"))
                    .isInstanceOfSatisfying(
                            PSQLException.class,
                            e -> assertThat(e.getSQLState()).isEqualTo("54000"))
                    .hasMessageContaining("at most 10 rows");
            assertThat(rows(connection, "select 1")).containsExactly("1");
        }
        long delivered = gateway.recorder.of(AuditEvent::hasDelivered).stream()
                .mapToLong(event -> event.event().getDelivered().getRows())
                .sum();
        assertThat(delivered).isLessThanOrEqualTo(30);
    }

    @Test
    void theByteLimitHolds() throws SQLException {
        Obligation limit = Obligation.newBuilder()
                .setLimit(Limit.newBuilder().setMaxBytes(5000).setOnExceed(Effect.EFFECT_DENY))
                .build();
        gateway.decisions.policy(request -> touches(request, "numbers") ? permit(limit) : permit());
        try (Connection connection = gateway.agent(EXTENDED)) {
            assertThatThrownBy(() -> rows(connection, "select n from numbers")).hasMessageContaining("5000 bytes");
        }
    }

    @Test
    void aReadOnlyObligationMakesTheTransactionReadOnly() throws SQLException {
        gateway.decisions.policy(request -> permit(Obligation.newBuilder()
                .setReadOnly(ReadOnly.getDefaultInstance())
                .build()));
        try (Connection connection = gateway.agent(EXTENDED)) {
            assertThat(rows(connection, "select id from patients")).hasSize(3);
            assertThatThrownBy(() -> execute(connection, "insert into ledger values (50, 1, '')"))
                    .isInstanceOfSatisfying(
                            PSQLException.class,
                            e -> assertThat(e.getSQLState()).isEqualTo("25006"));
            assertThat(rows(connection, "select id from patients")).hasSize(3);
        }
    }

    @Test
    void aTimeoutObligationCancels() throws SQLException {
        gateway.decisions.policy(request -> permit(Obligation.newBuilder()
                .setTimeout(
                        Timeout.newBuilder().setDuration(Duration.newBuilder().setNanos(200_000_000)))
                .build()));
        try (Connection connection = gateway.agent(EXTENDED)) {
            assertThatThrownBy(() -> rows(connection, "select slow()"))
                    .isInstanceOfSatisfying(
                            PSQLException.class,
                            e -> assertThat(e.getSQLState()).isEqualTo("57014"))
                    .hasMessageContaining("longer than");
            assertThat(rows(connection, "select 1")).containsExactly("1");
        }
    }

    private static Obligation rowLimit(long rows) {
        return Obligation.newBuilder()
                .setLimit(Limit.newBuilder().setMaxRows(rows).setOnExceed(Effect.EFFECT_DENY))
                .build();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void aTypeOfTheDatabasesOwnIsMaskedLikeTheOneThatItIsMadeOf(int format) throws SQLException, IOException {
        gateway.backend.executeIn(
                Gateway.DATABASE,
                "create extension if not exists citext",
                "drop table if exists own",
                "drop domain if exists code, short, keyed",
                "create domain code as text check (length(value) > 2)",
                "create domain short as varchar(13)",
                "create domain keyed as code",
                "create table own (a code, b code[], c keyed[], d citext, e citext[], f short[])",
                "insert into own values ('123-45-6789', '{123-45-6789,null}', '{123-45-6789}', '123-45-6789',"
                        + " '{123-45-6789}', '{123-45-6789}')",
                "grant select on own to gateway");
        gateway.decisions.policy(request -> permit(Stream.of("a", "b", "c", "d", "e", "f")
                .map(column -> mask("clinic.public.own." + column, "last4"))
                .toArray(Obligation[]::new)));
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            client.raw(RawClient.join(
                    RawClient.parse("", "select a, b, c, d, e, f from own"),
                    RawClient.message(
                            'B', new byte[] {0, 0}, new byte[] {0, 0, 0, 0}, new byte[] {0, 1, 0, (byte) format}),
                    RawClient.execute("", 0),
                    RawClient.sync()));
            List<RawClient.Message> said = client.until("Z");
            assertThat(RawClient.tags(said)).isEqualTo("12DCZ");
            assertThat(said.get(2).columns())
                    .hasSize(6)
                    .allSatisfy(
                            value -> assertThat(value).contains("***-**-6789").doesNotContain("123"));
        }
    }
}
