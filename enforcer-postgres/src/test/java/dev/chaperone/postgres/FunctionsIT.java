package dev.chaperone.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.testkit.Backends;
import dev.chaperone.testkit.LogLines;
import dev.chaperone.testkit.PostgresBackend;
import java.io.StringReader;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;

/** Functions that the configuration puts on the list of those that may be called, or takes off it. */
class FunctionsIT {

    private static PostgresBackend backend;
    private static Gateway gateway;
    private static List<String> logged;

    @BeforeAll
    static void start() {
        backend = Backends.postgres();
        Gateway.seed(backend);
        backend.executeIn(
                Gateway.DATABASE,
                "create function twice(int) returns int language sql as 'select 2 * $1'",
                "create function twice(bigint) returns bigint language sql as 'select 2 * $1'",
                "create function \"Odd name\"(text, timestamptz) returns text language plpgsql security definer"
                        + " as 'begin return $1; end'",
                "create function either(int) returns int language sql as 'select 3'",
                "create function either(text) returns int language sql as 'select 4'",
                "create function known(text) returns bool language sql stable as 'select length($1) > 0'",
                "create domain checked as text check (value is null or public.known(value))",
                "create table holder (id int, k checked)",
                "create table rows_of_checked (id int, k checked[])",
                "create function kind_of(int) returns int language sql immutable as 'select $1 % 2'",
                "create table parted (id int) partition by list (kind_of(id))",
                "create table parted_even partition of parted for values in (0)",
                "create table renamed (id int, plain text, ssn text)",
                "insert into renamed values (1, 'open', 'secret')",
                "grant insert, select, update on holder, rows_of_checked, parted, renamed to gateway",
                "create operator @+@ (leftarg = int, rightarg = int, function = int4pl)");
        try (LogLines lines = LogLines.of(Upstream.class)) {
            gateway = Gateway.before(
                    backend,
                    config(new PostgresConfig.Functions(
                            List.of(
                                    "public.twice(integer)",
                                    "public.Odd name( text , timestamp with time zone )",
                                    "public.either",
                                    "query_to_xml"),
                            List.of("pg_get_viewdef", "pg_catalog.upper(text)", "public.either(text)"))));
            logged = lines.all();
        }
    }

