package dev.chaperone.postgres.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** What holds for the reading of the server's trees whatever the text is: it is understood, or refused. */
final class TreeProperties {

    private static final CatalogSnapshot CATALOG = catalog();

    private TreeProperties() {}

    /** Relations and functions of whatever number a tree may hold. */
    private static CatalogSnapshot catalog() {
        Map<Integer, ColumnInfo> columns = IntStream.rangeClosed(1, 8)
                .boxed()
                .collect(Collectors.toMap(
                        number -> number, number -> new ColumnInfo("c" + number, "text", "text", false)));
        Map<Integer, RelationInfo> relations = new HashMap<>();
        for (int oid = 16_384; oid < 16_500; oid++) {
            char kind = oid % 7 == 0 ? 'v' : 'r';
            relations.put(oid, TestingRelations.relation(oid, "clinic", "t" + oid, kind, columns));
        }
        Set<Integer> allowed = IntStream.range(1, 6_000).boxed().collect(Collectors.toSet());
        return new CatalogSnapshot(
                relations, FunctionList.of(Map.of(), allowed), Map.of(), Map.of(), allowed, Map.of(), HiddenCode.NONE);
    }

    static void check(String text) {
        Node tree;
        try {
            tree = QueryTreeReader.read(text);
        } catch (UnanalysableException e) {
            assertThat(e).hasMessageNotContaining("null");
            return;
        }
        String printed = print(tree);
        assertThat(print(QueryTreeReader.read(printed))).isEqualTo(printed);
        try {
            assertThat(print(QueryTreeReader.read(wrapped(printed)))).isEqualTo(printed);
        } catch (UnanalysableException e) {
            assertThat(e).as("a token may be longer than a line").hasMessageContaining("special characters");
        }
        try {
            QueryAnalysis analysis = QueryAnalyzer.analyze(text, CATALOG);
            assertThat(QueryAnalyzer.analyze(printed, CATALOG)).isEqualTo(analysis);
        } catch (UnanalysableException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
    }

    /** As the server prints it, on one line. */
    private static String print(Node node) {
        if (node instanceof Node.Token token) {
            return token.equals(Node.NULL) ? "<>" : escaped(token.text());
        }
        if (node instanceof Node.Items list) {
            // A marker tells what a list's first element is not.
            return list.items().stream().map(TreeProperties::print).collect(Collectors.joining(" ", "(b ", ")"));
        }
        Node.Struct struct = Node.struct(node);
        StringBuilder out = new StringBuilder("{").append(struct.type());
        for (int i = 0; i < struct.size(); i++) {
            out.append(" :").append(struct.name(i)).append(' ').append(print(struct.value(i)));
        }
        return out.append('}').toString();
    }

    /** The bytes of a constant are one token here; a name's blanks are escaped. */
    private static String escaped(String token) {
        if (token.matches("-?[0-9]+( -?[0-9]+)+")) {
            int first = token.indexOf(' ');
            return token.substring(0, first) + " [" + token.substring(first) + " ]";
        }
        return token.replaceAll("([ \\t\\n(){}\\\\])", "\\\\$1");
    }

    /** Lines of at most 78 bytes, broken at a space where there is one (format_node_dump). */
    private static String wrapped(String line) {
        StringBuilder out = new StringBuilder(line);
        int start = 0;
        while (out.length() - start > 78) {
            int end = out.lastIndexOf(" ", start + 78);
            if (end <= start || out.charAt(end - 1) == '\\') {
                return line;
            }
            out.setCharAt(end, '\n');
            start = end + 1;
        }
        return out.toString();
    }
}
