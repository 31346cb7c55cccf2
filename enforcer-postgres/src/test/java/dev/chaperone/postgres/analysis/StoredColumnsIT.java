package dev.chaperone.postgres.analysis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.chaperone.decision.v1.ColumnSource;
import java.io.IOException;
import java.sql.SQLException;
import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** What generated columns and materialised views are said to be made of, on every major version. */
@ParameterizedClass(name = "PostgreSQL {0}")
@MethodSource("dev.chaperone.testkit.PostgresMajors#tested")
class StoredColumnsIT {

    private static final String SCHEMA = """
            SET search_path = clinic;
            CREATE TABLE made (
                name text, ssn text, born date,
                initials text GENERATED ALWAYS AS (left(name, 1) || left(ssn, 1)) STORED,
                upper text GENERATED ALWAYS AS (upper(name)) STORED,
                plain text DEFAULT 'x',
                fixed int GENERATED ALWAYS AS (1) STORED);
            CREATE VIEW v_barrier WITH (security_barrier) AS SELECT id AS number, ssn AS s, upper(name) AS shout FROM users;
            CREATE VIEW v_nested (one, two, three) AS SELECT number, s, shout FROM v_barrier WHERE number > 0;
            CREATE MATERIALIZED VIEW m_nested AS
                SELECT v.two, v.three, count(*) AS n FROM v_nested v JOIN contacts c ON c.ssn = v.two
                 WHERE c.phone LIKE '0%' GROUP BY 1, 2;
            CREATE MATERIALIZED VIEW m_again AS SELECT two AS code, two || '!' AS loud, three FROM m_nested;
            CREATE MATERIALIZED VIEW m_union AS SELECT ssn FROM users UNION ALL SELECT ssn FROM contacts;
            CREATE MATERIALIZED VIEW m_row AS SELECT v AS whole, v.two FROM v_nested v;
            CREATE MATERIALIZED VIEW m_cte AS
                WITH RECURSIVE r(ssn, n) AS (SELECT ssn, 1 FROM users UNION ALL SELECT ssn, n + 1 FROM r WHERE n < 3)
                SELECT ssn, (SELECT max(diagnosis) FROM visits) AS worst FROM r;
            CREATE MATERIALIZED VIEW m_made AS SELECT initials, upper || '' AS upper, born FROM made;
            CREATE MATERIALIZED VIEW m_part AS SELECT ssn FROM measures_low;
            CREATE MATERIALIZED VIEW m_catalog AS SELECT relname FROM pg_class;
            CREATE MATERIALIZED VIEW m_stats AS SELECT most_common_vals::text AS vals FROM pg_stats;
            CREATE TABLE elder (ssn text);
            CREATE TABLE parent (note text) INHERITS (elder);
            CREATE TABLE child (more text) INHERITS (parent);
            CREATE TABLE stray (ssn text, note text);
            ALTER TABLE stray INHERIT parent;
            """;

    @Parameter
    int major;

    TreeServer server() throws IOException, SQLException {
        return new TreeServer(major);
    }