    private static PostgresConfig config(PostgresConfig.Functions functions) {
        PostgresConfig.Upstream usual = Gateway.upstream(backend, Gateway.DATABASE);
        return new PostgresConfig(
                new PostgresConfig.Listen("127.0.0.1", 0, true, null, null),
                Map.of(
                        Gateway.DATABASE,
                        new PostgresConfig.Upstream(
                                usual.host(),
                                usual.port(),
                                usual.database(),
                                usual.user(),
                                usual.password(),
                                usual.tls(),
                                usual.ca(),
                                usual.allowTrust(),
                                usual.role(),
                                functions)),
                Gateway.bounds());
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    @BeforeEach
    void onlyListedFunctionsArePermitted() {
        gateway.decisions.policy(FunctionsIT::decide);
    }

    private static Decision decide(DecideRequest request) {
        return request.getResource().getFunctionsList().isEmpty()
                ? TestingDecisions.permit()
                : TestingDecisions.deny(String.join(" ", request.getResource().getFunctionsList()));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "select twice(4)|8",
                "select \"Odd name\"('x', now())|x",
                "select either(1)|3",
                "select lower('X')|x",
                "select 1 @+@ 1|2",
                "select query_to_xml('select 1', true, true, '') is not null|t"
            })
    void whatIsAllowedMayBeCalled(String sql, String expected) throws SQLException {
        assertThat(value(sql)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "select twice(4::bigint)|public.twice",
                "select either('a')|public.either",
                "select upper('x')|pg_catalog.upper",
                "select pg_get_viewdef('pg_views'::regclass)|pg_catalog.pg_get_viewdef",
                "select table_to_xml('patients', true, true, '')|pg_catalog.table_to_xml",
                "select txid_current()|pg_catalog.txid_current",
                "select pg_current_xact_id()|pg_catalog.pg_current_xact_id",
                "select pg_current_snapshot()|pg_catalog.pg_current_snapshot",
                "select setseed(0.5)|pg_catalog.setseed",
                "select inet_server_addr()|pg_catalog.inet_server_addr",
                "select inet_client_port()|pg_catalog.inet_client_port",
                "select fmgr_c_validator(1)|pg_catalog.fmgr_c_validator",
                "select pg_relation_filepath('patients')|pg_catalog.pg_relation_filepath",
                "select pg_relation_filenode('patients')|pg_catalog.pg_relation_filenode"
            })
    void whatIsNotIsUpToThePolicy(String sql, String function) {
        assertThatThrownBy(() -> value(sql)).hasMessageContaining(function);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "copy holder (k) from stdin|public.known",
                "copy holder from stdin (format csv)|public.known",
                "copy rows_of_checked (k) from stdin|public.known",
                "copy parted from stdin|public.kind_of",
                "insert into parted values (2)|public.kind_of"
            })
    void whatTheServerCallsByItselfForANewRowIsUpToThePolicy(String sql, String function) throws SQLException {
        try (Connection connection = gateway.connect(TestingAuthenticator.AGENT);
                Statement statement = connection.createStatement()) {
            assertThatThrownBy(() -> {
                        if (sql.startsWith("copy")) {
                            connection.unwrap(PGConnection.class).getCopyAPI().copyIn(sql, new StringReader("1\n"));
                        } else {
                            statement.execute(sql);
                        }
                    })
                    .hasMessageContaining(function);
        }
        assertThat(value("update holder set id = 1 returning id")).isNull();
    }

    @Test
    void aRenamedColumnIsDecidedOnByItsNewNameAtOnce() throws SQLException {
        gateway.decisions.policy(request -> request.getResource().getRelationsList().stream()
                        .flatMap(relation -> relation.getColumnsList().stream())
                        .anyMatch(column -> column.getName().equals("ssn"))
                ? TestingDecisions.deny("labelled")
                : TestingDecisions.permit());
        try (Connection connection = gateway.connect(TestingAuthenticator.AGENT);
                Statement statement = connection.createStatement()) {
            assertThat(statement.execute("select plain from renamed")).isTrue();
            backend.executeIn(
                    Gateway.DATABASE,
                    "begin",
                    "alter table renamed rename plain to other",
                    "alter table renamed rename ssn to plain",
                    "alter table renamed rename other to ssn",
                    "commit");
            assertThatThrownBy(() -> statement.execute("select r.ssn from renamed r"))
                    .hasMessageContaining("labelled");
            assertThat(statement.execute("select r.plain from renamed r")).isTrue();
            assertThatThrownBy(() -> statement.execute("select x.b from renamed x(a, b, c) where x.c > 'a'"))
                    .hasMessageContaining("labelled");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"public.twice(text)", "public.thrice", "no_such.twice(integer)", "uper(text)"})
    void anEntryThatNamesNoFunctionStopsTheStart(String entry) {
        assertThatThrownBy(
                        () -> Gateway.before(backend, config(new PostgresConfig.Functions(List.of(entry), List.of()))))
                .isInstanceOf(EnforcementException.class)
                .hasMessageContaining("`functions.allow` of upstream `clinic` has `" + entry + "`");
        assertThatThrownBy(
                        () -> Gateway.before(backend, config(new PostgresConfig.Functions(List.of(), List.of(entry)))))
                .hasMessageContaining("`functions.refuse` of upstream `clinic` has `" + entry + "`");
    }

    @Test
    void whatIsAllowedBeyondTheListIsReportedAtStart() {
        assertThat(logged)
                .singleElement()
                .asString()
                .startsWith("WARN ")
                .contains(
                        "public.twice(integer) (language sql, volatile)",
                        "public.Odd name(text,timestamp with time zone) (language plpgsql, volatile, security definer)",
                        "pg_catalog.query_to_xml(text,boolean,boolean,text) (kept back by default, volatile)")
                .doesNotContain("either(text)");
    }

    @Test
    void theRefusalNamesWhatMayBeMeant() {
        assertThatThrownBy(() -> Gateway.before(
                        backend, config(new PostgresConfig.Functions(List.of("public.twice(text)"), List.of()))))
                .hasMessageContaining("`public.twice(bigint)`, `public.twice(integer)`");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "twice(", "(integer)", "twice)"})
    void anEntryThatIsNoFunctionIsRefused(String entry) {
        assertThatThrownBy(() -> new PostgresConfig.Functions(List.of(entry), List.of()))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static @Nullable String value(String sql) throws SQLException {
        try (Connection connection = gateway.connect(TestingAuthenticator.AGENT);
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            return rows.next() ? rows.getString(1) : null;
        }
    }
}
