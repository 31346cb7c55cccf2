package dev.chaperone.postgres;

import static dev.chaperone.postgres.TestingDecisions.deny;
import static dev.chaperone.postgres.TestingDecisions.mask;
import static dev.chaperone.postgres.TestingDecisions.permit;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.decision.v1.ActionClass;
import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.decision.v1.Limit;
import dev.chaperone.decision.v1.Mask;
import dev.chaperone.decision.v1.Obligation;
import dev.chaperone.decision.v1.Relation;
import dev.chaperone.decision.v1.Use;
import dev.chaperone.testkit.Backends;
import dev.chaperone.testkit.PostgresBackend;
import dev.chaperone.testkit.PostgresOptions;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Cursors, prepared statements, plans and copies of tables are no way around masks. Every byte that comes is looked at.
 */
@ParameterizedClass(name = "PostgreSQL {0}")
@MethodSource("dev.chaperone.testkit.PostgresMajors#tested")
final class UtilityMaskingIT {

    /** Parts of values that are masked, in the forms in which they could come. */
    private static final List<String> CANARIES = List.of("123-45-", "987-65-", "3132332d34352d", "MTIzLTQ1");

    @Parameter
    int major;

    private static Gateway gateway;
    private RawClient client;
    private final List<String> received = new ArrayList<>();

    @BeforeParameterizedClassInvocation
    static void start(int major) {
        PostgresBackend backend = Backends.postgres(PostgresOptions.temporary().withMajor(major));
        Gateway.seed(backend);
        gateway = Gateway.before(backend, Gateway.config(backend, PostgresConfig.TlsMode.DISABLE, null, Gateway.ROLE));
    }

    @AfterParameterizedClassInvocation
    static void stop() {
        gateway.close();
    }

