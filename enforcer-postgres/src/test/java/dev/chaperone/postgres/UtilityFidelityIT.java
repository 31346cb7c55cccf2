package dev.chaperone.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.testkit.Backends;
import dev.chaperone.testkit.PostgresBackend;
import dev.chaperone.testkit.PostgresOptions;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * With a policy that permits everything, a person gets from the gateway what the server itself would say: every message of
 * every answer, on the newest server and on one that prints no trees of utility statements.
 */
@ParameterizedClass(name = "PostgreSQL {0}")
@MethodSource("dev.chaperone.testkit.PostgresMajors#tested")
final class UtilityFidelityIT {

    private static final Map<String, String> SCRIPTS = new TreeMap<>(Map.ofEntries(
            Map.entry("cursors", """
                    begin
                    declare c scroll cursor for select id, name, ssn, born from patients order by id
                    fetch c
                    fetch next from c
                    fetch relative 0 from c
                    fetch prior in c
                    fetch backward all in c
                    fetch 2 from c
                    move 1 in c
                    move absolute 1 from c
                    fetch absolute -1 from c
                    fetch forward 0 from c
                    fetch -1 c
                    fetch all c
                    close c
                    fetch c
                    rollback
                    """),
            Map.entry("binary cursors", """
                    begin
                    declare b binary cursor for select id, name, born from patients order by id
                    fetch 2 from b
                    move b
                    close all
                    declare "Odd name" no scroll cursor without hold for values (1, 'a'), (2, 'b')
                    fetch all "Odd name"
                    fetch backward 1 from "Odd name"
                    commit
                    """),
            Map.entry("cursors that outlive their transaction", """
                    begin
                    declare h cursor with hold for select n from numbers where n < 4 order by n
                    declare g cursor for select 1
                    fetch h
                    commit
                    fetch h
                    fetch g
                    fetch all h
                    close h
                    fetch h
                    declare d cursor for select 1
                    """),
            Map.entry("cursors and savepoints", """
                    begin
                    declare c cursor for select 'outer' where true
                    savepoint s
                    close c
                    declare c cursor for select id, name from patients order by id
                    fetch c
                    rollback to s
                    fetch c
                    rollback to s
                    declare c cursor for select 'again'
                    fetch c
                    declare c cursor for select 'twice'
                    rollback
                    """),
            Map.entry("strings of several statements", """
                    select 1; select 2
                    select 1; selec
                    insert into ledger values (950, 1, 'x'); commit; selec 2
                    select id from ledger where id = 950
                    select 1; select 'unterminated
                    select $$abc
                    select $a$ abc $b$
                    select "abc
                    select 1 /* abc /* */
                    selec 'abc
                    select E'abc\\
                    begin
                    select 1; select 2
                    create temp table several (n int); insert into several values (1); select n from several
                    select 1; selec 2
                    select 1
                    select 1; selec 3
                    rollback
                    begin; select 1; selec; commit
                    begin; select 1
                    savepoint s
                    select 2; selec
                    rollback to s
                    select 3; select 4
                    commit
                    select 1/0; select 2
                    select 1; select nowhere; select 2
                    """),
            Map.entry("updates where a cursor stands", """
                    insert into ledger values (900, 1, 'a'), (901, 2, 'b')
                    begin
                    declare u cursor for select * from ledger where id >= 900 for update
                    fetch u
                    update ledger set amount = 7 where current of u
                    delete from ledger where current of u
                    commit
                    select * from ledger order by id
                    delete from ledger where id >= 900
                    """),
            Map.entry("prepared statements", """
                    prepare p (int) as select name, ssn from patients where id = $1
                    execute p (1)
                    execute p (1 + 1)
                    execute p ('3')
                    execute p (abs(-2)::numeric)
                    execute p
                    execute p (1, 2)
                    execute p ((select 1))
                    execute p (count(*))
                    execute p ('x')
                    prepare p as select 1
                    deallocate p
                    execute p (1)
                    deallocate p
                    prepare q as insert into ledger values ($1, $2, $3) returning id, note
                    execute q (910, 5, 'five')
                    execute q (910, 5, 'five')
                    execute q (911, -1, 'negative')
                    prepare r as delete from ledger where id = 910
                    execute r
                    deallocate all
                    execute r
                    prepare s as select
                    execute s
                    prepare t as selec
                    prepare t as select * from nowhere
                    prepare t as begin
                    deallocate prepare s
                    """),
            Map.entry("prepared statements that are analysed anew", """
                    prepare a (int) as select id, name from patients where id >= $1 order by id
                    create temp table listed (a int) partition by list (a)
                    create temp table listed1 partition of listed for values in (1)
                    execute a (2)
                    prepare i (int) as insert into listed values ($1)
                    execute i (1)
                    create temp table listed2 partition of listed for values in (2)
                    execute i (2)
                    select a from listed order by a
                    begin
                    alter table listed add column b int default 7
                    execute i (1)
                    table listed
                    rollback
                    execute i (1)
                    drop table listed1
                    execute i (2)
                    table listed
                    drop table listed
                    deallocate all
                    """),
            Map.entry("prepared statements and the search path", """
                    prepare w as select id, name from patients order by id
                    execute w
                    set search_path = other, public
                    execute w
                    reset search_path
                    execute w
                    deallocate w
                    """),
            Map.entry("plans", """
                    explain (costs off) select name from patients where id = 1
                    explain (costs off, verbose, format json) select count(*) from patients
                    explain (analyze, costs off, timing off, summary off, buffers off) select 1
                    explain (costs off) insert into ledger values (920, 1, '')
                    explain (analyze, costs off, timing off, summary off, buffers off) insert into ledger values (920, 1, '')
                    explain (analyze, verbose, timing off, summary off, buffers off, costs off) delete from ledger where id = 920 and false
                    select id from ledger where id = 920
                    delete from ledger where id = 920
                    prepare e (int) as select name from patients where id = $1
                    explain (costs off) execute e (2)
                    explain (costs off) create table explained as select 1 as a
                    explain (costs off) declare x cursor for select id from patients
                    explain (nonsense) select 1
                    explain select nothing from patients
                    deallocate e
                    """),
            Map.entry("tables from queries", """
                    create table made as select id, name from patients order by id
                    select * from made
                    create table if not exists made as select 1
                    create table made as select 1
                    drop table made
                    create temp table made (a, b) on commit drop as values (1, 'x')
                    create unlogged table made2 as select 1 as a with no data
                    select * from made2
                    drop table made2
                    select id, ssn into made3 from patients where id = 1
                    select * from made3
                    drop table made3
                    prepare m as select 5 as five
                    create table made4 as execute m
                    table made4
                    drop table made4
                    deallocate m
                    create materialized view made5 as select id from patients
                    select * from made5 order by id
                    refresh materialized view made5
                    drop materialized view made5
                    create view made6 as select id, upper(name) as name from patients
                    select * from made6 order by id
                    create or replace view made6 as select id, lower(name) as name from patients
                    select * from made6 order by id
                    drop view made6
                    create table made7 as select nothing
                    """),
            Map.entry("notifications", """
                    listen here
                    notify here, 'a payload'
                    notify here
                    notify elsewhere
                    begin
                    notify here, 'later'
                    commit
                    unlisten here
                    notify here
                    unlisten *
                    """),
            Map.entry("locks", """
                    lock table ledger
                    begin
                    lock table ledger in share row exclusive mode nowait
                    lock only ledger, entries in access share mode
                    lock patients in access exclusive mode
                    rollback
                    """),
            Map.entry("code", """
                    do $$ begin perform 1; raise notice 'said %', 2; end $$
                    do language plpgsql 'begin raise exception using errcode = ''P0999'', message = ''no''; end'
                    call nothing()
                    call nowhere()
                    """),
            Map.entry("maintenance", """
                    analyze ledger
                    vacuum ledger
                    vacuum (analyze, verbose off) ledger
                    begin
                    vacuum ledger
                    rollback
                    reindex table ledger
                    checkpoint
                    cluster ledger
                    comment on table ledger is 'x'
                    prepare transaction 'nothing'
                    begin
                    insert into ledger values (930, 1, '')
                    prepare transaction 'first'
                    rollback prepared 'first'
                    commit prepared 'first'
                    """),
            Map.entry("texts that do not end", """
                    select 'a
                    begin
                    select "a
                    rollback
                    select 1; select $a$b
                    select /* /* */ 1
                    select E'\\'
                    select U&"a
                    select 1a
                    select 1
                    """),
            Map.entry("large objects by SQL", """
                    select lo_from_bytea(77001, 'abcdef')
                    select lo_get(77001), lo_get(77001, 2, 2)
                    begin
                    select lo_open(77001, 131072)
                    select loread(0, 3)
                    select lo_close(0)
                    commit
                    select lo_unlink(77001)
                    select lo_get(77001)
                    """),
            Map.entry("what a client wants to hear", """
                    show client_min_messages
                    do $$ begin raise warning 'one'; raise notice 'two'; raise info 'three'; raise log 'four'; end $$
                    set client_min_messages = warning
                    show client_min_messages
                    do $$ begin raise warning 'one'; raise notice 'two'; raise info 'three'; end $$
                    drop table if exists nowhere
                    begin
                    set local client_min_messages to 'ERROR'
                    show client_min_messages
                    do $$ begin raise warning 'one'; end $$
                    savepoint s
                    set client_min_messages = notice
                    do $$ begin raise notice 'two'; end $$
                    rollback to s
                    do $$ begin raise warning 'one'; end $$
                    commit
                    show client_min_messages
                    do $$ begin raise warning 'one'; raise notice 'two'; end $$
                    begin
                    set client_min_messages = error
                    rollback
                    do $$ begin raise warning 'one'; end $$
                    set client_min_messages = log
                    do $$ begin raise log 'four'; end $$
                    reset client_min_messages
                    do $$ begin raise notice 'two'; raise log 'four'; end $$
                    set client_min_messages to default
                    set client_min_messages = error
                    discard all
                    do $$ begin raise notice 'two'; end $$
                    select name, setting from pg_settings where name = 'work_mem'
                    """),
            Map.entry("settings that the policy decides on", """
                    set work_mem = '8MB'
                    show work_mem
                    set role none
                    set session authorization default
                    set row_security = off
                    set my.own = 'x'
                    show my.own
                    set datestyle = 'German'
                    select date '2020-01-31'
                    reset datestyle
                    set time zone interval '1' hour to minute
                    show timezone
                    set nonsense = 1
                    select set_config('work_mem', '9MB', false)
                    reset all
                    show work_mem
                    """),
            Map.entry("settings that code changes", """
                    do $$ begin perform set_config('debug_print_rewritten', 'off', false); end $$
                    select id from patients where id = 1
                    begin
                    do $$ begin perform set_config('search_path', 'other', false); end $$
                    select name from patients
                    select set_config('search_path', 'public', false)
                    select id from patients where id = 1
                    rollback
                    select id from patients where id = 1
                    """),
            Map.entry("settings", """
                    discard plans
                    discard temp
                    discard sequences
                    discard all
                    reset all
                    show transaction isolation level
                    set statement_timeout = '5s'
                    show statement_timeout
                    discard all
                    show statement_timeout
                    """)));

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
    Stream<DynamicTest> theGatewaySaysWhatTheServerSays() {
        return SCRIPTS.entrySet().stream()
                .flatMap(script -> Stream.of(
                        DynamicTest.dynamicTest(
                                script.getKey() + ", simple", () -> compare(script.getValue(), Transcript::simple)),
                        DynamicTest.dynamicTest(
                                script.getKey() + ", extended",
                                () -> compare(script.getValue(), Transcript::extended))));
    }

