package dev.chaperone.postgres.analysis;

/**
 * Reads the rewritten query tree that the server prints on Parse when {@code debug_print_rewritten} is on, and establishes
 * what the statement touches. Whatever the tree holds that is not known by name is refused.
 */
public final class QueryAnalyzer {

    private QueryAnalyzer() {}

    /**
     * Analyses one statement.
     *
     * @param treeText the DETAIL of the server's notice "rewritten parse tree:", printed with {@code debug_pretty_print} off
     * @param catalog the names behind the OIDs
     * @throws UnanalysableException when it is not understood, with code UNANALYSABLE;
     *     or when it reaches for what is never given out, with code DENIED
     */
    public static QueryAnalysis analyze(String treeText, CatalogSnapshot catalog) {
        throw new UnanalysableException("statement cannot be analysed");
    }
}
