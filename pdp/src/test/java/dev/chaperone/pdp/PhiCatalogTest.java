package dev.chaperone.pdp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.chaperone.decision.v1.Column;
import dev.chaperone.decision.v1.ColumnSource;
import dev.chaperone.decision.v1.Relation;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class PhiCatalogTest {

    private static final String TEXT = """
            databases:
              clinic:
                schemas:
                  public:
                    patients:
                      columns: { name: A, ssn: G, city: NONE, diagnosis: CLINICAL, home: N, note: UNKNOWN }
                    visits: { columns: { id: R, at: C }, others: CLINICAL }
                    visits_2026: { columns: { at: NONE } }
                    rooms: { columns: { id: NONE }, others: NONE }
                    wards: { columns: { id: NONE } }
                    empty: {}
                    pgbench_*: { others: NONE }
                    pgbench_acc*: { others: CLINICAL }
                    "*_log_*": { others: R }
                    weird.name: { others: H }
                  pg_catalog:
                    pg_stats: { others: NONE }
              other: { schemas: { public: { patients: { others: NONE } } } }
            """;

    private final PhiCatalog catalog = PhiCatalog.parse("catalog.yaml", TEXT);

    @ParameterizedTest
    @CsvSource({
        "patients, name, A",
        "patients, ssn, G",
        "patients, home, N",
        "patients, city, NONE",
        "patients, diagnosis, CLINICAL",
        "patients, note, UNKNOWN",
        "patients, fax, UNKNOWN",
        "patients, SSN, UNKNOWN",
        "Patients, ssn, UNKNOWN",
        "visits, reason, CLINICAL",
        "nowhere, ssn, UNKNOWN",
        "pgbench_tellers, tid, NONE",
        "pgbench_accounts, aid, CLINICAL",
        "my_log_table, line, R",
        "_log_, line, R",
        "_log, line, UNKNOWN",
        "weird.name, x, H",
    })
    void knowsColumns(String table, String column, String phiClass) {
        assertThat(catalog.phiClass(relation(table), column(column))).isEqualTo(phiClass);
    }

    @ParameterizedTest
    @CsvSource({
        // What a generated column of a listed table is computed from.
        "patients, initial, computed name, UNKNOWN",
        "patients, initial, copied name, A",
        "patients, district, computed city, NONE",
        "patients, code, computed diagnosis, CLINICAL",
        "patients, both, computed city;computed diagnosis, CLINICAL",
        "patients, both, computed city;computed ssn, UNKNOWN",
        "patients, both, copied name;copied ssn, UNKNOWN",
        "patients, both, copied ssn;copied ssn, G",
        "patients, both, copied city;copied ssn, G",
        "patients, both, copied nothing, UNKNOWN",
        "patients, name, computed city, A",
        "patients, city, computed name, NONE",
        "rooms, label, computed patients.name, UNKNOWN",
        "rooms, label, copied name, A",
        "visits, label, computed city, CLINICAL",
        // A materialised view that is not listed itself.
        "m_patients, who, copied name, A",
        "m_patients, who, copied city, NONE",
        "m_patients, who, copied elsewhere.x, UNKNOWN",
    })
    void labelsWhatIsMadeOfOtherColumnsByThose(String table, String column, String sources, String phiClass) {
        Column.Builder made = column(column).toBuilder();
        Relation.Builder relation = relation(table).toBuilder();
        for (String source : sources.split(";")) {
            String name = source.substring(source.indexOf(' ') + 1);
            int dot = name.indexOf('.');
            ColumnSource built = ColumnSource.newBuilder()
                    .setSchema("public")
                    .setRelation(dot < 0 ? "patients" : name.substring(0, dot))
                    .setColumn(name.substring(dot + 1))
                    .setComputed(source.startsWith("computed"))
                    .build();
            made.addSources(built);
            relation.addBuiltFrom(built);
        }
        assertThat(catalog.phiClass(relation.build(), made.build())).isEqualTo(phiClass);
    }

    @ParameterizedTest
    @CsvSource({
        "m_patients, city, NONE",
        "m_patients, name, A",
        "m_patients, fax, UNKNOWN",
        "m_patients, diagnosis, CLINICAL",
        "rooms, name, NONE",
    })
    void knowsAMaterialisedViewByWhatItWasBuiltFrom(String table, String source, String phiClass) {
        Relation relation = relation(table).toBuilder()
                .addBuiltFrom(ColumnSource.newBuilder()
                        .setSchema("public")
                        .setRelation("patients")
                        .setColumn(source))
                .build();
        assertThat(catalog.relationClass(relation)).isEqualTo(phiClass);
    }

    @Test
    void knowsDatabasesAndSchemasApart() {
        assertThat(catalog.phiClass(
                        relation("patients").toBuilder().setDatabase("other").build(), column("ssn")))
                .isEqualTo("NONE");
        assertThat(catalog.phiClass(
                        relation("patients").toBuilder().setSchema("private").build(), column("ssn")))
                .isEqualTo("UNKNOWN");
        assertThat(PhiCatalog.EMPTY.phiClass(relation("patients"), column("ssn")))
                .isEqualTo("UNKNOWN");
    }

    @ParameterizedTest
    @CsvSource({"patients, UNKNOWN", "visits, R", "rooms, NONE", "wards, UNKNOWN", "empty, UNKNOWN", "nowhere, UNKNOWN"
    })
    void aWholeRowIsAsStrongAsItsStrongestColumn(String table, String phiClass) {
        String found = catalog.phiClass(relation(table), column("*"));

        // Either identifier of visits would do: both identify.
        assertThat(found.equals("C") ? "R" : found).isEqualTo(phiClass);
    }

    @ParameterizedTest
    @CsvSource({
        "rooms, NONE",
        "wards, NONE",
        "empty, UNKNOWN",
        "nowhere, UNKNOWN",
        "pgbench_accounts, CLINICAL",
    })
    void aRelationIsKnownByItsListedColumns(String table, String phiClass) {
        assertThat(catalog.relationClass(relation(table))).isEqualTo(phiClass);
    }

    @ParameterizedTest
    @ValueSource(strings = {"patients", "visits"})
    void aRelationWithAnIdentifierIsOneWhateverElseIsUnknown(String table) {
        assertThat(catalog.relationClass(relation(table))).matches("[A-R]");
    }

    @Test
    void aPartitionCarriesItsParentsLabels() {
        Relation partition =
                relation("visits_p1").toBuilder().addAncestors("public.visits").build();

        assertThat(catalog.phiClass(partition, column("id"))).isEqualTo("R");
        assertThat(catalog.phiClass(partition, column("reason"))).isEqualTo("CLINICAL");
        assertThat(catalog.relationClass(partition)).matches("[A-R]");
    }

    @Test
    void aListedPartitionCannotWeakenItsParentsLabel() {
        Relation partition = relation("visits_2026").toBuilder()
                .addAncestors("public.visits_all")
                .addAncestors("public.visits")
                .build();

        assertThat(catalog.phiClass(partition, column("at"))).isEqualTo("C");
        assertThat(catalog.phiClass(relation("visits_2026"), column("at"))).isEqualTo("NONE");
    }

    @Test
    void anAncestorsNameMayHoldDots() {
        Relation child =
                relation("child").toBuilder().addAncestors("public.weird.name").build();

        assertThat(catalog.phiClass(child, column("x"))).isEqualTo("H");
    }

    @ParameterizedTest
    @CsvSource({
        "pg_class, NONE",
        "pg_statistic, UNKNOWN",
        "pg_stat_activity, UNKNOWN",
        "pg_authid, UNKNOWN",
        "pg_stats, NONE",
    })
    void theDatabasesOwnCatalogsHoldNothingButWhereTheyDo(String table, String phiClass) {
        Relation system = relation(table).toBuilder()
                .setSchema("pg_catalog")
                .setSystem(true)
                .build();

        assertThat(catalog.phiClass(system, column("x"))).isEqualTo(phiClass);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "database: {} | catalog.yaml:1: unknown key `database`; did you mean `databases`?",
                "databases: { clinic: { schema: {} } } | unknown key `databases.clinic.schema`; did you mean `schemas`?",
                "databases: { clinic: { schemas: { public: { t: { column: {} } } } } } | did you mean `columns`?",
                "databases: { clinic: { schemas: { public: { t: { columns: { c: Z } } } } } } "
                        + "| `databases.clinic.schemas.public.t.columns.c` has the unknown PHI class `Z`",
                "databases: { clinic: { schemas: { public: { t: { others: unknwon } } } } } | did you mean `UNKNOWN`?",
                "databases: { clinic: { schemas: { public: { t: { others: none } } } } } | did you mean `NONE`?",
                "databases: { clinic: { schemas: { public: { t: { others: [A] } } } } } | is not a PHI class",
                "databases: { clinic: { schemas: { public: { t: { columns: { c: A, c: NONE } } } } } } "
                        + "| `databases.clinic.schemas.public.t.columns.c` is there twice",
                "databases: { clinic: { schemas: { public: { t: {}, t: { others: NONE } } } } } | is there twice",
                "databases: { clinic: { schemas: { public: { t: { others: A, others: NONE } } } } } | is there twice",
                "databases: { clinic: { schemas: { public: { t: A } } } } | `databases.clinic.schemas.public.t` is not a mapping",
                "databases: { clinic: { schemas: { public: { \"\": {} } } } } | holds an empty name",
                "databases: { clinic: | catalog.yaml: ",
                "'' | the catalog is empty",
                "[] | is not a mapping",
            })
    void refusesWhatItDoesNotUnderstand(String text, String problem) {
        assertThatThrownBy(() -> PhiCatalog.parse("catalog.yaml", text))
                .isInstanceOf(PolicyLoadException.class)
                .hasMessageContaining(problem);
    }

    @Test
    void namesEverythingThatIsWrongWithItsLine() {
        PolicyLoadException refused =
                catchThrowableOfType(PolicyLoadException.class, () -> PhiCatalog.parse("catalog.yaml", """
                        databases:
                          clinic:
                            schemas:
                              public:
                                patients:
                                  columns:
                                    name: AA
                                    ssn: 7
                                  other: NONE
                        """));

        assertThat(refused.problems())
                .satisfiesExactly(
                        first ->
                                assertThat(first).startsWith("catalog.yaml:7: ").contains("`AA`"),
                        second -> assertThat(second)
                                .startsWith("catalog.yaml:8: ")
                                .contains("`7`"),
                        third ->
                                assertThat(third).startsWith("catalog.yaml:9: ").contains("did you mean `others`?"));
    }

    @Test
    void refusesASecondDocument() {
        assertThatThrownBy(() -> PhiCatalog.parse("catalog.yaml", "databases: {}\n---\ndatabases: {}\n"))
                .hasMessageContaining("a second document");
    }

    @Test
    void saysWhichFileCannotBeRead() {
        assertThatThrownBy(() -> PhiCatalog.read(Path.of("nowhere.yaml")))
                .isInstanceOf(PolicyLoadException.class)
                .hasMessageContaining("catalog `nowhere.yaml` cannot be read");
    }

    static LongStream seeds() {
        return LongStream.range(0, 50);
    }

    /** A label that is added anywhere never makes any answer weaker, other than by saying what was unknown. */
    @ParameterizedTest
    @MethodSource("seeds")
    void addingAnIdentifierToAnAncestorNeverWeakensTheColumn(long seed) {
        Random random = new Random(seed);
        List<String> classes = List.of("NONE", "CLINICAL", "A", "UNKNOWN");
        String own = classes.get(random.nextInt(classes.size()));
        String parent = classes.get(random.nextInt(classes.size()));
        PhiCatalog both = PhiCatalog.parse(
                "catalog.yaml",
                "databases: { clinic: { schemas: { public: { child: { columns: { c: %s } }, parent: { columns: { c: %s } } } } } }"
                        .formatted(own, parent));
        Relation child =
                relation("child").toBuilder().addAncestors("public.parent").build();

        List<String> strength = List.of("NONE", "CLINICAL", "A", "UNKNOWN");
        assertThat(strength.indexOf(both.phiClass(child, column("c"))))
                .isEqualTo(Math.max(strength.indexOf(own), strength.indexOf(parent)));
    }

    private static Relation relation(String name) {
        return Relation.newBuilder()
                .setDatabase("clinic")
                .setSchema("public")
                .setName(name)
                .build();
    }

    private static Column column(String name) {
        return Column.newBuilder().setName(name).build();
    }
}
