package dev.chaperone.postgres.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class StatementDetailTest {

    private static @Nullable StatementDetail detail(String sql) {
        return StatementSplitter.split(sql).get(0).detail();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        SET statement_timeout = 5000                | statement_timeout       | 5000
        SET SESSION "Statement_Timeout" TO '5s'     | statement_timeout       | 5s
        SET search_path = a, "B", 'c'               | search_path             | a;B;c
        SET extra_float_digits TO -1                | extra_float_digits      | -1
        SET extra_float_digits=-1                   | extra_float_digits      | -1
        SET WORK_MEM = 1                           | worK_mem                | 1
        SET TIME ZONE 'UTC'                         | timezone                | UTC
        SET TIME ZONE LOCAL                         | timezone                | local
        SET NAMES 'utf8'                            | client_encoding         | utf8
        SET SCHEMA 'x'                              | search_path             | x
        SET ROLE none                               | role                    | none
        SET role TO admin                           | role                    | admin
        SET SESSION AUTHORIZATION 'x'               | session_authorization   | x
        SET LOCAL SESSION AUTHORIZATION x           | session_authorization   | x
        SET TRANSACTION READ ONLY, ISOLATION LEVEL SERIALIZABLE | transaction | read;only;isolation;level;serializable
        SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE | session characteristics | as;transaction;read;write
        SET my.own = 'x'                            | my.own                  | x
        RESET ALL                                   | all                     | ''
        RESET SESSION AUTHORIZATION                 | session_authorization   | ''
        SHOW TRANSACTION ISOLATION LEVEL            | transaction_isolation   | ''
        SET work_mem TO DEFAULT                     | work_mem                | ''
        """)
    void settingsAreParsed(String sql, String name, String values) {
        assertThat(detail(sql)).isInstanceOfSatisfying(StatementDetail.Setting.class, setting -> {
            assertThat(setting.name()).isEqualTo(name);
            assertThat(String.join(";", setting.values())).isEqualTo(values);
        });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SET",
                "SET a",
                "SET a = ",
                "SET a = b c",
                "SET a = E'\\x62'",
                "SET a = (1)",
                "SET a = $1",
                "SET TIME ZONE INTERVAL '1' HOUR TO MINUTE",
                "SET TRANSACTION SNAPSHOT '1'",
                "SET a FROM CURRENT",
                "SET a = 1,",
                "EXECUTE",
                "EXECUTE p(",
                "DECLARE c CURSOR",
                "DISCARD everything",
                "COPY t",
                "COPY t TO STDOUT nonsense",
                "COPY (select 1) FROM STDIN",
                "FETCH"
            })
    void formsNotUnderstoodHaveNoDetail(String sql) {
        assertThat(detail(sql)).isNull();
    }

    @Test
    void wrappersGiveTheirBody() {
        assertThat(detail("PREPARE p (int, numeric(10,2)) AS select 1 -- x"))
                .isEqualTo(new StatementDetail.Prepare("p", List.of("int", "numeric(10,2)"), "select 1"));
        assertThat(detail("execute P('a, b', f(1, 2))"))
                .isEqualTo(new StatementDetail.Execute("p", List.of("'a, b'", "f(1, 2)")));
        assertThat(detail("DECLARE \"C\" BINARY NO SCROLL CURSOR WITH HOLD FOR select ssn from users"))
                .isEqualTo(new StatementDetail.Declare("C", true, true, "select ssn from users"));
        assertThat(detail("FETCH FORWARD 10 FROM c")).isEqualTo(new StatementDetail.CursorUse("c"));
        assertThat(detail("close all")).isEqualTo(new StatementDetail.CursorUse(null));
        assertThat(detail("close \"all\"")).isEqualTo(new StatementDetail.CursorUse("all"));
        assertThat(detail("DEALLOCATE PREPARE ALL")).isEqualTo(new StatementDetail.Deallocate(null));
        assertThat(detail("DEALLOCATE prepare")).isEqualTo(new StatementDetail.Deallocate("prepare"));
        assertThat(detail("DISCARD TEMPORARY")).isEqualTo(new StatementDetail.Discard("temp"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    create table t as select 1                          | create table as          | t      | false | select 1
                    CREATE TABLE IF NOT EXISTS a."B" (x, y) AS (values (1, 2)) | create table as   | a.B    | false | (values (1, 2))
                    create global temporary table t on commit drop as table u with no data | create table as | t | true | table u
                    create unlogged table t with (fillfactor = 70) as select 'with data' with data | create table as | t | false | select 'with data'
                    create table t as execute p (1)                     | create table as          | t      | false | execute p (1)
                    create materialized view if not exists m as select 1 with no data | create materialized view | m | false | select 1
                    select a into t from b                              | select into              | t      | false | select a        from b
                    select a INTO UNLOGGED TABLE s.t from b             | select into              | s.t    | false | select a                         from b
                    with x as (select 1 into y) select * into temp z from x | select into          | z      | true  | with x as (select 1 into y) select *             from x
                    select 1 into t                                     | select into              | t      | false | select 1
                    """)
    void creationFromAQueryIsTakenApart(String sql, String operation, String target, boolean temporary, String body) {
        SqlStatement statement = StatementSplitter.split(sql).get(0);
        assertThat(statement.operation()).isEqualTo(operation);
        assertThat(statement.detail()).isInstanceOfSatisfying(StatementDetail.CreateAs.class, create -> {
            assertThat(String.join(".", create.target())).isEqualTo(target);
            assertThat(create.temporary()).isEqualTo(temporary);
            assertThat(create.body().strip()).isEqualTo(body);
            assertThat(sql.substring(create.start())).startsWith(create.body().substring(0, 6));
        });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "create table t (a int)",
                "create table t (a int generated always as (1) stored)",
                "create table t (like u including all) partition by range (a)",
                "create view v as select 1",
                "insert into t select 1",
                "select 1 as into"
            })
    void whatIsNoCreationFromAQueryIsNotTakenForOne(String sql) {
        assertThat(detail(sql)).isNull();
    }

    @Test
    void locksNameTheirRelations() {
        assertThat(detail("LOCK TABLE ONLY a.\"B\" *, c IN SHARE MODE NOWAIT"))
                .isEqualTo(new StatementDetail.Lock(List.of("ONLY a.\"B\"", "c"), List.of("a.B", "c"), true));
        assertThat(detail("lock t in share mode nowait"))
                .isEqualTo(new StatementDetail.Lock(List.of("t"), List.of("t"), true));
        assertThat(detail("lock t")).isEqualTo(new StatementDetail.Lock(List.of("t"), List.of("t"), false));
        assertThat(detail("lock only (t)")).isNull();
    }

    @Test
    void explainSaysWhetherItRuns() {
        assertThat(detail("explain select 1")).isEqualTo(new StatementDetail.Explain(false, "select 1"));
        assertThat(detail("explain (select 1)")).isEqualTo(new StatementDetail.Explain(false, "(select 1)"));
        assertThat(detail("explain analyze verbose delete from t"))
                .isEqualTo(new StatementDetail.Explain(true, "delete from t"));
        assertThat(detail("explain (costs off, ANALYZE) select 1"))
                .isEqualTo(new StatementDetail.Explain(true, "select 1"));
        assertThat(detail("explain (costs off, U&\"an\\0061lyze\") delete from t"))
                .isEqualTo(new StatementDetail.Explain(true, "delete from t"));
        assertThat(detail("explain (analyze off, \"analyze\") delete from t"))
                .isEqualTo(new StatementDetail.Explain(true, "delete from t"));
        assertThat(detail("explain (analyze off) select 1")).isEqualTo(new StatementDetail.Explain(false, "select 1"));
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '"',
            value = {
                "copy t to stdout (null E'\\\\N'), \\N",
                "copy t to stdout null as e'it''s \\'it\\'', it's 'it'",
                "copy t from stdin with null 'x', x",
            })
    void stringsOfCopyMayHoldEscapes(String sql, String value) {
        assertThat(detail(sql))
                .isInstanceOfSatisfying(
                        StatementDetail.Copy.class,
                        copy -> assertThat(copy.options()).containsEntry("null", value));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "copy t to stdout (null E'\\x41')",
                "copy t to stdout (null E'\\101')",
                "copy t to stdout (null E'\\u0041')",
                "copy t to stdout (null E'a'\n'b')",
                "copy t to stdout (null U&'a')",
            })
    void otherStringsOfCopyAreNotUnderstood(String sql) {
        assertThat(detail(sql)).isNull();
    }

    @Test
    void copyIsTakenApart() {
        assertThat(detail("COPY clinic.\"T\" (a, \"b\") TO STDOUT WITH (FORMAT csv, HEADER, FORCE_QUOTE (a))"))
                .isEqualTo(new StatementDetail.Copy(
                        false,
                        "clinic.\"T\"",
                        List.of("a", "\"b\""),
                        null,
                        true,
                        "WITH (FORMAT csv, HEADER, FORCE_QUOTE (a))",
                        Map.of("format", "csv", "header", "true", "force_quote", "a"),
                        null));
        assertThat(detail("COPY (select ssn from users where x = ')') TO STDOUT CSV DELIMITER ';'"))
                .isEqualTo(new StatementDetail.Copy(
                        false,
                        null,
                        List.of(),
                        "select ssn from users where x = ')'",
                        true,
                        "CSV DELIMITER ';'",
                        Map.of("format", "csv", "delimiter", ";"),
                        null));
        assertThat(detail("COPY t FROM PROGRAM 'cat' WHERE a > 1"))
                .isEqualTo(new StatementDetail.Copy(true, "t", List.of(), null, false, "", Map.of(), "a > 1"));
        assertThat(detail("COPY t TO '/tmp/x'"))
                .isInstanceOfSatisfying(
                        StatementDetail.Copy.class,
                        copy -> assertThat(copy.client()).isFalse());
    }

    @ParameterizedTest
    @CsvSource({
        "application_name, x, true",
        "SEARCH_PATH, x, true",
        "enable_seqscan, off, true",
        "client_encoding, UTF8, true",
        "client_encoding, SJIS, false",
        "standard_conforming_strings, on, true",
        "standard_conforming_strings, off, false",
        "datestyle, 'ISO, MDY', true",
        "datestyle, MDY, true",
        "datestyle, German, false",
        "role, postgres, false",
        "session_authorization, postgres, false",
        "client_min_messages, debug1, true",
        "debug_print_rewritten, off, false",
        "debug_print_parse, on, false",
        "log_min_messages, debug5, false",
        "session_replication_role, replica, false",
        "row_security, off, false",
        "my.user, x, false",
        "lc_messages, de, false"
    })
    void onlyHarmlessSettingsMayBeSet(String name, String value, boolean allowed) {
        assertThat(SettingsPolicy.refusal(name, List.of(value)) == null).isEqualTo(allowed);
    }
}
