package dev.chaperone.postgres;

import dev.chaperone.postgres.analysis.SqlStatement;
import org.jspecify.annotations.Nullable;

/** A statement that the server has parsed. Belongs to one session's event loop. */
final class Prepared {

    private final SqlStatement statement;
    private final int offset;
    private @Nullable String tree;
    private boolean stale;

    /**
     * @param statement the statement
     * @param offset characters (code points) of the client's query string before it
     */
    Prepared(SqlStatement statement, int offset) {
        this.statement = statement;
        this.offset = offset;
    }

    SqlStatement statement() {
        return statement;
    }

    int offset() {
        return offset;
    }

    /** The server's analysis as it said it on Parse; null when it said none, or more than one. */
    @Nullable
    String tree() {
        return tree;
    }

    void tree(@Nullable String printed) {
        tree = printed;
    }

    /** True when the server has analysed the statement anew since, with another outcome. */
    boolean stale() {
        return stale;
    }

    void makeStale() {
        stale = true;
    }
}
