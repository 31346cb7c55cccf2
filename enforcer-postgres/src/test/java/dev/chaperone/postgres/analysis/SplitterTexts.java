package dev.chaperone.postgres.analysis;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Texts that are made to be misread: put together from pieces with a catch, or statements that were tampered with. */
final class SplitterTexts {

    private static final String[] EXPRESSIONS = {
        "'a'",
        "'it''s'",
        "'\\'",
        "E'\\''",
        "E'a'\n'\\''",
        "E'a' '\\'",
        "e'\\\\'",
        "U&'\\0061'",
        "$$;'$$",
        "$x$ $y$ ; $x$",
        "$x$'$x$",
        "\"a;\"",
        "\"b\"\"\"",
        "N'x'",
        "B'1'",
        "X'1F'",
        "1.5e+3",
        "1",
        "a$b$",
        "$1",
        "(select ';')",
        "U&\"\\0061\"",
        "é",
        "1.",
        ".5",
        "'a'--x\n'b'"
    };
    private static final String[] GAPS = {
        " ",
        "\n",
        "\t",
        "/* ; */",
        "/* /* ' */ */",
        "-- ;'\n",
        "-- \"\r",
        "||",
        "+-- $$\n",
        ",",
        ";",
        " ; ",
        "*/* */",
        "",
        "--\n",
        "$",
        "'",
        "\\",
        "@-"
    };

    /** What a text is tampered with. */
    private static final String[] CUTS = {
        ";",
        "'",
        "\"",
        "$$",
        "$a$",
        "--",
        "/*",
        "*/",
        "\n",
        "\r",
        "\\",
        "(",
        ")",
        "E'",
        "e'",
        "U&'",
        "U&\"",
        "N'",
        "B'",
        "begin atomic",
        "end",
        "case",
        "begin",
        "as",
        "create function f() returns int",
        "create procedure p()",
        "return 1;",
        "uescape '!'",
        "$",
        "1",
        "a",
        "é",
        "\u00a0",
        "\u000b",
        "\f",
        ".",
        "::",
        "!=-",
        "+-",
        "@",
        "select 1",
        ";;",
        "''",
        "\"\"",
        "\\'",
        "'\n'",
        "0x",
        "1_"
    };

    private static final List<String> WHOLE = List.of(
            "create function f(a int) returns int begin atomic select a; select case when a > 1 then 2 else 3 end; end; select 2",
            "create function f(a int) returns int begin atomic select a end ; select begin atomic from t; end; select 2",
            "create or replace procedure p() language sql begin atomic insert into t values (1); end",
            "create function g() returns int language plpgsql as $f$ begin return 1; end $f$; select g()",
            "create rule r as on insert to t do also (insert into u values (1); insert into u values (2)); select 3",
            "select 'a;b', \"c;d\", $$;$$, $t$;$t$, E'\\';', U&'\\003b' ; /* ; /* ; */ ; */ select 1 -- ;\n; select 2",
            "begin; savepoint a; insert into t values (1) returning *; rollback to a; commit",
            "create view v as select 1 as \"begin\"; create table \"end\" (\"case\" int)",
            "do $$ begin perform 1; end $$; do 'begin null; end'",
            "prepare q (int) as select $1; execute q(1); deallocate q",
            "copy (select 1; ) to stdout; select 1",
            "create schema s create table t (a int) create view w as select 1; select 2",
            "create function f() returns text return 'a;b'; select f()",
            "declare c cursor for select ';'; fetch all from c; close c");

    private final Random random;
    private final List<String> corpus;

    SplitterTexts(long seed) throws IOException {
        random = new Random(seed);
        corpus = new ArrayList<>(WHOLE);
        Files.readString(Path.of("src/test/resources/errors/statements.sql"))
                .lines()
                .forEach(corpus::add);
    }

    /** The next one. */
    String next() {
        return random.nextBoolean() ? composed() : tampered();
    }

    private String composed() {
        StringBuilder sql = new StringBuilder("select ");
        for (int i = random.nextInt(5); i >= 0; i--) {
            sql.append(any(EXPRESSIONS));
            String gap = any(GAPS);
            sql.append(gap);
            if (gap.contains(";") && random.nextInt(4) > 0) {
                sql.append("select ");
            } else if (i > 0 && random.nextInt(3) > 0) {
                sql.append(',');
            }
        }
        return sql.toString();
    }

    private String tampered() {
        StringBuilder sql = new StringBuilder(corpus.get(random.nextInt(corpus.size())));
        if (random.nextInt(3) == 0) {
            sql.append(';').append(corpus.get(random.nextInt(corpus.size())));
        }
        for (int i = random.nextInt(3); i >= 0; i--) {
            int at = random.nextInt(sql.length() + 1);
            switch (random.nextInt(4)) {
                case 0 -> sql.insert(at, any(CUTS));
                case 1 -> sql.insert(at, ' ').insert(at, any(CUTS)).insert(at, ' ');
                case 2 -> sql.delete(at, Math.min(sql.length(), at + 1 + random.nextInt(4)));
                default -> {
                    int end = Math.min(sql.length(), at + random.nextInt(12));
                    sql.insert(random.nextInt(sql.length() + 1), sql.substring(at, end));
                }
            }
        }
        return sql.toString();
    }

    private String any(String[] from) {
        return from[random.nextInt(from.length)];
    }
}