    @Test
    void whatIsStoredIsTracedToTheColumnsThatItCameFrom() throws Exception {
        try (TreeServer server = server()) {
            server.execute(SCHEMA);

            assertThat(columns(server, "made"))
                    .containsEntry("initials", "~clinic.made.name ~clinic.made.ssn")
                    .containsEntry("upper", "~clinic.made.name")
                    .containsEntry("plain", "")
                    .containsEntry("fixed", "");
            assertThat(columns(server, "m_nested"))
                    .containsEntry("two", "clinic.users.ssn")
                    .containsEntry("three", "~clinic.users.name")
                    .containsEntry("n", "");
            assertThat(described(relation(server, "m_nested").builtFrom()))
                    .isEqualTo("~clinic.contacts.phone ~clinic.contacts.ssn ~clinic.users.id ~clinic.users.name"
                            + " ~clinic.users.ssn");
            assertThat(columns(server, "m_again"))
                    .containsEntry("code", "clinic.m_nested.two(clinic.users.ssn)")
                    .containsEntry("loud", "~clinic.m_nested.two(clinic.users.ssn)")
                    .containsEntry("three", "clinic.m_nested.three(~clinic.users.name)");
            assertThat(columns(server, "m_union")).containsEntry("ssn", "clinic.contacts.ssn clinic.users.ssn");
            assertThat(columns(server, "m_row"))
                    .containsEntry("whole", "~clinic.users.id ~clinic.users.name ~clinic.users.ssn")
                    .containsEntry("two", "clinic.users.ssn");
            assertThat(columns(server, "m_cte"))
                    .containsEntry("ssn", "~clinic.users.ssn")
                    .containsEntry("worst", "~clinic.visits.diagnosis");
            assertThat(columns(server, "m_made"))
                    .containsEntry("initials", "clinic.made.initials(~clinic.made.name ~clinic.made.ssn)")
                    .containsEntry("upper", "~clinic.made.upper(~clinic.made.name)")
                    .containsEntry("born", "clinic.made.born");
            assertThat(columns(server, "m_part")).containsEntry("ssn", "clinic.measures_low.ssn[clinic.measures]");
            assertThat(columns(server, "m_catalog")).containsEntry("relname", "");
            assertThat(columns(server, "m_stats").get("vals")).contains("pg_catalog.pg_st");
            assertThat(columns(server, "users"))
                    .containsEntry("ssn", "")
                    .containsEntry("initial", "~clinic.users.name");
        }
    }

    @Test
    void kinIsKnownBothWaysAndOverSeveralLevels() throws Exception {
        try (TreeServer server = server()) {
            server.execute(SCHEMA);

            assertThat(relation(server, "child").ancestors()).containsExactly("clinic.parent", "clinic.elder");
            assertThat(relation(server, "stray").ancestors()).containsExactly("clinic.parent", "clinic.elder");
            assertThat(relation(server, "elder").descendants())
                    .startsWith("clinic.parent")
                    .containsExactlyInAnyOrder("clinic.parent", "clinic.child", "clinic.stray");
            assertThat(server.analyze("select ssn from clinic.elder")
                            .relations()
                            .get(0)
                            .getAncestorsList())
                    .contains("clinic.child");
            assertThat(relation(server, "measures").descendants()).containsExactly("clinic.measures_low");
        }
    }

    @Test
    void aRequestNamesTheSourcesOfWhatItTouches() throws Exception {
        try (TreeServer server = server()) {
            server.execute(SCHEMA);
            var relation = server.analyze("select m.two from clinic.m_nested m")
                    .relations()
                    .get(0);

            assertThat(relation.getName()).isEqualTo("m_nested");
            assertThat(described(relation.getColumns(0).getSourcesList())).isEqualTo("clinic.users.ssn");
            assertThat(relation.getBuiltFromList()).isNotEmpty();
        }
    }

    @Test
    void virtualColumnsAreMadeOfWhatTheyAreComputedFrom() throws Exception {
        assumeThat(major).isGreaterThanOrEqualTo(18);
        try (TreeServer server = server()) {
            server.execute("CREATE TABLE clinic.virtual (a text, b text GENERATED ALWAYS AS (a || 'x') VIRTUAL)");
            assertThat(columns(server, "virtual")).containsEntry("b", "~clinic.virtual.a");
        }
    }

    private static RelationInfo relation(TreeServer server, String name) {
        RelationInfo relation = server.catalog().relation("clinic", name);
        assertThat(relation).as(name).isNotNull();
        return relation;
    }

    /** The sources of each column: computed ones with a tilde, what they come from in parentheses, ancestors in brackets. */
    private static Map<String, String> columns(TreeServer server, String name) {
        Map<String, String> columns = new TreeMap<>();
        relation(server, name)
                .columns()
                .values()
                .forEach(column -> columns.put(column.name(), described(column.sources())));
        return columns;
    }

    private static String described(Collection<ColumnSource> sources) {
        return sources.stream().map(StoredColumnsIT::described).sorted().collect(Collectors.joining(" "));
    }

    private static String described(ColumnSource source) {
        String name = source.getSchema() + '.' + source.getRelation() + '.' + source.getColumn();
        String inner = described(source.getSourcesList());
        return (source.getComputed() ? "~" : "")
                + name
                + (inner.isEmpty() ? "" : '(' + inner + ')')
                + (source.getAncestorsCount() == 0
                        ? ""
                        : source.getAncestorsList().toString());
    }
}
