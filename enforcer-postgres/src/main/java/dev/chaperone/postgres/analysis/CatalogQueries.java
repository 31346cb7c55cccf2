package dev.chaperone.postgres.analysis;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The SQL that makes a {@link CatalogSnapshot}, for PostgreSQL 14 and later. */
final class CatalogQueries {

    /** Objects that initdb made have smaller OIDs ({@code FirstNormalObjectId}). */
    static final int FIRST_NORMAL_OBJECT_ID = 16384;

    private static final String RELATIONS = """
            SELECT c.oid::bigint, n.nspname, c.relname, c.relkind
              FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
               AND n.nspname !~ '^pg_(toast|temp)'""";

    private static final String COLUMNS = """
            SELECT a.attrelid::bigint, a.attnum, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),
                   a.attgenerated <> ''
              FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
             WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')""";

    private static final String PARENTS =
            "SELECT inhrelid::bigint, inhparent::bigint FROM pg_catalog.pg_inherits ORDER BY inhrelid, inhseqno";

    private static final String CONSTRAINTS = """
            SELECT conrelid::bigint, conname, confrelid::bigint FROM pg_catalog.pg_constraint WHERE conrelid <> 0
            UNION ALL
            SELECT i.indrelid::bigint, c.relname, 0
              FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
             WHERE i.indisunique AND i.indrelid >= """ + FIRST_NORMAL_OBJECT_ID;

    private static final String FUNCTIONS = """
            SELECT p.oid::bigint, n.nspname, p.proname, p.prokind, p.provolatile, l.lanname, p.proargtypes::text
              FROM pg_catalog.pg_proc p
              JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
              JOIN pg_catalog.pg_language l ON l.oid = p.prolang""";

    private static final String TYPES = """
            SELECT oid::bigint, pg_catalog.format_type(oid, NULL), typtype, typbasetype::bigint, typelem::bigint, typlen
              FROM pg_catalog.pg_type""";

    private static final String OPERATORS =
            "SELECT oid::bigint, oprcode::oid::bigint FROM pg_catalog.pg_operator WHERE oid >= "
                    + FIRST_NORMAL_OBJECT_ID;

    private CatalogQueries() {}