    @BeforeEach
    void connect() throws IOException {
        delivered();
        received.clear();
        client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT);
    }

    @AfterEach
    void nothingHasLeaked() throws IOException {
        client.close();
        assertThat(String.join("\n", received)).doesNotContain(CANARIES);
    }

    private void delivered() {
        policy(mask("clinic.public.patients.ssn", "last4"));
    }

    private void everywhere() {
        policy(Obligation.newBuilder()
                .setMask(Mask.newBuilder()
                        .setField("clinic.public.patients.ssn")
                        .setFunction("last4")
                        .setScope(Mask.Scope.SCOPE_EVERYWHERE))
                .build());
    }

    private void policy(Obligation... obligations) {
        gateway.decisions.policy(request -> decide(request, obligations));
    }

    private static Decision decide(DecideRequest request, Obligation... obligations) {
        if (request.getResource().getFunctionsCount() > 0) {
            return deny("unknown function");
        }
        List<Relation> relations = request.getResource().getRelationsList();
        boolean patients = relations.stream().anyMatch(UtilityMaskingIT::patients);
        boolean copies = relations.stream()
                        .anyMatch(relation ->
                                relation.getWritten() && !relation.getName().equals("patients"))
                && relations.stream()
                        .filter(UtilityMaskingIT::patients)
                        .flatMap(relation -> relation.getColumnsList().stream())
                        .anyMatch(column -> column.getName().equals("ssn")
                                && column.getUsesList().contains(Use.USE_DERIVED));
        if (copies && request.getAction().getClass_() != ActionClass.ACTION_CLASS_READ) {
            return deny("copy out of classification");
        }
        return patients ? permit(obligations) : permit();
    }

    private static boolean patients(Relation relation) {
        return relation.getSchema().equals("public") && relation.getName().equals("patients");
    }

    @Test
    void cursorsAreMasked() throws IOException {
        run("begin", "declare c scroll cursor for select id, ssn from patients order by id");
        assertThat(rows("fetch 1 from c")).containsExactly("1|***-**-6789");
        assertThat(rows("fetch all from c")).containsExactly("2|***-**-4321", "3|NULL");
        assertThat(rows("fetch absolute 1 from c")).containsExactly("1|***-**-6789");
        assertThat(rows("fetch backward 1 from c")).isEmpty();
        assertThat(rows("move 2 in c")).isEmpty();
        run("declare b binary cursor for select ssn from patients order by id");
        assertThat(rows("fetch 2 from b")).containsExactly("***-**-6789", "***-**-4321");
        run("commit");
    }

    @Test
    void aHeldCursorStaysMasked() throws IOException {
        run("begin", "declare h cursor with hold for select ssn from patients order by id", "commit");
        assertThat(rows("fetch 2 from h")).containsExactly("***-**-6789", "***-**-4321");
        run("close h");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "declare c cursor for select ssn || '' from patients",
                "declare c cursor for select p from patients p",
                "declare c cursor for select id from patients order by ssn",
                "explain select ssn from patients",
                "explain analyze select id from patients where ssn like '123%'",
                "explain (verbose, format json) select id from patients where ssn = '123-45-6789' || ''",
                "explain declare c cursor for select ssn from patients",
                "explain create table stolen as select ssn from patients",
                "create table stolen as select ssn from patients",
                "create table stolen as select id, ssn || '' as x from patients with no data",
                "create temp table stolen as table patients",
                "create materialized view stolen as select ssn from patients",
                "select ssn into stolen from patients",
                "select id into temp stolen from patients where ssn like '1%'",
                "with x as (select ssn from patients) select * into stolen from x",
                "do $$ begin perform 1; end $$",
                "explain execute nobody_knows_it",
            })
    void whatAMaskOnTheWireDoesNotCoverIsRefused(String sql) throws IOException {
        run("begin");
        assertThat(error(sql)).isEqualTo("42501");
        assertThat(error("select 1")).isEqualTo("25P02");
        run("rollback");
        assertThat(rows("select to_regclass('stolen')")).containsExactly("NULL");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "explain analyze delete from patients where id = 1",
                "explain (U&\"analyze\") delete from patients where id = 1",
                "explain (costs off, U&\"!0061nalyze\" uescape '!') delete from patients where id = 1",
                "explain (analyze off, \"analyze\") update patients set name = 'x' where id = 1",
                "explain analyze create table planned as select id from patients",
                "explain analyze select id into planned from patients",
                "explain (U&\"analyze\") create materialized view planned as select id from patients"
            })
    void aPlanThatIsRunIsNoRead(String sql) throws IOException {
        gateway.decisions.policy(request ->
                request.getAction().getClass_() == ActionClass.ACTION_CLASS_READ ? permit() : deny("only reads"));
        assertThat(error(sql)).isIn("42501", "42601");
        assertThat(rows("select to_regclass('planned')")).containsExactly("NULL");
        assertThat(rows("select name from patients where id = 1")).hasSize(1).doesNotContain("x");
    }

    @Test
    void whatTouchesNothingMaskedIsCarriedOut() throws IOException {
        assertThat(rows("explain (costs off) select id, name from patients")).isNotEmpty();
        run("create table fine as select id, name from patients order by id");
        run("create view seen as select id, ssn from patients");
        assertThat(rows("select * from seen order by id")).contains("1|***-**-6789");
        run("begin", "declare c cursor for select ssn from seen order by id");
        assertThat(rows("fetch 1 from c")).containsExactly("***-**-6789");
        run("lock table ledger in share mode", "commit", "drop table fine", "drop view seen");
    }

    @Test
    void preparedStatementsAreMasked() throws IOException {
        run("prepare p (int) as select id, ssn from patients where id <= $1 order by id");
        assertThat(rows("execute p (1)")).containsExactly("1|***-**-6789");
        assertThat(rows("execute p (1 + 1)")).containsExactly("1|***-**-6789", "2|***-**-4321");
        client.raw(RawClient.join(
                RawClient.message(
                        'B', RawClient.bytes(""), RawClient.bytes("p"), new byte[] {0, 0, 0, 1, 0, 0, 0, 1, '1', 0, 0}),
                RawClient.execute("", 0),
                RawClient.sync()));
        assertThat(rows(read())).containsExactly("1|***-**-6789");
        run("prepare q as select ssn || '' from patients");
        assertThat(error("execute q")).isEqualTo("42501");
        assertThat(error("create table stolen as execute p (3)")).isEqualTo("42501");
        assertThat(error("explain analyze execute p (3)")).isEqualTo("42501");
        assertThat(error("execute p (length(query_to_xml('select ssn from patients', true, true, '')::text))"))
                .isEqualTo("42501");
        run("deallocate all");
    }

    @Test
    void whatTheProtocolPreparedIsMaskedWhenSqlExecutesIt() throws IOException {
        client.raw(RawClient.join(
                RawClient.parse("shared", "select ssn from patients order by id"),
                RawClient.parse("derived", "select ssn || '' from patients"),
                RawClient.sync()));
        read();
        assertThat(rows("execute shared")).contains("***-**-6789");
        assertThat(error("execute derived")).isEqualTo("42501");
    }

    @Test
    void aPreparedStatementIsDecidedOnByWhatItMeansNow() throws IOException {
        run("set search_path = other", "prepare p as select ssn from patients");
        assertThat(rows("execute p")).containsExactly("other-secret");
        run("set search_path = public");
        assertThat(rows("execute p")).contains("***-**-6789");
        run("set search_path = other");
        run("prepare q as select ssn || '!' from patients");
        assertThat(rows("execute q")).containsExactly("other-secret!");
        run("set search_path = public");
        assertThat(error("execute q")).isEqualTo("42501");
    }

    @Test
    void aPreparedDeclarationIsDecidedOnByWhatItMeansNow() throws IOException {
        run("set search_path = other");
        client.raw(RawClient.join(
                RawClient.parse("d", "declare c cursor for select ssn || '!' from patients"),
                RawClient.parse("e", "explain select ssn || '!' from patients"),
                RawClient.sync()));
        read();
        run("set search_path = public");
        for (String name : List.of("d", "e")) {
            client.raw(RawClient.join(
                    RawClient.query("begin"), RawClient.bind("", name), RawClient.execute("", 0), RawClient.sync()));
            read();
            assertThat(code(read())).isEqualTo("42501");
            run("rollback");
        }
    }

    @Test
    void aTableThatTakesThePlaceOfAnotherDoesNotConfuse() throws IOException {
        run("create temp table harmless (ssn text)");
        client.raw(RawClient.join(
                RawClient.parse("d", "declare c cursor for select ssn || '' as x from patients"), RawClient.sync()));
        read();
        run("create temp table patients (ssn text)", "begin");
        client.raw(RawClient.join(RawClient.bind("", "d"), RawClient.execute("", 0), RawClient.sync()));
        read();
        client.raw(RawClient.query("fetch all from c"));
        assertThat(rows(read())).isEmpty();
        client.raw(RawClient.query("rollback"));
        read();
    }

    @Test
    void aCursorDoesNotPassForThePortalThatHadItsName() throws IOException {
        client.raw(RawClient.join(
                RawClient.query("begin"),
                RawClient.parse("", "select 'harmless' from numbers limit 1"),
                RawClient.bind("x", ""),
                RawClient.sync()));
        read();
        read();
        run("close x", "declare x cursor for select ssn from patients order by id");
        client.raw(RawClient.join(RawClient.execute("x", 0), RawClient.sync()));
        assertThat(rows(read())).containsExactly("***-**-6789", "***-**-4321", "NULL");
        client.raw(RawClient.query("rollback"));
        read();
    }

    @Test
    void aPortalIsMaskedWhenSqlFetchesFromIt() throws IOException {
        client.raw(RawClient.join(
                RawClient.query("begin"),
                RawClient.parse("", "select ssn from patients order by id"),
                RawClient.bind("x", ""),
                RawClient.sync()));
        read();
        read();
        assertThat(rows("fetch 2 from x")).containsExactly("***-**-6789", "***-**-4321");
        run("rollback");
    }

    @Test
    void namesAreAsLongAsTheyAreOnTheServer() throws IOException {
        String name = "n".repeat(63);
        client.raw(RawClient.join(
                RawClient.parse(name + "1", "select 'harmless' || '' as x from patients"),
                RawClient.message('C', new byte[] {'S'}, RawClient.bytes(name + "2")),
                RawClient.parse(name + "2", "select ssn || '' as x from patients"),
                RawClient.sync()));
        read();
        client.raw(RawClient.join(RawClient.bind("", name + "1"), RawClient.execute("", 0), RawClient.sync()));
        assertThat(rows(read())).isEmpty();
        run("begin", "declare " + name + "a cursor for select 'harmless' || '' as x from patients");
        run("close " + name + "b");
        assertThat(error("declare " + name + "b cursor for select ssn || '' as x from patients"))
                .isEqualTo("42501");
        run("rollback");
    }

    @Test
    void aLimitHoldsForAllThatIsFetched() throws IOException {
        policy(Obligation.newBuilder()
                .setLimit(Limit.newBuilder().setMaxRows(2))
                .build());
        run("begin", "declare c cursor for select id from patients");
        assertThat(rows("fetch 1 from c")).hasSize(1);
        assertThat(rows("fetch 1 from c")).hasSize(1);
        assertThat(error("fetch 1 from c")).isEqualTo("54000");
        run("rollback");
    }

    @Test
    void everyFetchIsDecidedOn() throws IOException {
        run("begin", "declare c cursor for select id, ssn from patients order by id");
        assertThat(rows("fetch 1 from c")).containsExactly("1|***-**-6789");
        policy(mask("clinic.public.patients.ssn", "redact"));
        assertThat(rows("fetch 1 from c").get(0)).startsWith("2|").doesNotContain("4321");
        gateway.decisions.policy(request -> request.getResource().getRelationsCount() > 0 ? deny("no more") : permit());
        assertThat(error("fetch 1 from c")).isEqualTo("42501");
        run("rollback");
    }

    @Test
    void cursorsWorkOnMaskedValues() throws IOException {
        everywhere();
        run(
                "begin",
                "declare c scroll cursor for select id, ssn || '!' from patients where ssn like '***%' order by id");
        assertThat(rows("fetch 1 from c")).containsExactly("1|***-**-6789!");
        assertThat(rows("fetch all in c")).containsExactly("2|***-**-4321!");
        policy(Obligation.newBuilder()
                .setMask(Mask.newBuilder()
                        .setField("clinic.public.patients.ssn")
                        .setFunction("redact")
                        .setScope(Mask.Scope.SCOPE_EVERYWHERE))
                .build());
        assertThat(error("fetch first from c")).isEqualTo("42501");
        run("rollback");
    }

    @Test
    void preparedStatementsWorkOnMaskedValues() throws IOException {
        everywhere();
        run("prepare p (int, text) as select id, ssn || $2 from patients where id = $1");
        assertThat(rows("execute p (1, '?')")).containsExactly("1|***-**-6789?");
        assertThat(rows("execute p (1 + 1, upper('x'))")).containsExactly("2|***-**-4321X");
        assertThat(error("explain execute p (1, '?')")).isEqualTo("42501");
        assertThat(error("explain select ssn || '' from patients")).isEqualTo("42501");
        assertThat(error("create table stolen as select ssn || '' as x from patients"))
                .isEqualTo("42501");
        run("deallocate p");
    }

    @Test
    void functionsCalledByMessageAreDecidedOnByName() throws IOException {
        for (int function : List.of(1397, 764, 954, 2147483646)) { // abs, lo_import, loread, none
            client.raw(RawClient.call(function, 0, "1"));
            assertThat(code(read())).isEqualTo("42501");
        }
        assertThat(gateway.decisions.requests()).anySatisfy(request -> {
            assertThat(request.getResource().getFunctionsList()).containsExactly("pg_catalog.loread");
            assertThat(request.getAction().getClass_()).isEqualTo(ActionClass.ACTION_CLASS_INVOKE);
            assertThat(request.getAction().getOperation()).isEqualTo("function call");
        });
        run("begin");
        client.raw(RawClient.call(1397, 0, "1"));
        assertThat(code(read())).isEqualTo("42501");
        assertThat(error("select 1")).isEqualTo("25P02");
        run("rollback");
    }

    @Test
    void aCursorIsMaskedWhenMessagesRunIt() throws IOException {
        run("begin", "declare c cursor for select ssn from patients order by id");
        client.raw(RawClient.join(RawClient.execute("c", 1), RawClient.sync()));
        assertThat(rows(read())).containsExactly("***-**-6789");
        assertThat(rows("fetch 1 from c")).containsExactly("***-**-4321");
        run("rollback");
    }

    @Test
    void theGatewaysOwnSettingsAreNotForClients() throws IOException {
        for (String sql : List.of(
                "set debug_print_rewritten = off",
                "set debug_pretty_print = on",
                "set client_encoding = 'LATIN1'",
                "set standard_conforming_strings = off",
                "set log_parameter_max_length_on_error = 100",
                "set chaperone.client_min_messages = debug1")) {
            assertThat(error(sql)).isEqualTo("0A000");
        }
        for (String sql : List.of("set role postgres", "set work_mem = '1GB'", "set my.own = 'x'")) {
            assertThat(error(sql)).isEqualTo("42501");
        }
        run("set client_min_messages = error", "set client_min_messages = debug5", "reset client_min_messages");
        assertThat(rows("show client_min_messages")).containsExactly("notice");
        assertThat(error("set client_min_messages = shouting")).isEqualTo("22023");
        assertThat(error("set client_min_messages = error, warning")).isEqualTo("22023");
    }

    @Test
    void theGatewaysOwnNamesAreNotForClients() throws IOException {
        for (String sql : List.of(
                "prepare \"chaperone:inner\" as select 1",
                "execute \"chaperone:inner\"",
                "deallocate \"chaperone:inner\"",
                "declare \"chaperone:c\" cursor for select 1",
                "fetch from \"chaperone:c\"",
                "close \"chaperone:c\"")) {
            assertThat(error(sql)).isEqualTo("0A000");
        }
    }

    private void run(String... statements) throws IOException {
        for (String sql : statements) {
            client.raw(RawClient.query(sql));
            assertThat(code(read())).describedAs(sql).isEmpty();
        }
    }

    private String error(String sql) throws IOException {
        client.raw(RawClient.query(sql));
        return code(read());
    }

    private List<String> rows(String sql) throws IOException {
        client.raw(RawClient.query(sql));
        List<RawClient.Message> messages = read();
        assertThat(code(messages)).describedAs(sql).isEmpty();
        return rows(messages);
    }

    private List<RawClient.Message> read() throws IOException {
        List<RawClient.Message> messages = client.until("Z");
        for (RawClient.Message message : messages) {
            received.add(new String(message.body(), java.nio.charset.StandardCharsets.ISO_8859_1));
        }
        return messages;
    }

    private static String code(List<RawClient.Message> messages) {
        return messages.stream()
                .filter(message -> message.tag() == 'E')
                .map(message -> message.field('C'))
                .findFirst()
                .orElse("");
    }

    private static List<String> rows(List<RawClient.Message> messages) {
        return messages.stream()
                .filter(message -> message.tag() == 'D')
                .map(message -> String.join("|", message.columns()))
                .toList();
    }
}
