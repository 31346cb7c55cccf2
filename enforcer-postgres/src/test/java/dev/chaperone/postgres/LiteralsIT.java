package dev.chaperone.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.audit.v1.AuditEvent;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Statements that differ in nothing but their literals, which the gateway may run as one prepared statement: whatever the
 * literals are, and whatever happens in between, the client is told what the server itself would have told it. Types, values,
 * errors and where they are all count.
 */
class LiteralsIT {

    /** A {@code %s} is a literal, the same one each time that it stands in the text. */
    private static final List<String> SHAPES = List.of(
            "select %s",
            "select %s as v, pg_typeof(%s)",
            "select id, name from patients where id = %s",
            "select id, name from patients where name = %s",
            "select id from patients where id in (%s, 2) order by id",
            "select id from patients where name like %s order by id",
            "select id from patients where not name ~ %s order by id",
            "select id, name from patients order by %s",
            "select id, name from patients order by 1, %s",
            "select count(*) from patients group by %s",
            "select visits, count(*) from patients group by 1 having count(*) >= %s order by 1",
            "select id from patients order by id limit %s",
            "select id from patients order by id offset %s",
            "select id from patients order by id fetch first %s rows only",
            "select id, sum(visits) over (order by id rows %s preceding) from patients order by id",
            "select distinct on (%s) id from patients",
            "select %s || 2",
            "select '1' || %s",
            "select %s + 1",
            "select 1 / %s",
            "select - %s",
            "select %s::int",
            "select %s::text",
            "select %s::varchar(3)",
            "select cast(%s as numeric(5,2))",
            "select date %s",
            "select interval %s",
            "select interval %s minute",
            "select time(0) %s",
            "select coalesce(%s, 'z')",
            "select coalesce(name, %s) from patients where id = 1",
            "select case when %s then 1 else 2 end",
            "select case visits when %s then 'yes' else 'no' end from patients order by id",
            "select array[%s, %s]",
            "select array[%s]::text[]",
            "select %s = any (array[1, 2])",
            "select id from patients where born > %s order by id",
            "select id from patients where id between %s and 3 order by id",
            "select extract(year from date %s)",
            "select to_char(born, %s) from patients where id = 1",
            "select substring(name from %s) from patients where id = 1",
            "select left(name, %s), round(1.2345, %s) from patients where id = 1",
            "select concat(%s, 'é'), length(%s)",
            "select json_build_object(%s, 1)",
            "select format(%s, 1)",
            "values (%s), (1)",
            "values ('a'), (%s)",
            "select %s union select 'a' order by 1",
            "select 1 union all select %s",
            "with c as (select %s as v) select v, pg_typeof(v) from c",
            "select (select %s), exists (select 1 where %s is null)",
            "select row(%s, 'a'), nullif(%s, 1)",
            "select grouping(visits), visits from patients group by rollup (visits) order by 1, 2 limit %s",
            "select id, 'é' as \"ü\", %s from patients where name <> 'é' and id < %s",
            "select * from patients as p(a, b) where b > %s and a <> 2 order by a",
            "table patients order by 1 limit %s",
            "select no_such_column, %s from patients",
            "select 'é', id from patients where id = 1 and no_such_column = %s",
            "select (%s).id");

    private static final List<String> LITERALS = List.of(
            "0",
            "1",
            "2",
            "3",
            "007",
            "42",
            "-1",
            "999999999",
            "2147483647",
            "2147483648",
            "-2147483648",
            "9223372036854775807",
            "9223372036854775808",
            "1.5",
            "1e2",
            "1e-2",
            ".5",
            "0x1F",
            "1_000",
            "''",
            "'1'",
            "'2'",
            "' 3 '",
            "'a'",
            "'Ada'",
            "'A%'",
            "'it''s'",
            "'é €'",
            "'\\'",
            "'%s'",
            "'2024-02-29'",
            "'5'",
            "'YYYY'",
            "'{\"a\": 1}'",
            "E'a\\n'",
            "E'\\''",
            "U&'\\0061'",
            "N'a'",
            "B'101'",
            "X'1F'",
            "$$a$$",
            "$q$it's$q$",
            "'a'\n'b'",
            "null",
            "true",
            "date '2024-02-29'",
            "'abcdef'::varchar(3)",
            "'abc'::char(5)",
            "interval '90 s'",
            "/* a */ 'b' -- c\n");

    /** What a session does between its queries; {@code {s}} is a schema of its own. */
    private static final List<String> CHANGES = List.of(
            "set search_path = other, public",
            "set search_path = {s}, public",
            "set search_path = public",
            "reset search_path",
            "set local search_path = other",
            "create temp table patients (id int, name varchar(3), ssn text, born text, visits bigint)",
            "insert into pg_temp.patients values (1, 'new', null, 'x', 7)",
            "drop table pg_temp.patients",
            "alter table pg_temp.patients alter visits type text",
            "create temp view patients as select 5 as id, 'view'::text as name, '8'::text as visits",
            "drop view pg_temp.patients",
            "create view {s}.patients as select id, name, born, visits * 10 as visits from public.patients",
            "drop view {s}.patients",
            "create table {s}.patients (visits text, name int, id bigint, born date)",
            "insert into {s}.patients values ('v', 3, 1, '2020-01-01'), ('w', 4, 2, null)",
            "alter table {s}.patients add column more int default 3",
            "drop table {s}.patients",
            "begin",
            "begin isolation level repeatable read",
            "savepoint a",
            "rollback to a",
            "commit",
            "rollback",
            "set datestyle = 'German'",
            "set intervalstyle = 'iso_8601'",
            "set timezone = 'Asia/Tokyo'",
            "set extra_float_digits = 0",
            "set bytea_output = 'escape'",
            "reset all",
            "create function pg_temp.left(text, int) returns text language sql as 'select ''mine''::text'",
            "discard plans",
            "discard temp",
            "deallocate all",
            "discard all");

