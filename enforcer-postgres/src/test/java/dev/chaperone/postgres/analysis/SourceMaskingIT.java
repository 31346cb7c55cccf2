package dev.chaperone.postgres.analysis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chaperone.decision.v1.Column;
import dev.chaperone.decision.v1.Mask;
import dev.chaperone.decision.v1.Relation;
import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.enforcer.MaskingFunctions;
import dev.chaperone.postgres.masking.SqlMask;
import dev.chaperone.proto.Secret;
import dev.chaperone.testkit.PostgresMajors;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Statements rewritten to work on masked values, verified by a real server's trees. */
final class SourceMaskingIT {

    private static final MaskingFunctions FUNCTIONS =
            new MaskingFunctions(new Secret("0123456789abcdef0123456789abcdef"));

    /** Of clinic.users, ssn, name and born are masked everywhere. */
    private static final Map<String, String> MASKED =
            Map.of("name", "pseudonym", "ssn", "redact", "born", "year", "phone", "last4");

    private static TreeServer server;

    @BeforeAll
    static void start() throws Exception {
        server = new TreeServer(PostgresMajors.chosen());
        server.execute("""
                INSERT INTO clinic.users VALUES (1, 'Ada', '123-45-6789', 'Bern', '1980-02-03'), (2, 'Ben', '987-65-4321', 'Bern', '1900-01-01'),
                                                (3, 'Ada', '111-22-3333', 'Chur', NULL);
                INSERT INTO clinic.visits VALUES (1, 1, 10, 'flu'), (2, 2, 20, 'gout'), (3, 1, 30, 'flu')""");
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    private static String function(String field) {
        return MASKED.getOrDefault(field.substring(field.lastIndexOf('.') + 1), "");
    }

    private static final SourceMasking.Masks MASKS = new SourceMasking.Masks() {
        @Override
        public boolean covers(String field) {
            return !function(field).isEmpty() && !field.contains(".contacts.");
        }

        @Override
        public String expression(Set<String> fields, String column, String type) {
            String field = fields.stream().filter(this::covers).findFirst().orElseThrow();
            Mask mask = Mask.newBuilder()
                    .setField(field)
                    .setFunction(function(field))
                    .build();
            return SqlMask.expression(mask, FUNCTIONS.of(mask), column, type);
        }
    };

    /** The driver has a statement parsed once. */
    private static final Map<String, String> TREES = new HashMap<>();

    private static String tree(String sql) throws SQLException {
        String known = TREES.get(sql);
        if (known == null) {
            known = server.tree(sql);
            TREES.put(sql, known);
        }
        return known;
    }

    private record Rewritten(String text, QueryAnalysis analysis) {

        /** The masked columns that are still used somewhere. */
        Set<String> leftovers() {
            Set<String> left = new TreeSet<>();
            for (Relation relation : analysis.relations()) {
                for (Column column : relation.getColumnsList()) {
                    String field = relation.getSchema() + '.' + relation.getName() + '.' + column.getName();
                    if (MASKS.covers(field)) {
                        left.add(field);
                    }
                }
            }
            return left;
        }
    }

    private static Rewritten rewrite(String sql) throws SQLException {
        String tree = tree(sql);
        List<MaskedSource> sources = SourceMasking.sources(tree, server.catalog(), MASKS);
        List<MaskedSource.Verified> verified = new ArrayList<>();
        for (MaskedSource source : sources) {
            verified.add(source.verify(tree(source.text()), server.catalog()));
        }
        String text = SourceMasking.rewrite(sql, sources);
        QueryAnalysis original = QueryAnalyzer.analyze(tree, server.catalog());
        return new Rewritten(text, SourceMasking.verify(tree(text), server.catalog(), verified, original));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "select upper(name), count(*) from clinic.users group by 1 order by 1",
                "select name from clinic.users where ssn = '123-45-6789'",
                "select name, id from clinic.users u where u.born > '1970-01-01' order by u.name limit 3",
                "select * from clinic.users where name like 'A%'",
                "select u.* from clinic.users as u order by ssn desc",
                "select row_to_json(u) from clinic.users u",
                "select u from clinic.users u",
                "select count(distinct u.name), v.diagnosis from clinic.users u join clinic.visits v on v.user_id = u.id group by 2",
                "select a.id from clinic.users a join clinic.users b using (name) where a.id < b.id",
                "select a.id from clinic.users a natural join clinic.users b",
                "with p as (select name, born from clinic.users) select extract(year from born), count(*) from p group by 1",
                "select (select max(ssn) from clinic.users)",
                "select id from clinic.visits where user_id in (select id from clinic.users where ssn like '1%')",
                "select secret || 'x' from clinic.v_users where name = 'p_1'",
                "select string_agg(name, ',') over (order by born) from clinic.users",
                "select coalesce(name, ssn) from clinic.users union select city from clinic.users",
                "select x.name || x.n from (select name, 1 as n from clinic.users) x",
                "select name from (clinic.users u join clinic.visits v on u.id = v.user_id) where ssn is not null",
                "select l.n from clinic.visits v, lateral (select upper(name) n from clinic.users u where u.id = v.user_id) l",
                "select m.ssn || '' from clinic.m_users m",
            })
    void statementsWorkOnMaskedValues(String sql) throws Exception {
        Rewritten rewritten = rewrite(sql);
        assertThat(rewritten.text()).isNotEqualTo(sql);
        assertThat(rewritten.leftovers()).isEmpty();
        for (List<String> row : server.rows(rewritten.text())) {
            assertThat(row)
                    .noneMatch(value -> value != null
                            && (value.contains("Ada")
                                    || value.contains("ADA")
                                    || value.contains("6789")
                                    || value.contains("02-03")));
        }
    }

