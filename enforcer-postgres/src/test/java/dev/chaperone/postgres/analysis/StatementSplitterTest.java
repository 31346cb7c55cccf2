package dev.chaperone.postgres.analysis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chaperone.decision.v1.ActionClass;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class StatementSplitterTest {

    private static List<String> texts(String sql) {
        return StatementSplitter.split(sql).stream().map(SqlStatement::text).toList();
    }

    private static SqlStatement only(String sql) {
        List<SqlStatement> statements = StatementSplitter.split(sql);
        assertThat(statements).hasSize(1);
        return statements.get(0);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "select ';'",
                "select 'it''s; fine'",
                "select E'\\'; drop table t --'",
                "select e'a'\n'\\'; b'",
                "select e'a' -- comment\n  '\\'; b'",
                "select U&'\\0061;'",
                "select U&\"\\0073sn;\" from t",
                "select $$;$$",
                "select $x$ ' ; $y$ $x$, ssn from users",
                "select $x$ $$ ; $x$",
                "select $é$;$é$",
                "select a$b$c from t where x = ';$b$'",
                "select \"a;\"\"b\" from t",
                "select 1 /* ; /* ; */ ' */ + 2",
                "select 1 -- ; '\n + 2",
                "select 1 -- ; '\r + 2",
                "select 1 +-- ;\n 2",
                "select 2 */* ; */ 3",
                "select n';' || x'00' || b';'",
                "select $1::text || ';'",
                "create rule r as on insert to t do also (insert into a values (1); insert into b values (2))",
                "create or replace function f() returns int begin atomic select case when true then 1 end; select 2; end",
                "create function f(a int) returns int begin atomic select a end ; select a as end; select 3; end",
                "create function f() returns int begin atomic ;; select (select 1 end); end",
                "create procedure p() begin atomic create function g() returns int begin atomic select 1; end; select 2; end",
                "create function f() returns int begin atomic select begin atomic from t; select 2; end"
            })
    void oneStatementStaysWhole(String sql) {
        assertThat(texts(sql)).containsExactly(sql);
    }

    @Test
    void severalStatementsArePartedExactly() {
        assertThat(texts(" select a from t ; /* x */ select ssn from users -- end\n;;"))
                .containsExactly("select a from t", "select ssn from users");
        assertThat(texts("select 'a\\'; select 'b'")).containsExactly("select 'a\\'", "select 'b'");
        assertThat(texts("select 'a' /* x */\n'\\'; select ''")).hasSize(2);
        assertThat(texts("select E'a' '\\'; select 1")).hasSize(2);
        assertThat(texts("select 1 -- \r; select 2")).containsExactly("select 1", "select 2");
        assertThat(texts("select $a$ $b$ $a$; select $b$ $b$")).hasSize(2);
        assertThat(texts("begin; select 1; end")).containsExactly("begin", "select 1", "end");
    }

    /** Other letters start a name on some versions, which may take in what would else begin a string. */
    @Test
    void anExponentIsPartOfItsNumber() {
        assertThat(texts("select 1.5e+3\"a;\"; select 1e5'b;'; select .5E-3$$c;$$"))
                .hasSize(3);
        for (String letters : List.of("1e$$;$$", "1e5e5$$;$$", "1.e5$$;$$", "0x1e5$$;$$", "1e5U&'\\';'")) {
            assertThatThrownBy(() -> texts("select " + letters)).as(letters).isInstanceOf(UnanalysableException.class);
        }
    }

    @Test
    void boundsPointIntoTheText() {
        String sql = "  select 1 ; -- x\n update t set a = 2 ";
        for (SqlStatement statement : StatementSplitter.split(sql)) {
            assertThat(sql.substring(statement.start(), statement.end())).isEqualTo(statement.text());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "select 'a",
                "select E'\\'",
                "select \"a",
                "select $$ a",
                "select $a$ $A$",
                "select /* /* */",
                "select 1e'\\''",
                "select 'a\0b'"
            })
    void whatDoesNotLexIsRefused(String sql) {
        assertThatThrownBy(() -> StatementSplitter.split(sql)).isInstanceOf(UnanalysableException.class);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    ''                                          | EMPTY       | ''
                    ; /* nothing */ ;                           | EMPTY       | ''
                    SELECT 1                                    | QUERY       | select
                    ((select 1) union (select 2))               | QUERY       | select
                    table users                                 | QUERY       | table
                    values (1)                                  | QUERY       | values
                    select 1 into t                             | QUERY       | select into
                    with a as (select 1) select * from a        | QUERY       | select
                    with update as (select 1) select 1          | QUERY       | select
                    with a as (select 1) delete from t          | DML         | delete
                    insert into t select 1                      | DML         | insert
                    MERGE into t using u on true when matched then delete | DML | merge
                    begin read write                            | TRANSACTION | begin
                    start transaction                           | TRANSACTION | start transaction
                    start_replication                           | UNKNOWN     | start_replication
                    commit                                      | TRANSACTION | commit
                    commit prepared 'x'                         | ADMIN       | commit prepared
                    prepare transaction 'x'                     | ADMIN       | prepare transaction
                    rollback work to savepoint a                | TRANSACTION | rollback to
                    rollback                                    | TRANSACTION | rollback
                    set role admin                              | SET         | set
                    truncate t                                  | TRUNCATE    | truncate
                    create temp table t (a int)                 | SCHEMA      | create table
                    create unique index concurrently i on t (a) | SCHEMA      | create index
                    create or replace view v as select 1        | SCHEMA      | create view
                    create materialized view v as select 1      | SCHEMA      | create materialized view
                    create function f() returns int language sql as '' | ADMIN | create function
                    create trigger t after insert on u execute function f() | ADMIN | create trigger
                    create foreign table f (a int) server s     | SCHEMA      | create foreign table
                    create nonsense x                           | UNKNOWN     | create
                    drop table t                                | SCHEMA      | drop table
                    drop role r                                 | ADMIN       | drop role
                    alter default privileges grant select on tables to r | ADMIN | alter default privileges
                    do $$ begin end $$                          | ADMIN       | do
                    copy t to stdout                            | COPY        | copy
                    nonsense                                    | UNKNOWN     | nonsense
                    "select" 1                                  | UNKNOWN     | ''
                    ſelect 1                                    | UNKNOWN     | ſelect
                    """)
    void leadingWordsSayWhatItIs(String sql, StatementClass expected, String operation) {
        SqlStatement statement = only(sql);
        assertThat(statement.statementClass()).isEqualTo(expected);
        assertThat(statement.operation()).isEqualTo(operation);
    }

    @Test
    void actionClassesAreTheDecisionsOwn() {
        assertThat(only("select 1").actionClass()).isEqualTo(ActionClass.ACTION_CLASS_READ);
        assertThat(only("delete from t").actionClass()).isEqualTo(ActionClass.ACTION_CLASS_DELETE);
        assertThat(only("truncate t").actionClass()).isEqualTo(ActionClass.ACTION_CLASS_DELETE);
        assertThat(only("drop table t").actionClass()).isEqualTo(ActionClass.ACTION_CLASS_SCHEMA);
        assertThat(only("grant a to b").actionClass()).isEqualTo(ActionClass.ACTION_CLASS_ADMIN);
        assertThat(only("declare c cursor for select 1").actionClass()).isEqualTo(ActionClass.ACTION_CLASS_READ);
        assertThat(only("close c").actionClass()).isEqualTo(ActionClass.ACTION_CLASS_SESSION);
        assertThat(only("execute p").actionClass()).isEqualTo(ActionClass.ACTION_CLASS_INVOKE);
        assertThat(only("listen x").actionClass()).isEqualTo(ActionClass.ACTION_CLASS_INVOKE);
        assertThat(only("unlisten x").actionClass()).isEqualTo(ActionClass.ACTION_CLASS_SESSION);
        assertThat(only("notify x").actionClass()).isEqualTo(ActionClass.ACTION_CLASS_WRITE);
        assertThat(only("lock t").actionClass()).isEqualTo(ActionClass.ACTION_CLASS_WRITE);
        assertThat(only("create table t as select 1").actionClass()).isEqualTo(ActionClass.ACTION_CLASS_SCHEMA);
        assertThat(only("copy t from stdin").actionClass()).isEqualTo(ActionClass.ACTION_CLASS_WRITE);
        assertThat(only("copy t to stdout").actionClass()).isEqualTo(ActionClass.ACTION_CLASS_READ);
        assertThat(only("nonsense").actionClass()).isEqualTo(ActionClass.ACTION_CLASS_UNSPECIFIED);
    }

    @Test
    void largeStatementsAreSplitInLinearTime() {
        String values = "insert into t values " + "('a''b', 1.5, $$x$$, \"y\"), ".repeat(40_000) + "(1)";
        assertThat(texts(values + "; select 1")).hasSize(2);
        assertThat(texts("select " + "(".repeat(500_000) + "1" + ")".repeat(500_000)))
                .hasSize(1);
        assertThat(texts("select " + "$a".repeat(200_000))).hasSize(1);
        assertThat(texts("select 'a'" + "\n".repeat(100_000))).hasSize(1);
    }

    @Test
    void anyTextSplitsOrIsRefused() {
        String alphabet = "aeEuU&'\"$;()-*/\\ \n\r1.xbegin end";
        Random random = new Random(7);
        int split = 0;
        for (int round = 0; round < 20_000; round++) {
            StringBuilder sql = new StringBuilder();
            for (int i = random.nextInt(40); i >= 0; i--) {
                sql.append(alphabet.charAt(random.nextInt(alphabet.length())));
            }
            try {
                int end = 0;
                for (SqlStatement statement : StatementSplitter.split(sql.toString())) {
                    assertThat(statement.start()).isGreaterThanOrEqualTo(end);
                    end = statement.end();
                }
                split++;
            } catch (UnanalysableException e) {
                assertThat(e).hasMessageNotContaining(sql.toString() + "\n");
            }
        }
        assertThat(split).isGreaterThan(1000);
    }
}
