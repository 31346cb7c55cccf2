package dev.chaperone.postgres.analysis;

import java.util.List;
import java.util.Random;

/** Texts that mix every lexical form of PostgreSQL, well-formed or almost. */
final class SqlTexts {

    /** Values of every form, and what looks like one. */
    static final List<String> EXPRESSIONS = List.of(
            "'a'",
            "'it''s'",
            "'\\'",
            "E'\\''",
            "E'\\\\'",
            "E'\\x27\\047\\u0027'",
            "E'a'\n'\\''",
            "E'a' '\\'",
            "'a'\n'b'",
            "'a' -- x\n 'b'",
            "'a'\r'b'",
            "'a'\f\n\t'b'",
            "'a' /* x */\n'b'",
            "'a' --",
            "U&'\\0061'",
            "U&'!0061' uescape '!'",
            "U&\"\\0061\"",
            "U&\"!0061\" UESCAPE '!'",
            "N'x'",
            "B'1'",
            "B'1''0'",
            "X'1F'\n'2'",
            "x'1f'",
            "$$;'$$",
            "$x$ $y$ ; $x$",
            "$x$'$x$",
            "$é$;$é$",
            "$x$$$x$y$x$",
            "$$ $$$ $$",
            "\"a;\"",
            "\"b\"\"\"",
            "\"" + "n".repeat(70) + "\"",
            "m".repeat(70),
            "a$b$",
            "a$1",
            "é",
            "\u00a0",
            "\u2003x",
            "_a",
            "$1",
            "$1a",
            "$1'x'",
            "$1$$x$$",
            "1",
            "1.",
            ".5",
            "1..2",
            "1.5.3",
            "1e5",
            "1.5e+3",
            "1e+",
            "1e",
            "1a",
            "1_000",
            "1__0",
            "0x1F",
            "0b1",
            "0o17",
            "0x",
            "0xg",
            "123abc",
            "1'x'",
            "1$$x$$",
            "1e'\\''",
            "(select ';')",
            "array[1,2][1]",
            "a.b",
            "a::int",
            "a:=1",
            "case when a then b end",
            "(1)",
            "((';'))");

    /** What stands between values, and what looks like it. */
    static final List<String> GAPS = List.of(
            " ",
            "\n",
            "\t",
            "\f",
            "\u000b",
            "\r",
            "/* ; */",
            "/* /* ' */ */",
            "/*/*/ */*/",
            "/**/",
            "/***/",
            "/*--*/",
            "--/*\n",
            "-- ;'\n",
            "-- \"\r",
            "--\n",
            "||",
            "+-- $$\n",
            "-/* ' */",
            "*/* */",
            "<--x\n",
            "@-",
            "=-",
            "<>",
            "!=",
            ",",
            ";",
            " ; ",
            ";;",
            "",
            "",
            "$",
            "'",
            "\"",
            "\\",
            "/*",
            "*/",
            "(",
            ")",
            "[",
            ":",
            ".");

    /** Beginnings of statements of every class, and words that split or do not. */
    static final List<String> HEADS = List.of(
            "select ",
            "values ",
            "table ",
            "(select ",
            "((select ",
            "with a as (select 1) select ",
            "with a as (select 1) delete from a where ",
            "insert into t values (",
            "update t set a = ",
            "delete from t where a = ",
            "create function f() returns int begin atomic select ",
            "create or replace procedure p() begin atomic insert into t values (1); select ",
            "create function f() returns int language sql as ",
            "create function f() returns int return ",
            "create rule r as on insert to t do also (select 1; select ",
            "create table t as select ",
            "create view v as select ",
            "begin",
            "begin atomic ",
            "end",
            "commit",
            "commit prepared ",
            "rollback to ",
            "start transaction read only",
            "prepare transaction ",
            "prepare p (int, text[]) as select ",
            "execute p (",
            "deallocate ",
            "deallocate prepare all",
            "declare c binary no scroll cursor with hold for select ",
            "fetch all from ",
            "fetch ",
            "move 5 in ",
            "close ",
            "explain ",
            "explain (analyze, costs off) ",
            "explain verbose select ",
            "copy t (a, b) to stdout with (format csv, delimiter ",
            "copy (select ",
            "copy t from stdin csv quote ",
            "copy t from program ",
            "set a = ",
            "set local a.b to ",
            "set time zone ",
            "set session authorization ",
            "set transaction isolation level ",
            "set names ",
            "reset ",
            "show ",
            "discard ",
            "listen ",
            "notify a, ",
            "do ",
            "call p(",
            "lock table ",
            "truncate ",
            "grant select on t to ",
            "alter table t add column a int default ",
            "drop table ",
            "comment on table t is ",
            "vacuum ",
            "analyze ",
            "");

    private final Random random;

    SqlTexts(Random random) {
        this.random = random;
    }

    String next() {
        StringBuilder sql = new StringBuilder();
        for (int statement = random.nextInt(3); statement >= 0; statement--) {
            sql.append(oneOf(HEADS));
            tail(sql);
            sql.append(statement > 0 ? ";" : "");
        }
        return sql.toString();
    }

    private void tail(StringBuilder sql) {
        for (int i = random.nextInt(5); i > 0; i--) {
            sql.append(oneOf(EXPRESSIONS)).append(oneOf(GAPS));
            if (random.nextInt(8) == 0) {
                sql.append(oneOf(
                        List.of(" end ", " as ", " into x ", " from t", " as end", " case ", ") ", ")) ", "; end")));
            }
        }
    }

    private <T> T oneOf(List<T> choices) {
        return choices.get(random.nextInt(choices.size()));
    }
}
