package dev.chaperone.postgres;

import static dev.chaperone.postgres.Jdbc.execute;
import static dev.chaperone.postgres.Jdbc.rows;
import static dev.chaperone.postgres.TestingDecisions.permit;
import static dev.chaperone.postgres.TestingDecisions.touches;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chaperone.decision.v1.Mask;
import dev.chaperone.decision.v1.Obligation;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Locale;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.util.PSQLException;

/** What an agent gets when its statements work on masked values. */
class SourceRewriteIT {

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
        gateway.recorder.reset();
        gateway.decisions.policy(request -> touches(request, "patients")
                ? permit(everywhere("name", "pseudonym"), everywhere("ssn", "last4"), everywhere("born", "year"))
                : permit());
    }

    private static Obligation everywhere(String column, String function) {
        return Obligation.newBuilder()
                .setMask(Mask.newBuilder()
                        .setField("clinic.public.patients." + column)
                        .setFunction(function)
                        .setScope(Mask.Scope.SCOPE_EVERYWHERE))
                .build();
    }

    @ParameterizedTest
    @ValueSource(strings = {"simple", "extended", "extendedForPrepared"})
    void expressionsConditionsAndGroupsWorkOnMaskedValues(String mode) throws SQLException {
        try (Connection connection = gateway.agent(mode)) {
            assertThat(rows(connection, "select ssn || '!' from patients where id < 3 order by id"))
                    .containsExactly("***-**-6789!", "***-**-4321!");
            assertThat(rows(connection, "select count(*) from patients where ssn like '123%'"))
                    .containsExactly("0");
            assertThat(rows(
                            connection,
                            "select extract(year from born) y, count(*) from patients group by 1 order by 1"))
                    .containsExactly("1936|1", "1970|1", "null|1");
            assertThat(rows(
                            connection,
                            "select p.name = q.name from patients p join patients q using (id) where id = 1"))
                    .containsExactly("t");
            assertThat(rows(connection, "select id from patients")).hasSize(3);
        }
    }

    @ParameterizedTest
    @CsvSource({"simple,false", "extended,false", "extended,true"})
    void pseudonymsOfTheDatabaseAndOfTheWireAreTheSame(String mode, boolean binary) throws SQLException {
        try (Connection connection = gateway.agent(mode, "binaryTransfer", Boolean.toString(binary))) {
            String delivered =
                    rows(connection, "select name from patients where id = 1").get(0);
            assertThat(delivered).matches("p_[0-9a-f]{16}");
            assertThat(rows(connection, "select upper(name) from patients where id = 1"))
                    .containsExactly(delivered.toUpperCase(Locale.ROOT));
            try (PreparedStatement statement =
                    connection.prepareStatement("select id from patients where name = ? and id >= ?")) {
                for (int i = 0; i < 7; i++) {
                    statement.setString(1, delivered);
                    statement.setInt(2, 0);
                    try (ResultSet found = statement.executeQuery()) {
                        assertThat(found.next()).isTrue();
                        assertThat(found.getInt(1)).isEqualTo(1);
                    }
                }
            }
        }
    }

    @Test
    void twoPortalsOfRewrittenStatementsDoNotDisturbEachOther() throws SQLException {
        try (Connection connection = gateway.agent("extended")) {
            connection.setAutoCommit(false);
            try (Statement one = connection.createStatement();
                    Statement two = connection.createStatement()) {
                one.setFetchSize(1);
                two.setFetchSize(1);
                try (ResultSet names = one.executeQuery("select upper(name), 1 from patients order by id");
                        ResultSet numbers = two.executeQuery("select ssn || '', 2 from patients order by id")) {
                    for (int i = 0; i < 3; i++) {
                        assertThat(names.next()).isTrue();
                        assertThat(numbers.next()).isTrue();
                        assertThat(names.getInt(2)).isEqualTo(1);
                        assertThat(numbers.getInt(2)).isEqualTo(2);
                        assertThat(names.getString(1)).startsWith("P_");
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "select upper(name) from only patients",
                "select upper(patients.name) from patients tablesample system (100)",
                "select upper(public.patients.name) from public.patients",
                "select 1 from patients p where exists (table patients order by ssn)",
                "update patients set visits = 1 where ssn like '123%'",
            })
    void whatCannotBeRewrittenIsRefusedAndTheSessionGoesOn(String sql) throws SQLException {
        try (Connection connection = gateway.agent("extended")) {
            assertThatThrownBy(() -> execute(connection, sql))
                    .isInstanceOfSatisfying(
                            PSQLException.class,
                            e -> assertThat(e.getSQLState()).isEqualTo("42501"));
            assertThat(rows(connection, "select id from patients")).hasSize(3);
            connection.setAutoCommit(false);
            assertThatThrownBy(() -> execute(connection, sql)).isInstanceOf(PSQLException.class);
            assertThatThrownBy(() -> execute(connection, "select 1"))
                    .isInstanceOfSatisfying(
                            PSQLException.class,
                            e -> assertThat(e.getSQLState()).isEqualTo("25P02"));
            connection.rollback();
            assertThat(rows(connection, "select id from patients")).hasSize(3);
        }
    }

    @Test
    void aRuntimeErrorSaysNothingOfTheRewriting() throws SQLException {
        try (Connection connection = gateway.agent("simple")) {
            assertThatThrownBy(() -> rows(connection, "select name::int from patients"))
                    .isInstanceOfSatisfying(PSQLException.class, e -> {
                        assertThat(e.getSQLState()).isEqualTo("22P02");
                        assertThat(e.getMessage()).doesNotContain("p_").doesNotContain("Position");
                    });
        }
    }
}
