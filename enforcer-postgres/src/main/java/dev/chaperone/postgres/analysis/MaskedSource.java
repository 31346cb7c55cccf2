package dev.chaperone.postgres.analysis;

import java.util.Set;

/**
 * A subquery that takes the place of a relation in a statement, with some of its columns masked in SQL.
 *
 * <p>Where the server's tree of a statement has a subquery that is the same as this one's tree, down to the last constant, the
 * masked columns are known to go nowhere but into their masks.
 *
 * @param relation the relation that it stands for
 * @param text the subquery, without parentheses
 * @param masked attribute numbers of the relation's columns that it masks
 */
public record MaskedSource(RelationInfo relation, String text, Set<Integer> masked) {

    public MaskedSource {
        masked = Set.copyOf(masked);
    }

    /**
     * The subquery as the server understood it.
     *
     * @param treeText the server's tree of {@link #text} as a statement of its own
     * @throws UnanalysableException when it calls a function that is not on the allow-list, or cannot be read
     */
    public Verified verify(String treeText, CatalogSnapshot catalog) {
        QueryAnalysis analysis = QueryAnalyzer.analyze(treeText, catalog);
        if (!analysis.disallowedFunctions().isEmpty()) {
            throw new UnanalysableException("masks in SQL need the functions " + analysis.disallowedFunctions()
                    + ", which are not on the allow-list");
        }
        Node tree = QueryTreeReader.read(treeText);
        return new Verified(this, Node.struct(((Node.Items) tree).items().get(0)));
    }

    /** A source with the server's tree of it. Immutable. */
    public static final class Verified {

        private static final Set<String> POSITIONS = Set.of("stmt_len", "list_start", "list_end", "queryId");

        private final MaskedSource source;
        private final Node.Struct query;

        private Verified(MaskedSource source, Node.Struct query) {
            this.source = source;
            this.query = query;
        }

        /** The source. */
        public MaskedSource source() {
            return source;
        }

        boolean is(Node.Struct other) {
            return same(query, other);
        }

        private static boolean same(Node one, Node other) {
            if (one instanceof Node.Items list) {
                return other instanceof Node.Items others && same(list, others);
            }
            if (one instanceof Node.Struct struct) {
                return other instanceof Node.Struct another && same(struct, another);
            }
            return one.equals(other);
        }

        private static boolean same(Node.Items list, Node.Items others) {
            if (list.items().size() != others.items().size()) {
                return false;
            }
            for (int i = 0; i < list.items().size(); i++) {
                if (!same(list.items().get(i), others.items().get(i))) {
                    return false;
                }
            }
            return true;
        }

        private static boolean same(Node.Struct struct, Node.Struct other) {
            if (!struct.is(other.type()) || struct.size() != other.size()) {
                return false;
            }
            for (int i = 0; i < struct.size(); i++) {
                String name = struct.name(i);
                if (!name.equals(other.name(i))) {
                    return false;
                }
                if (!isPosition(name) && !same(struct.value(i), other.value(i))) {
                    return false;
                }
            }
            return true;
        }

        /** Where something stands in the statement's text is no part of what it means. */
        private static boolean isPosition(String name) {
            return name.endsWith("location") || POSITIONS.contains(name);
        }
    }
}
