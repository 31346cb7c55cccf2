package dev.chaperone.postgres.analysis;

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
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;

/** The SQL that finds the relations of a {@link CatalogSnapshot}, for PostgreSQL 14 and later. */
final class RelationQueries {

    private static final String RELATIONS = """
            SELECT c.oid::bigint, n.nspname, c.relname, c.relkind
              FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
               AND n.nspname !~ '^pg_(toast|temp)'""";

    private static final String COLUMNS = """
            SELECT a.attrelid::bigint, a.attnum, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),
                   CASE WHEN t.typtype = 'd' OR e.typtype = 'd' THEN (
                     WITH RECURSIVE plain(type, modifier) AS (
                       SELECT CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE e.typbasetype END,
                              CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE e.typtypmod END
                        UNION ALL
                       SELECT b.typbasetype, b.typtypmod
                         FROM plain p JOIN pg_catalog.pg_type b ON b.oid = p.type
                        WHERE b.typtype = 'd')
                     SELECT pg_catalog.format_type(p.type, p.modifier)
                            || CASE WHEN t.typtype = 'd' THEN '' ELSE '[]' END
                       FROM plain p JOIN pg_catalog.pg_type b ON b.oid = p.type
                      WHERE b.typtype <> 'd')
                   ELSE pg_catalog.format_type(a.atttypid, a.atttypmod) END,
                   a.attgenerated <> ''
              FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
              JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
              LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND t.typlen = -1
             WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')""";

    private static final String PARENTS =
            "SELECT inhrelid::bigint, inhparent::bigint FROM pg_catalog.pg_inherits ORDER BY inhrelid, inhseqno";

    private static final String CONSTRAINTS = """
            SELECT conrelid::bigint, conname, confrelid::bigint FROM pg_catalog.pg_constraint WHERE conrelid <> 0
            UNION ALL
            SELECT i.indrelid::bigint, c.relname, 0
              FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
             WHERE i.indisunique AND i.indrelid >= """ + CatalogQueries.FIRST_NORMAL_OBJECT_ID;

    /** Up to PostgreSQL 14 it is the column that depends on others, from 15 on its expression. */
    private static final String GENERATED = """
            SELECT a.attrelid::bigint, a.attnum, d.refobjsubid
              FROM pg_catalog.pg_attribute a
              JOIN pg_catalog.pg_attrdef e ON e.adrelid = a.attrelid AND e.adnum = a.attnum
              JOIN pg_catalog.pg_depend d
                ON d.refclassid = 'pg_class'::regclass AND d.refobjid = a.attrelid AND d.refobjsubid > 0
               AND d.refobjsubid <> a.attnum
               AND (d.classid = 'pg_attrdef'::regclass AND d.objid = e.oid
                    OR d.classid = 'pg_class'::regclass AND d.objid = a.attrelid AND d.objsubid = a.attnum)
             WHERE a.attgenerated <> '' AND NOT a.attisdropped""";

    private RelationQueries() {}

    static Map<Integer, RelationInfo> load(Statement statement, String database) throws SQLException {
        Map<Integer, Map<Integer, ColumnInfo>> columns = columns(statement);
        Map<Integer, Map<String, Integer>> constraints = constraints(statement);
        Map<Integer, List<Integer>> parents = new HashMap<>();
        Map<Integer, List<Integer>> children = new HashMap<>();
        try (ResultSet rows = statement.executeQuery(PARENTS)) {
            while (rows.next()) {
                int child = (int) rows.getLong(1);
                int parent = (int) rows.getLong(2);
                parents.computeIfAbsent(child, oid -> new ArrayList<>()).add(parent);
                children.computeIfAbsent(parent, oid -> new ArrayList<>()).add(child);
            }
        }
        Map<Integer, RelationInfo> found = new HashMap<>();
        try (ResultSet rows = statement.executeQuery(RELATIONS)) {
            while (rows.next()) {
                int oid = (int) rows.getLong(1);
                String schema = rows.getString(2);
                String name = rows.getString(3);
                Map<Integer, ColumnInfo> own = columns.getOrDefault(oid, Map.of());
                found.put(
                        oid,
                        new RelationInfo(
                                oid,
                                database,
                                schema,
                                name,
                                rows.getString(4).charAt(0),
                                own,
                                List.of(),
                                List.of(),
                                List.of(),
                                constraints.getOrDefault(oid, Map.of()),
                                SystemRelations.describesSchema(schema, name),
                                SystemRelations.withheld(schema, name, own),
                                Definitions.columns(schema, name, own),
                                List.of()));
            }
        }
        Map<Integer, RelationInfo> relations = new HashMap<>(found);
        relations.replaceAll((oid, relation) -> parents.containsKey(oid) || children.containsKey(oid)
                ? relation.kin(
                        names(reached(oid, parents), found).toList(),
                        names(reached(oid, children), found)
                                .limit(RelationInfo.MOST_DESCENDANTS)
                                .toList())
                : relation);
        return new StoredColumns(relations, generated(statement), statement).label();
    }

    private static Map<Integer, Map<Integer, ColumnInfo>> columns(Statement statement) throws SQLException {
        Map<Integer, Map<Integer, ColumnInfo>> columns = new HashMap<>();
        try (ResultSet rows = statement.executeQuery(COLUMNS)) {
            while (rows.next()) {
                columns.computeIfAbsent((int) rows.getLong(1), oid -> new HashMap<>())
                        .put(
                                rows.getInt(2),
                                new ColumnInfo(
                                        rows.getString(3), rows.getString(4), rows.getString(5), rows.getBoolean(6)));
            }
        }
        return columns;
    }

    private static Map<Integer, Map<String, Integer>> constraints(Statement statement) throws SQLException {
        Map<Integer, Map<String, Integer>> constraints = new HashMap<>();
        try (ResultSet rows = statement.executeQuery(CONSTRAINTS)) {
            while (rows.next()) {
                constraints
                        .computeIfAbsent((int) rows.getLong(1), oid -> new HashMap<>())
                        .merge(rows.getString(2), (int) rows.getLong(3), (one, other) -> one == 0 ? other : one);
            }
        }
        return constraints;
    }

    /** Relation to generated column to the columns that it is computed from. */
    private static Map<Integer, Map<Integer, Set<Integer>>> generated(Statement statement) throws SQLException {
        Map<Integer, Map<Integer, Set<Integer>>> generated = new HashMap<>();
        try (ResultSet rows = statement.executeQuery(GENERATED)) {
            while (rows.next()) {
                generated
                        .computeIfAbsent((int) rows.getLong(1), oid -> new HashMap<>())
                        .computeIfAbsent(rows.getInt(2), number -> new HashSet<>())
                        .add(rows.getInt(3));
            }
        }
        return generated;
    }

    /** Breadth first, so that the nearest come first; a diamond is named once. */
    private static Set<Integer> reached(int oid, Map<Integer, List<Integer>> next) {
        Set<Integer> seen = new LinkedHashSet<>();
        ArrayDeque<Integer> queue = new ArrayDeque<>(next.getOrDefault(oid, List.of()));
        while (!queue.isEmpty()) {
            int reached = queue.remove();
            if (seen.add(reached)) {
                queue.addAll(next.getOrDefault(reached, List.of()));
            }
        }
        return seen;
    }

    private static Stream<String> names(Set<Integer> oids, Map<Integer, RelationInfo> relations) {
        return oids.stream().map(relations::get).filter(Objects::nonNull).map(RelationInfo::qualifiedName);
    }
}
