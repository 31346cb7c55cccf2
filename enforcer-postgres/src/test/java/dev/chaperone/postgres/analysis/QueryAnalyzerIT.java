package dev.chaperone.postgres.analysis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** The catalogue of ways around masking, on every major version. */
@ParameterizedClass(name = "PostgreSQL {0}")
@MethodSource("dev.chaperone.testkit.PostgresMajors#tested")
final class QueryAnalyzerIT {

    private static TreeServer server;

    @Parameter
    int major;

    @BeforeParameterizedClassInvocation
    static void start(int major) throws Exception {
        server = new TreeServer(major);
    }

    @AfterParameterizedClassInvocation
    static void stop() throws Exception {
        server.close();
    }

    String describe(String sql) throws SQLException {
        try {
            return Described.of(server.analyze(sql));
        } catch (UnanalysableException e) {
            return "!" + e.code() + " " + e.getMessage();
        }
    }

    @TestFactory
    List<DynamicTest> eachStatementIsUnderstoodForWhatItIs() {
        List<DynamicTest> tests = new ArrayList<>();
        String statement = "";
        for (String line : resource().lines().toList()) {
            if (line.startsWith("> ")) {
                String sql = statement;
                int since = 0;
                if (sql.startsWith("[")) {
                    since = Integer.parseInt(sql.substring(1, 3));
                    sql = sql.substring(4).strip();
                }
                if (since <= major) {
                    String asked = sql;
                    tests.add(DynamicTest.dynamicTest(
                            asked, () -> assertThat(describe(asked)).isEqualTo(line.substring(2))));
                }
            } else {
                statement = line;
            }
        }
        assertThat(tests).hasSizeGreaterThan(90);
        return tests;
    }

    @Test
    void outputsNameTheOriginThatRowDescriptionWillReport() throws Exception {
        List<OutputColumn> outputs = server.analyze("select secret, upper(name), 1 from clinic.v_users")
                .outputs();
        RelationInfo view = server.catalog().relation(outputs.get(0).tableOid());
        assertThat(view).isNotNull();
        assertThat(view.name()).isEqualTo("v_users");
        assertThat(outputs.get(0).attributeNumber()).isEqualTo(3);
        assertThat(outputs.get(0).sources()).extracting(FieldRef::field).containsExactly("postgres.clinic.users.ssn");
        assertThat(outputs.get(1).tableOid()).isZero();
        assertThat(outputs.get(1).passThrough()).isFalse();
    }

    @Test
    void partitionsNameTheirParents() throws Exception {
        assertThat(server.analyze("select ssn from clinic.measures_low")
                        .relations()
                        .get(0)
                        .getAncestorsList())
                .containsExactly("clinic.measures");
    }

    @Test
    void rowSecurityDoesNotCountAgainstTheAgent() throws Exception {
        server.execute("CREATE TABLE IF NOT EXISTS clinic.guarded (id int, owner text, note text);"
                + "ALTER TABLE clinic.guarded ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;"
                + "CREATE POLICY own ON clinic.guarded USING (owner = clinic.leak('x'))");
        assertThat(describe("select note from clinic.guarded")).isEqualTo("guarded(note:O) | note=guarded.note");
    }

    @Test
    void namesThatBreakLinesNeverBreakTheTree() throws Exception {
        String[] odd = {"}", ")", "{", "\\", " ", "\n", "\"\"", ":", "é", "漢", "😀", "[", "1", "<>", "\t", "a"};
        java.util.Random random = new java.util.Random(18);
        int read = 0;
        for (int round = 0; round < 400; round++) {
            StringBuilder name = new StringBuilder();
            int parts = 1 + random.nextInt(round % 2 == 0 ? 40 : 12);
            for (int i = 0; i < parts; i++) {
                name.append(odd[random.nextInt(odd.length)]);
            }
            String sql = "select u.ssn as \"" + name + "\", upper(u.name) as \""
                    + name.reverse().toString().replace("\"", "") + "x\"" + " from clinic.users u(\"" + "k" + round
                    + "\") where city = 'x'";
            String got = describe(sql);
            if (got.startsWith("!")) {
                assertThat(got)
                        .isEqualTo(
                                "!UNANALYSABLE statement uses a name with too many special characters; choose a shorter one");
            } else {
                read++;
                assertThat(got)
                        .startsWith("users(name:D,ssn:O,city:P) | ")
                        .contains("=users.ssn ")
                        .endsWith("~");
            }
        }
        assertThat(read).isGreaterThan(200);
    }

    @Test
    void commonTableExpressionsOfAlmostTheSameNameAreRefused() throws Exception {
        assertThat(describe(
                        "with \"a b\" as (select ssn from clinic.users), \"a\nb\" as (select name from clinic.users)"
                                + " select * from \"a b\""))
                .startsWith("!UNANALYSABLE");
    }

    @Test
    void whatTheCatalogDoesNotKnowAsksForANewerOne() throws Exception {
        CatalogSnapshot before = server.catalog();
        server.execute("CREATE TABLE IF NOT EXISTS clinic.younger (id int)");
        String tree = server.tree("select id from clinic.younger");
        assertThatThrownBy(() -> QueryAnalyzer.analyze(tree, before))
                .isInstanceOfSatisfying(
                        UnanalysableException.class,
                        e -> assertThat(e.staleCatalog()).isTrue());
        assertThat(QueryAnalyzer.analyze(tree, server.catalog()).relations()).hasSize(1);
        assertThat(server.catalog().version()).isNotEqualTo(before.version());
    }

    @Test
    void theCatalogRefreshes() throws Exception {
        try (CatalogService service = CatalogService.start(server.loader(), java.time.Duration.ofHours(1))) {
            long before = service.current().version();
            assertThat(service.asOf(System.nanoTime())
                            .toCompletableFuture()
                            .get(20, TimeUnit.SECONDS)
                            .version())
                    .isEqualTo(before);
            server.execute("CREATE TABLE clinic.fresh (id int)");
            service.asOf(System.nanoTime()).toCompletableFuture().get(20, TimeUnit.SECONDS);
            assertThat(service.current().version()).isNotEqualTo(before);
        }
    }

    @Test
    void deepNestingIsRefusedNotOverflown() throws Exception {
        assertThat(describe("select " + "upper(".repeat(900) + "ssn" + ")".repeat(900) + " from clinic.users"))
                .startsWith("!UNANALYSABLE");
        StringBuilder chain = new StringBuilder("with c0 as (select ssn from clinic.users)");
        for (int i = 1; i <= 900; i++) {
            chain.append(", c")
                    .append(i)
                    .append(" as (select ssn from c")
                    .append(i - 1)
                    .append(')');
        }
        assertThat(describe(chain + " select ssn from c900")).startsWith("!UNANALYSABLE");
    }

    private static String resource() {
        try (InputStream in = QueryAnalyzerIT.class.getResourceAsStream("catalogue.txt")) {
            assertThat(in).isNotNull();
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void virtualGeneratedColumnsStandForThemselves() throws Exception {
        assumeThat(major).isGreaterThanOrEqualTo(18);
        server.execute("CREATE TABLE clinic.virt (id int, ssn text, tail text GENERATED ALWAYS AS (right(ssn, 4)))");
        assertThat(describe("select tail from clinic.virt")).isEqualTo("virt(tail:O) | tail=virt.tail");
    }
}