    @Test
    void functionsAreCalledByMessage() throws IOException {
        List<String> direct;
        try (RawClient client = RawClient.direct(gateway.backend.port(), Gateway.ROLE, Gateway.PASSWORD)) {
            direct = calls(client);
        }
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.HUMAN)) {
            assertThat(calls(client)).containsExactlyElementsOf(direct);
        }
    }

    private static List<String> calls(RawClient client) throws IOException {
        List<String> lines = new ArrayList<>();
        for (byte[] message : List.of(
                RawClient.call(1397, 0, "-4"), // abs
                RawClient.call(1397, 1, "-4"),
                RawClient.call(1397, 0, "x"),
                RawClient.call(1397, 0),
                RawClient.query("begin"),
                RawClient.call(1397, 0, "7"),
                RawClient.call(957, 0, "0"), // lo_creat
                RawClient.query("select 1"),
                RawClient.call(955, 0, "0", "3"), // lowrite
                RawClient.query("rollback"),
                RawClient.call(2147483646, 0))) {
            client.raw(message);
            lines.add(">");
            for (String line : Transcript.read(client)) {
                // A new large object has a new OID.
                lines.add(line.startsWith("V \\00\\00\\00\\05") ? "V" : line);
            }
        }
        return lines;
    }

    @Test
    void cursorsOfSqlAreRunByMessages() throws IOException {
        List<String> direct;
        try (RawClient client = RawClient.direct(gateway.backend.port(), Gateway.ROLE, Gateway.PASSWORD)) {
            direct = cursors(client);
        }
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.HUMAN)) {
            assertThat(cursors(client)).containsExactlyElementsOf(direct);
        }
    }

    private static List<String> cursors(RawClient client) throws IOException {
        List<String> lines = new ArrayList<>();
        for (byte[] message : List.of(
                RawClient.query("begin"),
                RawClient.query("declare c cursor for select id, name from patients order by id"),
                RawClient.join(RawClient.describe('P', "c"), RawClient.sync()),
                RawClient.join(RawClient.execute("c", 2), RawClient.sync()),
                RawClient.query("fetch c"),
                RawClient.join(RawClient.execute("c", 0), RawClient.sync()),
                RawClient.join(RawClient.message('C', new byte[] {'P'}, RawClient.bytes("c")), RawClient.sync()),
                RawClient.join(RawClient.describe('P', "c"), RawClient.sync()),
                RawClient.query("rollback"),
                RawClient.query("prepare p (int) as select name from patients where id = $1"),
                RawClient.join(RawClient.describe('S', "p"), RawClient.sync()),
                RawClient.join(RawClient.message('C', new byte[] {'S'}, RawClient.bytes("p")), RawClient.sync()),
                RawClient.query("execute p (1)"))) {
            client.raw(message);
            lines.add(">");
            lines.addAll(Transcript.read(client));
        }
        return lines;
    }

    private void compare(String script, Way way) throws IOException {
        List<String> statements = script.lines().toList();
        List<String> direct;
        try (RawClient client = RawClient.direct(gateway.backend.port(), Gateway.ROLE, Gateway.PASSWORD)) {
            direct = way.run(client, statements);
        }
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.HUMAN)) {
            assertThat(way.run(client, statements)).containsExactlyElementsOf(direct);
        }
    }

    /** A way to send statements. */
    interface Way {
        List<String> run(RawClient client, List<String> statements) throws IOException;
    }
}
