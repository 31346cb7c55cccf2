package dev.chaperone.postgres.analysis;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** The SQL that makes a {@link CatalogSnapshot}, for PostgreSQL 14 and later. */
final class CatalogQueries {

    /** Objects that initdb made have smaller OIDs ({@code FirstNormalObjectId}). */
    static final int FIRST_NORMAL_OBJECT_ID = 16384;

    private static final String TYPES = """
            SELECT oid::bigint, pg_catalog.format_type(oid, NULL), typtype, typbasetype::bigint, typelem::bigint, typlen,
                   typtypmod, typarray::bigint,
                   typname = 'citext' AND EXISTS (
                     SELECT FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
                      WHERE d.classid = 'pg_catalog.pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e'
                        AND d.refclassid = 'pg_catalog.pg_extension'::regclass AND e.extname = 'citext')
              FROM pg_catalog.pg_type t""";

    private static final String OPERATORS =
            "SELECT oid::bigint, oprcode::oid::bigint FROM pg_catalog.pg_operator WHERE oid >= "
                    + FIRST_NORMAL_OBJECT_ID;

    private CatalogQueries() {}

    static CatalogLoader.Loaded load(Connection connection, String database, FunctionChoice choice)
            throws SQLException {
        connection.setAutoCommit(false);
        connection.setReadOnly(true);
        connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET LOCAL search_path = pg_catalog");
            requireUtf8(statement);
            Map<Integer, RelationInfo> relations = RelationQueries.load(statement, database);
            Map<Integer, Integer> operators = operators(statement);
            Map<Integer, String> names = new HashMap<>();
            Map<Integer, PlainTypes.Row> types = types(statement, names);
            FunctionList functions = FunctionList.load(statement, names, choice);
            HiddenCode hidden = HiddenCode.load(statement);
            CatalogMark mark = CatalogMark.in(connection);
            connection.commit();
            return new CatalogLoader.Loaded(
                    new CatalogSnapshot(
                            relations, functions, operators, names, allowed(types), PlainTypes.of(types), hidden),
                    mark);
        }
    }

    /** The tree's line breaks are counted in bytes of the database's encoding: see {@link QueryTreeReader}. */
    private static void requireUtf8(Statement statement) throws SQLException {
        try (ResultSet row = statement.executeQuery("SHOW server_encoding")) {
            row.next();
            if (!row.getString(1).equals("UTF8")) {
                throw new SQLException("database is encoded in `" + row.getString(1)
                        + "`, expected `UTF8`; convert it, its statements cannot be analysed safely otherwise");
            }
        }
    }

    private static Map<Integer, Integer> operators(Statement statement) throws SQLException {
        Map<Integer, Integer> operators = new HashMap<>();
        try (ResultSet rows = statement.executeQuery(OPERATORS)) {
            while (rows.next()) {
                operators.put((int) rows.getLong(1), (int) rows.getLong(2));
            }
        }
        return operators;
    }

    private static Map<Integer, PlainTypes.Row> types(Statement statement, Map<Integer, String> names)
            throws SQLException {
        Map<Integer, PlainTypes.Row> types = new HashMap<>();
        try (ResultSet rows = statement.executeQuery(TYPES)) {
            while (rows.next()) {
                int oid = (int) rows.getLong(1);
                names.put(oid, rows.getString(2));
                // Only true arrays (typlen -1) convert by their element type.
                int element = rows.getInt(6) == -1 ? (int) rows.getLong(5) : 0;
                types.put(
                        oid,
                        new PlainTypes.Row(
                                rows.getString(3).charAt(0),
                                (int) rows.getLong(4),
                                rows.getInt(7),
                                element,
                                (int) rows.getLong(8),
                                rows.getBoolean(9)));
            }
        }
        return types;
    }

    private static Set<Integer> allowed(Map<Integer, PlainTypes.Row> types) {
        Set<Integer> allowed = new HashSet<>();
        for (int oid : types.keySet()) {
            if (convertsOnly(oid, types, 0)) {
                allowed.add(oid);
            }
        }
        return allowed;
    }

    private static boolean convertsOnly(int oid, Map<Integer, PlainTypes.Row> types, int depth) {
        PlainTypes.Row type = types.get(oid);
        if (type == null || depth > 32) {
            return false;
        }
        if (Integer.compareUnsigned(oid, FIRST_NORMAL_OBJECT_ID) < 0 || type.kind() == 'e' || type.kind() == 'c') {
            return true;
        }
        if (type.kind() == 'd') {
            return convertsOnly(type.base(), types, depth + 1);
        }
        return type.kind() == 'b' && type.element() != 0 && convertsOnly(type.element(), types, depth + 1);
    }
}