    static CatalogSnapshot load(Connection connection, String database) throws SQLException {
        connection.setAutoCommit(false);
        connection.setReadOnly(true);
        connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET LOCAL search_path = pg_catalog");
            requireUtf8(statement);
            Map<Integer, RelationInfo> relations = relations(statement, database);
            Map<Integer, String> functions = new HashMap<>();
            Set<Integer> allowed = new HashSet<>();
            functions(statement, functions, allowed);
            Map<Integer, Integer> operators = operators(statement);
            Map<Integer, String> types = new HashMap<>();
            Set<Integer> allowedTypes = types(statement, types);
            connection.commit();
            return new CatalogSnapshot(relations, functions, allowed, operators, types, allowedTypes);
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

    private static Map<Integer, RelationInfo> relations(Statement statement, String database) throws SQLException {
        Map<Integer, Map<Integer, ColumnInfo>> columns = new HashMap<>();
        try (ResultSet rows = statement.executeQuery(COLUMNS)) {
            while (rows.next()) {
                columns.computeIfAbsent((int) rows.getLong(1), oid -> new HashMap<>())
                        .put(rows.getInt(2), new ColumnInfo(rows.getString(3), rows.getString(4), rows.getBoolean(5)));
            }
        }
        Map<Integer, List<Integer>> parents = new HashMap<>();
        try (ResultSet rows = statement.executeQuery(PARENTS)) {
            while (rows.next()) {
                parents.computeIfAbsent((int) rows.getLong(1), oid -> new ArrayList<>())
                        .add((int) rows.getLong(2));
            }
        }
        Map<Integer, Map<String, Integer>> constraints = new HashMap<>();
        try (ResultSet rows = statement.executeQuery(CONSTRAINTS)) {
            while (rows.next()) {
                constraints
                        .computeIfAbsent((int) rows.getLong(1), oid -> new HashMap<>())
                        .merge(rows.getString(2), (int) rows.getLong(3), (one, other) -> one == 0 ? other : one);
            }
        }
        Map<Integer, String> names = new HashMap<>();
        Map<Integer, RelationInfo> relations = new HashMap<>();
        try (ResultSet rows = statement.executeQuery(RELATIONS)) {
            while (rows.next()) {
                int oid = (int) rows.getLong(1);
                String schema = rows.getString(2);
                String name = rows.getString(3);
                names.put(oid, schema + '.' + name);
                Map<Integer, ColumnInfo> own = columns.getOrDefault(oid, Map.of());
                relations.put(
                        oid,
                        new RelationInfo(
                                oid,
                                database,
                                schema,
                                name,
                                rows.getString(4).charAt(0),
                                own,
                                List.of(),
                                constraints.getOrDefault(oid, Map.of()),
                                SystemRelations.describesSchema(schema, name),
                                SystemRelations.withheld(schema, name, own)));
            }
        }
        relations.replaceAll((oid, relation) -> relation.withAncestors(ancestors(oid, parents, names)));
        return relations;
    }

    /** Breadth first, so that the nearest come first; a diamond is named once. */
    private static List<String> ancestors(int oid, Map<Integer, List<Integer>> parents, Map<Integer, String> names) {
        if (!parents.containsKey(oid)) {
            return List.of();
        }
        LinkedHashSet<Integer> seen = new LinkedHashSet<>();
        ArrayDeque<Integer> queue = new ArrayDeque<>(parents.get(oid));
        while (!queue.isEmpty()) {
            int next = queue.remove();
            if (seen.add(next)) {
                queue.addAll(parents.getOrDefault(next, List.of()));
            }
        }
        return seen.stream().filter(names::containsKey).map(names::get).toList();
    }

    private static void functions(Statement statement, Map<Integer, String> names, Set<Integer> allowed)
            throws SQLException {
        try (ResultSet rows = statement.executeQuery(FUNCTIONS)) {
            while (rows.next()) {
                int oid = (int) rows.getLong(1);
                String schema = rows.getString(2);
                String name = rows.getString(3);
                names.put(oid, schema + '.' + name);
                if (Integer.compareUnsigned(oid, FIRST_NORMAL_OBJECT_ID) < 0
                        && FunctionPolicy.allows(
                                schema,
                                name,
                                rows.getString(4).charAt(0),
                                rows.getString(5).charAt(0),
                                rows.getString(6),
                                rows.getString(7))) {
                    allowed.add(oid);
                }
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

    private record TypeRow(char kind, int base, int element) {}

    private static Set<Integer> types(Statement statement, Map<Integer, String> names) throws SQLException {
        Map<Integer, TypeRow> types = new HashMap<>();
        try (ResultSet rows = statement.executeQuery(TYPES)) {
            while (rows.next()) {
                int oid = (int) rows.getLong(1);
                names.put(oid, rows.getString(2));
                // Only true arrays (typlen -1) convert by their element type.
                int element = rows.getInt(6) == -1 ? (int) rows.getLong(5) : 0;
                types.put(oid, new TypeRow(rows.getString(3).charAt(0), (int) rows.getLong(4), element));
            }
        }
        Set<Integer> allowed = new HashSet<>();
        for (int oid : types.keySet()) {
            if (convertsOnly(oid, types, 0)) {
                allowed.add(oid);
            }
        }
        return allowed;
    }

    private static boolean convertsOnly(int oid, Map<Integer, TypeRow> types, int depth) {
        TypeRow type = types.get(oid);
        if (type == null || depth > 32) {
            return false;
        }
        if (Integer.compareUnsigned(oid, FIRST_NORMAL_OBJECT_ID) < 0 || type.kind == 'e' || type.kind == 'c') {
            return true;
        }
        if (type.kind == 'd') {
            return convertsOnly(type.base, types, depth + 1);
        }
        return type.kind == 'b' && type.element != 0 && convertsOnly(type.element, types, depth + 1);
    }
}
