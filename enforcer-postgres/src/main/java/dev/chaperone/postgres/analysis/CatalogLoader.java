package dev.chaperone.postgres.analysis;

import java.sql.Connection;
import java.sql.SQLException;

/** Reads the catalog of one database over the enforcer's own credential. Blocks: never call it on an event loop. */
public final class CatalogLoader {

    /** Opens connections to the database whose catalog is read. */
    @FunctionalInterface
    public interface ConnectionSource {
        /** A new connection, which the caller closes. */
        Connection open() throws SQLException;
    }

    /**
     * What was read.
     *
     * @param snapshot the catalog
     * @param mark by what to see whether it has changed since
     */
    record Loaded(CatalogSnapshot snapshot, CatalogMark mark) {}

    private final String database;
    private final FunctionChoice functions;
    private final ConnectionSource source;

    /**
     * A loader that has loaded nothing yet.
     *
     * @param database what policies call the database: the upstream's configured name
     * @param functions what was decided on of single functions
     */
    public CatalogLoader(String database, FunctionChoice functions, ConnectionSource source) {
        this.database = database;
        this.functions = functions;
        this.source = source;
    }

    /** Reads the catalog in one read-only snapshot. */
    public CatalogSnapshot load() throws SQLException {
        return loadMarked().snapshot();
    }

    /** The same, with the mark by which to see whether it has changed since. */
    Loaded loadMarked() throws SQLException {
        try (Connection connection = source.open()) {
            return CatalogQueries.load(connection, database, functions);
        }
    }

    /** A connection to look by. */
    Connection connect() throws SQLException {
        return source.open();
    }
}
