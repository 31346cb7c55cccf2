package dev.chaperone.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.testkit.Backends;
import dev.chaperone.testkit.PostgresBackend;
import dev.chaperone.testkit.PostgresOptions;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * With a policy that permits everything the server gets the text that the client has sent, to the last byte, and shows it where
 * it shows texts; what the gateway has prepared for itself is not shown.
 */
@ParameterizedClass(name = "PostgreSQL {0}")
@MethodSource("dev.chaperone.testkit.PostgresMajors#tested")
final class TextFidelityIT {

    private static final Map<String, String> SCRIPTS = new TreeMap<>(Map.ofEntries(
            Map.entry("semicolons", """
                    select 1;
                    selec 1;
                    select ;
                    select from where;
                    select 1 +;
                      -- a comment
                    /* another */ select nowhere ;; -- the end
                    insert into ledger values (;
                    explain select;
                    explain (costs off) selec;
                    declare c cursor for;
                    create table x as;
                    prepare p as;
                    copy ledger from;
                    begin;
                    lock;
                    rollback;
                    """),
            Map.entry("texts of prepared statements", """
                    prepare p as select 1;
                    prepare  q (int) as select $1 ; -- why
                    select name, statement, parameter_types, from_sql from pg_prepared_statements order by name;
                    select name, statement, parameter_types, from_sql from pg_prepared_statements order by name;
                    select name, statement, parameter_types, from_sql from pg_prepared_statements order by name;
                    explain (costs off) execute p;
                    select name, statement from pg_prepared_statement() order by name;
                    select count(*) from pg_prepared_statements;
                    select count(*) from pg_prepared_statements;
                    select count(*) from pg_prepared_statements where name <> 'x';
                    select count(*) from pg_prepared_statements where name <> 'y';
                    select count(*) from pg_prepared_statements where name <> 'z';
                    execute p;
                    select name, statement from pg_prepared_statements order by name;
                    deallocate all;
                    select name, statement from pg_prepared_statements order by name;
                    """),
            Map.entry("texts of cursors", """
                    begin;
                    declare c cursor for select 1 ;
                    /* before */ declare d scroll cursor for select id from patients ; -- after
                    select name, statement, is_holdable, is_binary, is_scrollable from pg_cursors where name <> '' order by name;
                    commit;
                    """),
            Map.entry("texts of activity", """
                    select query from pg_stat_activity where pid = pg_backend_pid();
                    /* a */ select query, state from pg_stat_activity where pid = pg_backend_pid() ; -- b
                    """),
            Map.entry("a temporary table from a prepared statement", """
                    prepare p as select 1 as a;
                    create temp table t as execute p;
                    table t;
                    """),
            Map.entry("plans of a temporary table from a prepared statement", """
                    prepare p as select 1 as a;
                    explain (analyze, costs off, timing off, summary off, buffers off) create temp table t as execute p;
                    table t;
                    """),
            Map.entry("results that change their type", """
                    create temp table t (a int);
                    insert into t values (1);
                    prepare p as select * from t;
                    execute p;
                    alter table t add b text default 'b';
                    execute p;
                    explain (costs off) execute p;
                    create temp table u as execute p;
                    deallocate p;
                    prepare p as select * from t;
                    execute p;
                    alter table t drop b;
                    execute p;
                    alter table t add b text default 'c';
                    execute p;
                    begin;
                    alter table t drop a;
                    execute p;
                    rollback;
                    execute p;
                    alter table t alter b type varchar(20);
                    execute p;
                    """),
            Map.entry("settings in a string of several statements", """
                    set transaction isolation level serializable; show transaction_isolation
                    set local work_mem = '8MB'; show work_mem
                    show work_mem
                    set constraints all deferred; select 1
                    commit; select 1
                    set transaction isolation level serializable
                    set local work_mem = '8MB';
                    """),
            Map.entry("copying", """
                    copy ledger (nothing) to stdout;
                    copy nowhere to stdout;
                    copy (select 1 into x) to stdout;
                    copy (insert into ledger values (990, 1, '')) to stdout;
                    copy (select 1) to stdout (delimiter '');
                    copy (selec) to stdout;
                    copy (select nothing) to stdout;
                    copy (delete from ledger where false returning id) to stdout;
                    copy (delete from ledger where false) to stdout;
                    copy (select 1, 2, null) to stdout (delimiter E'\\t', null E'\\\\N');
                    copy (select 'a''b', 2) to stdout (format csv, quote E'\\'', delimiter E';');
                    copy (select 1, 2, null) to stdout with delimiter as E'\\t' null as E'\\\\X';
                    copy ledger from stdin delimiter E'\\t' nonsense;
                    create view v as select id from patients;
                    copy v to stdout;
                    copy v from stdin;
                    drop view v;
                    """),
            Map.entry("executing", """
                    prepare p (int, text) as select $1, $2;
                    execute p;
                    execute p (1);
                    execute p (1, 2, 3);
                    execute p ('x', 'y');
                    execute p (1, (select 'a'));
                    execute p (1, max('a'));
                    execute p (row_number() over (), 'a');
                    execute p (generate_series(1, 2), 'a');
                    execute nowhere (1);
                    execute p (1 / 0, 'a');
                    """)));

    /** Where the server finds out when it runs a statement, and the gateway when the statement is bound. */
    private static final Set<String> SIMPLE = Set.of("copying", "results that change their type");

    @Parameter
    int major;

    private static Gateway gateway;

    @BeforeParameterizedClassInvocation
    static void start(int major) {
        PostgresBackend backend = Backends.postgres(PostgresOptions.temporary().withMajor(major));
        Gateway.seed(backend);
        gateway = Gateway.before(backend, Gateway.config(backend, PostgresConfig.TlsMode.DISABLE, null, Gateway.ROLE));
        gateway.decisions.policy(request -> TestingDecisions.permitUnanalysed());
    }

    @AfterParameterizedClassInvocation
    static void stop() {
        gateway.close();
    }

    @TestFactory
    Stream<DynamicTest> theServerGetsWhatTheClientSent() {
        return SCRIPTS.entrySet().stream().flatMap(script -> {
            DynamicTest simple = DynamicTest.dynamicTest(
                    script.getKey() + ", simple", () -> compare(script.getValue(), Transcript::simple));
            DynamicTest extended = DynamicTest.dynamicTest(
                    script.getKey() + ", extended", () -> compare(script.getValue(), Transcript::extended));
            return SIMPLE.contains(script.getKey()) ? Stream.of(simple) : Stream.of(simple, extended);
        });
    }

    private static void compare(String script, UtilityFidelityIT.Way way) throws IOException {
        List<String> statements = script.lines().toList();
        List<String> direct;
        try (RawClient client = RawClient.direct(gateway.backend.port(), Gateway.ROLE, Gateway.PASSWORD)) {
            direct = way.run(client, statements);
        }
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.HUMAN)) {
            assertThat(way.run(client, statements)).containsExactlyElementsOf(direct);
        }
    }
}
