package dev.chaperone.postgres.analysis;

import java.util.List;

/** Splits a query string into its statements exactly as the server would, and says what each one is. */
public final class StatementSplitter {

    private StatementSplitter() {}

    /**
     * Splits and classifies.
     *
     * @param sql a query string; {@code standard_conforming_strings} is on
     * @return the statements in order, without empty ones; a single empty statement when there is nothing else
     * @throws UnanalysableException when the text does not lex
     */
    public static List<SqlStatement> split(String sql) {
        throw new UnanalysableException("statement cannot be split");
    }
}