    @Test
    void joinsCountsAndGroupsKeepTheirAnswers() throws Exception {
        String sql =
                "select u.name, count(*) from clinic.users u join clinic.users o using (name) group by 1 order by 2";
        assertThat(server.rows(rewrite(sql).text()))
                .extracting(row -> row.get(1))
                .containsExactly("1", "4");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "select upper(name) from only clinic.users",
                "with users as (select 1 as id) select upper(u.name) from clinic.users u tablesample system (100), users",
                "select upper(x.name) from clinic.users x where exists (table clinic.users order by ssn)",
            })
    void whatIsNotFoundInTheTextStaysVisible(String sql) throws Exception {
        Rewritten rewritten;
        try {
            rewritten = rewrite(sql);
        } catch (SQLException | UnanalysableException e) {
            assertThat(e).hasMessageNotContaining("Ada");
            return;
        }
        assertThat(rewritten.leftovers()).isNotEmpty();
    }

    @Test
    void anAgentsOwnImitationOfASourceDoesNotCountAsOne() throws Exception {
        String sql = "select upper(name) from clinic.users";
        MaskedSource source =
                SourceMasking.sources(tree(sql), server.catalog(), MASKS).get(0);
        MaskedSource.Verified verified = source.verify(tree(source.text()), server.catalog());
        String keyed = source.text();
        int constant = keyed.indexOf("'\\x") + 3;
        char digit = keyed.charAt(constant) == '0' ? '1' : '0';
        String imitation = keyed.substring(0, constant) + digit + keyed.substring(constant + 1);
        assertThat(leftovers("select name from (" + keyed + ") x", verified)).isEmpty();
        assertThat(leftovers("select name from (" + imitation + ") x", verified))
                .isNotEmpty();
        assertThat(leftovers("select name from (" + keyed + " where name = 'Ada') x", verified))
                .isNotEmpty();
        assertThat(leftovers("select name from (" + keyed + " order by name) x", verified))
                .isNotEmpty();
    }

    private static Set<String> leftovers(String sql, MaskedSource.Verified verified) throws SQLException {
        return new Rewritten(sql, QueryAnalyzer.analyze(tree(sql), server.catalog(), List.of(verified))).leftovers();
    }

    @Test
    void whatAViewComputesCannotBeMaskedAnyMore() throws Exception {
        String tree = tree("select year + 1 from clinic.v_age");
        assertThatThrownBy(() -> SourceMasking.sources(tree, server.catalog(), MASKS))
                .isInstanceOf(EnforcementException.class)
                .hasMessageContaining("view `clinic.v_age` computes its column `year` from `");
    }
}
