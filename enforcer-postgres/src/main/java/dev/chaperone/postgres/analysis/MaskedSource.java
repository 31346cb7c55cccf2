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
            return TreeComparison.same(query, other);
        }
    }
}