    private static final List<String> QUERIES = List.of(
            "select id, name, visits from patients where id = %s",
            "select name from patients where name = %s",
            "select visits + %s from patients where id < %s order by 1",
            "select visits from patients where visits = %s",
            "select born, %s from patients order by 1, 2",
            "select * from patients order by %s",
            "select left(name, %s) from patients order by 1",
            "select count(*), pg_typeof(%s) from patients",
            "select %s, interval '90 s', timestamptz '2024-01-01 00:00:00+00', 1e15::float8 / 3, '\\x00ff'::bytea",
            "select 1 / %s");

    private static final List<String> VALUES = List.of("0", "1", "2", "3", "10", "'1'", "'a'", "'Ada'", "2147483648");

    private static Gateway gateway;

    @BeforeAll
    static void start() {
        gateway = Gateway.start();
        gateway.backend.executeIn(
                Gateway.DATABASE,
                "create schema alpha",
                "create schema gamma",
                "grant all on schema alpha, gamma to gateway");
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    @BeforeEach
    void permitEverything() {
        gateway.decisions.policy(request -> TestingDecisions.permitUnanalysed());
        gateway.decisions.keep();
        gateway.recorder.reset();
    }

    @Test
    void everyLiteralIsWhatTheServerTakesItFor() throws IOException {
        Random random = new Random(2026);
        List<String> differences = new ArrayList<>();
        int repeated = 0;
        try (RawClient direct = direct();
                RawClient through = through()) {
            for (String shape : SHAPES) {
                List<String> statements = statements(shape);
                List<List<String>> expected = new ArrayList<>();
                for (String statement : statements) {
                    expected.add(Transcript.simple(direct, List.of(statement)));
                }
                List<Integer> order = new ArrayList<>();
                for (int i = 0; i < 2 * statements.size(); i++) {
                    order.add(i % statements.size());
                }
                Collections.shuffle(order, random);
                for (int i : order) {
                    List<String> seen = Transcript.simple(through, List.of(statements.get(i)));
                    if (!withoutVain(seen).equals(withoutVain(expected.get(i)))) {
                        differences.add(expected.get(i) + "\n    became " + seen);
                    }
                }
                repeated +=
                        gateway.recorder.of(AuditEvent::hasOperationRepeated).size();
                gateway.recorder.forget();
            }
        }
        assertThat(new LinkedHashSet<>(differences)).isEmpty();
        assertThat(repeated).as("statements that went the short way").isGreaterThan(500);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4})
    void whateverHappensInBetweenTheyMeanWhatTheyMeanNow(int seed) throws IOException {
        Random random = new Random(seed);
        List<String> sequence = new ArrayList<>();
        try (RawClient direct = direct();
                RawClient through = through()) {
            for (int i = 0; i < 200; i++) {
                String statement = random.nextInt(7) == 0 ? any(random, CHANGES) : query(random);
                boolean extended = random.nextInt(4) == 0;
                sequence.add((extended ? "extended: " : "") + statement);
                List<String> expected = asked(direct, statement.replace("{s}", "alpha"), extended);
                assertThat(withoutVain(asked(through, statement.replace("{s}", "gamma"), extended)))
                        .as(() -> String.join("\n", sequence))
                        .isEqualTo(withoutVain(expected));
            }
            asked(direct, "rollback", false);
            asked(through, "rollback", false);
        } finally {
            gateway.backend.executeIn(
                    Gateway.DATABASE,
                    "drop schema alpha, gamma cascade",
                    "create schema alpha",
                    "create schema gamma",
                    "grant all on schema alpha, gamma to gateway");
        }
    }

    /**
     * Without a description of rows that an error came in the place of: whether the server finds out that 1 / 0 is no value when
     * it plans or when it runs depends on how often it has run the like.
     */
    private static List<String> withoutVain(List<String> lines) {
        List<String> kept = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            if (i + 1 == lines.size()
                    || !lines.get(i).startsWith("T ")
                    || !lines.get(i + 1).startsWith("E ")) {
                kept.add(lines.get(i));
            }
        }
        return kept;
    }

    private static List<String> statements(String shape) {
        return LITERALS.stream().map(literal -> shape.replace("%s", literal)).toList();
    }

    private static String query(Random random) {
        return any(random, QUERIES).replace("%s", any(random, VALUES));
    }

    private static String any(Random random, List<String> from) {
        return from.get(random.nextInt(from.size()));
    }

    /** What a client is told, with both clients' schemas by the same name. */
    private static List<String> asked(RawClient client, String statement, boolean extended) throws IOException {
        List<String> lines = extended
                ? Transcript.extended(client, List.of(statement))
                : Transcript.simple(client, List.of(statement));
        return lines.stream().map(line -> line.replace("gamma", "alpha")).toList();
    }

    private static RawClient direct() throws IOException {
        return RawClient.direct(gateway.backend.port(), Gateway.ROLE, Gateway.PASSWORD);
    }

    private static RawClient through() throws IOException {
        return RawClient.login(gateway.port(), TestingAuthenticator.HUMAN);
    }
}
