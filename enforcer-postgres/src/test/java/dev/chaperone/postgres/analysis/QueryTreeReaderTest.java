package dev.chaperone.postgres.analysis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class QueryTreeReaderTest {

    private static final String TREE =
            "({QUERY :commandType 1 :flags (b 8 9) :names (\"a\\ b\" \"c\") :expr {CONST :constisnull"
                    + " false :constvalue 4 [ 1 0 -1 0 ] :after x} :empty <> :none (b) :resname :relid :relid 5})";

    private static Node.Struct read(String text) {
        return Node.struct(((Node.Items) QueryTreeReader.read(text)).items().get(0));
    }

    @Test
    void valuesOfEveryKindAreRead() {
        Node.Struct query = read(TREE);
        assertThat(query.type()).isEqualTo("QUERY");
        assertThat(query.number("commandType")).isEqualTo(1);
        assertThat(query.list("flags")).containsExactly(new Node.Token("8"), new Node.Token("9"));
        assertThat(query.list("names")).containsExactly(new Node.Token("\"a b\""), new Node.Token("\"c\""));
        assertThat(Node.struct(query.field("expr")).text("after")).isEqualTo("x");
        assertThat(query.field("empty")).isEqualTo(Node.NULL);
        assertThat(query.list("none")).isEmpty();
        assertThat(query.list("absent")).isEmpty();
    }

    @Test
    void aNameThatLooksLikeAFieldIsAName() {
        Node.Struct query = read(TREE);
        assertThat(query.text("resname")).isEqualTo(":relid");
        assertThat(query.number("relid")).isEqualTo(5);
    }

    @Test
    void escapesBelongToTheirToken() {
        Node.Struct node = read("({A :x \\}\\(\\{\\\\ :y \\<> :z a\\\nb})");
        assertThat(node.text("x")).isEqualTo("}({\\");
        assertThat(node.text("z")).isEqualTo("a\nb");
        assertThat(node.size()).isEqualTo(3);
    }

    @Test
    void aTokenThatDoesNotFitALineIsRefused() {
        String name = "\\}".repeat(40);
        assertThatThrownBy(
                        () -> QueryTreeReader.read("({A :resname " + name.substring(0, 77) + "\n" + name + " :b 1})"))
                .isInstanceOf(UnanalysableException.class)
                .hasMessageContaining("special characters");
        assertThat(QueryTreeReader.read("({A :resname " + "x".repeat(70) + "\n:b 1})"))
                .isNotNull();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "(",
                ")",
                "{",
                "{}",
                "{A",
                "{A :b}",
                "{A b}",
                "{A :b 1 2}",
                "({A :b 1)}",
                "({A :b 1}) x",
                "{A :b 4 [ 1",
                "{A [ 1 ]}",
                "{A :b 4 [ x ]}",
                "{A :b {B} [ 1 ]}",
                "{A :b \\",
                "{(A) :b 1}",
                "{A : 1}",
                "{A \\:b 1}",
                "{A :b 1 \\:c 2}"
            })
    void malformedTextIsRefused(String text) {
        assertThatThrownBy(() -> QueryTreeReader.read(text)).isInstanceOf(UnanalysableException.class);
    }

    @Test
    void nestingIsBounded() {
        assertThatThrownBy(() -> QueryTreeReader.read("(".repeat(1_000_000))).isInstanceOf(UnanalysableException.class);
    }

    @Test
    void anyTextIsReadOrRefused() {
        Random random = new Random(42);
        List<String> parts = List.of(
                "{", "}", "(", ")", " ", "\n", "\\", ":", "[", "]", "1", "A", ":commandType", "QUERY", "<>", "\"");
        CatalogSnapshot empty = new CatalogSnapshot(
                java.util.Map.of(),
                FunctionList.of(java.util.Map.of(), java.util.Set.of()),
                java.util.Map.of(),
                java.util.Map.of(),
                java.util.Set.of(),
                java.util.Map.of(),
                HiddenCode.NONE);
        int read = 0;
        for (int round = 0; round < 30_000; round++) {
            StringBuilder text = new StringBuilder(TREE);
            for (int i = random.nextInt(6); i >= 0; i--) {
                int at = random.nextInt(text.length());
                if (random.nextBoolean()) {
                    text.deleteCharAt(at);
                } else {
                    text.insert(at, parts.get(random.nextInt(parts.size())));
                }
            }
            try {
                QueryTreeReader.read(text);
                read++;
                QueryAnalyzer.analyze(text, empty);
            } catch (UnanalysableException e) {
                assertThat(e.getMessage()).isNotBlank();
            }
        }
        assertThat(read).isGreaterThan(100);
    }
}
