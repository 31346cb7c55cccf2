package dev.chaperone.postgres.analysis;

import java.sql.Connection;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * Looks whether the catalog is still what was read of it, over a connection of its own that it keeps: it has to see what the
 * newest transactions did, whatever a session's own transaction may see. Used by one thread at a time.
 */
final class CatalogWitness implements AutoCloseable {

    /** Longest that an answer is waited for. */
    private static final int MOST_MILLIS = 30_000;

    private final CatalogLoader loader;
    private @Nullable Connection connection;
    private CatalogMark.@Nullable Looks prepared;

    CatalogWitness(CatalogLoader loader) {
        this.loader = loader;
    }

    /**
     * Looks once.
     *
     * @return the mark of now; null when the catalog has changed since the given one was made
     */
    @Nullable
    CatalogMark look(CatalogMark before) throws SQLException {
        CatalogMark.Looks ready = prepared;
        if (ready != null) {
            try {
                return before.look(ready);
            } catch (SQLException e) {
                // It has been idle, and the server or what is between may have ended it.
                close();
            }
        }
        return before.look(connect());
    }

    private CatalogMark.Looks connect() throws SQLException {
        Connection opened = loader.connect();
        connection = opened;
        opened.setNetworkTimeout(Runnable::run, MOST_MILLIS);
        CatalogMark.Looks ready = CatalogMark.prepare(opened);
        prepared = ready;
        return ready;
    }

    @Override
    public void close() {
        Connection open = connection;
        connection = null;
        prepared = null;
        if (open != null) {
            try {
                open.close();
            } catch (SQLException e) {
                // It is of no more use either way.
            }
        }
    }
}
