package dev.chaperone.postgres.analysis;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGStatement;

/**
 * By what it shows later whether the catalog has changed since it was read. {@code docs/adr/0015} says why it is enough.
 *
 * @param snapshot which transactions had ended when it was last looked: while that is the same nothing at all has changed
 * @param oldest the oldest transaction that had not ended when the catalog was read: what was written since was not written by
 *     an older one
 * @param rows how many rows each of the catalogs had when the catalog was read, and which of those transactions wrote any of
 *     them
 */
record CatalogMark(String snapshot, String oldest, String rows) {

    private static final String USERS = " >= " + CatalogQueries.FIRST_NORMAL_OBJECT_ID;

    /** Of users, and not temporary: those are in no {@link CatalogSnapshot}. */
    private static final List<String> CATALOGS = List.of(
            "pg_class WHERE oid" + USERS + " AND relpersistence <> 't'",
            "pg_attribute WHERE attrelid" + USERS + " AND attrelid <> ALL ((SELECT relations FROM temporary)::oid[])",
            "pg_attrdef WHERE adrelid <> ALL ((SELECT relations FROM temporary)::oid[])",
            "pg_inherits WHERE inhrelid <> ALL ((SELECT relations FROM temporary)::oid[])",
            "pg_index WHERE indrelid" + USERS + " AND indrelid <> ALL ((SELECT relations FROM temporary)::oid[])",
            "pg_trigger WHERE tgrelid <> ALL ((SELECT relations FROM temporary)::oid[])",
            "pg_rewrite WHERE ev_class" + USERS + " AND ev_class <> ALL ((SELECT relations FROM temporary)::oid[])",
            "pg_constraint WHERE oid" + USERS + " AND connamespace <> ALL ((SELECT schemas FROM temporary)::oid[])",
            "pg_type WHERE oid" + USERS + " AND typnamespace <> ALL ((SELECT schemas FROM temporary)::oid[])",
            "pg_proc WHERE oid" + USERS + " AND pronamespace <> ALL ((SELECT schemas FROM temporary)::oid[])",
            "pg_operator WHERE oid" + USERS + " AND oprnamespace <> ALL ((SELECT schemas FROM temporary)::oid[])",
            "pg_namespace WHERE oid <> ALL ((SELECT schemas FROM temporary)::oid[])");

    private static final String TEMPORARY = """
            WITH temporary AS MATERIALIZED (
              SELECT ARRAY(SELECT oid FROM pg_catalog.pg_class WHERE oid >= 16384 AND relpersistence = 't') AS relations,
                     ARRAY(SELECT oid FROM pg_catalog.pg_namespace WHERE nspname ~ '^pg_(toast_)?temp_') AS schemas),
            asked(snapshot, oldest) AS MATERIALIZED (SELECT ?::text, ?::text::xid),
            """;

    /** What a later look finds the same as long as nothing was written; too old a mark is no measure of age any more. */
    private static final String ROWS = CATALOGS.stream()
            .map(catalog -> "SELECT pg_catalog.count(*), pg_catalog.array_agg(xmin) FILTER (WHERE pg_catalog.age(xmin)"
                    + " <= (SELECT pg_catalog.age(oldest) FROM asked)) FROM pg_catalog." + catalog)
            .collect(Collectors.joining(" UNION ALL ", TEMPORARY + "looked(rows, written) AS (", ")"));

    private static final String LOOK = ROWS + """

            SELECT pg_catalog.pg_current_snapshot()::text,
                   CASE WHEN pg_catalog.pg_current_snapshot()::text = (SELECT snapshot FROM asked)
                         AND NOT pg_catalog.pg_is_in_recovery() THEN NULL
                        WHEN (SELECT pg_catalog.age(oldest) FROM asked) NOT BETWEEN 0 AND 1000000000 THEN 'too old'
                        ELSE (SELECT pg_catalog.array_agg(rows || ':' || ARRAY(
                                     SELECT x::text FROM pg_catalog.unnest(written) AS x ORDER BY 1)::text)::text
                                FROM looked) END""";

    /** The same by itself, which takes a fraction of the time; a standby does not know it. */
    private static final String ENDED = "SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN ''"
            + " ELSE pg_catalog.pg_current_snapshot()::text END";

    /** The mark of what a transaction in isolation REPEATABLE READ sees, be it read earlier or later. */
    static CatalogMark in(Connection transaction) throws SQLException {
        String oldest;
        try (Statement statement = transaction.createStatement();
                ResultSet row =
                        statement.executeQuery("SELECT (pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())"
                                + "::text::numeric % 4294967296)::text")) {
            row.next();
            oldest = row.getString(1);
        }
        try (PreparedStatement statement = transaction.prepareStatement(LOOK)) {
            statement.setString(1, "");
            statement.setString(2, oldest);
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return new CatalogMark(row.getString(1), oldest, String.valueOf(row.getString(2)));
            }
        }
    }

    /**
     * What it is looked by again and again.
     *
     * @param ended says which transactions have ended
     * @param whole says that and what they may have written
     */
    record Looks(PreparedStatement ended, PreparedStatement whole) {}

    /** Prepares a connection to be looked by. */
    static Looks prepare(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET search_path = pg_catalog");
            statement.execute("SET plan_cache_mode = force_generic_plan");
            statement.execute("SET jit = off");
        }
        return new Looks(prepare(connection, ENDED), prepare(connection, LOOK));
    }

    private static PreparedStatement prepare(Connection connection, String sql) throws SQLException {
        PreparedStatement prepared = connection.prepareStatement(sql);
        prepared.unwrap(PGStatement.class).setPrepareThreshold(1);
        return prepared;
    }

    /**
     * Looks once more, in transactions of its own.
     *
     * @return the mark of now when the catalog is as it was; null when something has been written to it
     */
    @Nullable
    CatalogMark look(Looks looks) throws SQLException {
        try (ResultSet row = looks.ended().executeQuery()) {
            row.next();
            if (row.getString(1).equals(snapshot)) {
                return this;
            }
        }
        PreparedStatement whole = looks.whole();
        whole.setString(1, snapshot);
        whole.setString(2, oldest);
        try (ResultSet row = whole.executeQuery()) {
            row.next();
            String now = row.getString(2);
            return now == null || now.equals(rows) ? new CatalogMark(row.getString(1), oldest, rows) : null;
        }
    }
}
