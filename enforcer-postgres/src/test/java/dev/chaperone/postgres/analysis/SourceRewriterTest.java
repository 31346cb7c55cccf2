package dev.chaperone.postgres.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class SourceRewriterTest {

    private static final List<MaskedSource> SOURCES = List.of(source("clinic", "users"), source("clinic", "visits"));

    private static MaskedSource source(String schema, String name) {
        RelationInfo relation = TestingRelations.relation(1, schema, name, 'r', Map.of());
        return new MaskedSource(relation, name.toUpperCase(Locale.ROOT), Set.of(1));
    }

    private static String rewrite(String sql) {
        return SourceRewriter.rewrite(sql, SOURCES);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            select * from users                          | select * from (USERS) AS users
            select * from clinic.users                   | select * from (USERS) AS users
            select * from Clinic . USERS                 | select * from (USERS) AS USERS
            select * from "clinic"."users" u             | select * from (USERS) u
            select * from users as u (a, b)              | select * from (USERS) as u (a, b)
            select * from users where id = 1             | select * from (USERS) AS users where id = 1
            select * from users, visits v                | select * from (USERS) AS users, (VISITS) v
            select * from users u join visits on true    | select * from (USERS) u join (VISITS) AS visits on true
            select * from users natural left join visits | select * from (USERS) AS users natural left join (VISITS) AS visits
            select * from (users u cross join visits)    | select * from ((USERS) u cross join (VISITS) AS visits)
            select * from (select id from users) x       | select * from (select id from (USERS) AS users) x
            select (select id from users limit 1)        | select (select id from (USERS) AS users limit 1)
            select 1 union select id from visits         | select 1 union select id from (VISITS) AS visits
            select extract(year from users) from users   | select extract(year from users) from (USERS) AS users
            select a is distinct from users from users   | select a is distinct from users from (USERS) AS users
            select * from lateral (select * from users) x| select * from lateral (select * from (USERS) AS users) x
            with a as (select 1 from users) table a      | with a as (select 1 from (USERS) AS users) table a
            select * from a.b, users                     | select * from a.b, (USERS) AS users
            select f(users, visits) from users           | select f(users, visits) from (USERS) AS users
            select /* users */ 'users' from users -- x   | select /* users */ 'users' from (USERS) AS users -- x
            select * from users order by a, users        | select * from (USERS) AS users order by a, users
            """)
    void replacesRelationsWhereTheyStand(String sql, String expected) {
        assertThat(rewrite(sql)).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "select * from only users",
                "select * from users()",
                "select * from other.users",
                "select * from a.clinic.users()",
                "with users as (select 1) select * from users",
                "with users (a) as materialized (select 1) select * from users",
                "select users from other",
                "table users",
                "select 1, users",
                "select * from U&\"users\"",
                "delete from users",
                "select * from x order by 1, users",
            })
    void leavesTheRestAlone(String sql) {
        assertThat(rewrite(sql)).isEqualTo(sql);
    }

    @Test
    void doesNotChooseBetweenTwoOfOneName() {
        List<MaskedSource> two = List.of(source("a", "users"), source("b", "users"));
        assertThat(SourceRewriter.rewrite("select * from users, b.users", two))
                .isEqualTo("select * from users, (USERS) AS users");
    }
}
