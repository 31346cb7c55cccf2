package dev.chaperone.postgres.analysis;

import java.nio.charset.StandardCharsets;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The functions that run although no statement calls them, and no query tree names them: those of triggers, checks, generated
 * columns and indexes when a relation is written to; those of a domain's checks when something is converted to it, or to what
 * holds it. Functions that came with PostgreSQL are left out, and so is, in checks and the like, what is written in C: it
 * came with an extension and does what its name says.
 */
final class HiddenCode {

    static final HiddenCode NONE = new HiddenCode(Map.of(), Map.of(), Map.of(), Set.of());

    /** NAMEDATALEN less one: the server cuts longer names. */
    private static final int LONGEST_NAME = 63;

    private static final String USERS = " >= " + CatalogQueries.FIRST_NORMAL_OBJECT_ID;

    /** What constraints, generated columns and indexes depend on: functions, and the functions of operators. */
    private static final String CALLS = """
            (SELECT d.classid, d.objid, f.oid AS function FROM pg_catalog.pg_depend d
               LEFT JOIN pg_catalog.pg_operator o
                 ON d.refclassid = 'pg_catalog.pg_operator'::regclass AND d.refobjid = o.oid
               JOIN pg_catalog.pg_proc f
                 ON f.oid = o.oprcode OR d.refclassid = 'pg_catalog.pg_proc'::regclass AND f.oid = d.refobjid
               JOIN pg_catalog.pg_language l ON l.oid = f.prolang AND l.lanname NOT IN ('c', 'internal'))""";

    private static final String ON_WRITE = "SELECT relation::bigint, function::bigint FROM ("
            + """
              SELECT tgrelid AS relation, tgfoid AS function FROM pg_catalog.pg_trigger
               WHERE NOT tgisinternal AND tgenabled <> 'D'
              UNION
              SELECT c.conrelid, d.function FROM pg_catalog.pg_constraint c
                JOIN calls d ON d.classid = 'pg_catalog.pg_constraint'::regclass AND d.objid = c.oid
               WHERE c.conrelid <> 0
              UNION
              SELECT a.attrelid, d.function FROM pg_catalog.pg_attribute a
                JOIN pg_catalog.pg_attrdef e ON e.adrelid = a.attrelid AND e.adnum = a.attnum
                JOIN calls d ON d.classid = 'pg_catalog.pg_attrdef'::regclass AND d.objid = e.oid
               WHERE a.attgenerated <> ''
              UNION
              SELECT k.partrelid, d.function FROM pg_catalog.pg_partitioned_table k
                JOIN calls d ON d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = k.partrelid
              UNION
              SELECT i.indrelid, d.function FROM pg_catalog.pg_index i
                JOIN calls d ON d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = i.indexrelid
            """.replace("calls", CALLS) + ") x WHERE function" + USERS;

    /** Writing to the first also writes to the second: its partitions and children, and what a foreign key follows. */
    private static final String WRITES_TOO = """
            SELECT inhparent::bigint, inhrelid::bigint FROM pg_catalog.pg_inherits
            UNION ALL
            SELECT confrelid::bigint, conrelid::bigint FROM pg_catalog.pg_constraint
             WHERE contype = 'f' AND (confdeltype IN ('c', 'n', 'd') OR confupdtype IN ('c', 'n', 'd'))""";

    private static final String ON_CONVERSION = ("SELECT c.contypid::bigint, d.function::bigint"
                    + " FROM pg_catalog.pg_constraint c"
                    + " JOIN calls d ON d.classid = 'pg_catalog.pg_constraint'::regclass AND d.objid = c.oid"
                    + " WHERE c.contypid <> 0 AND d.function" + USERS)
            .replace("calls", CALLS);

    /** Converting to the first also converts to the second: its base, element, field, bound, or what its check names. */
    private static final String CONVERTS_TOO =
            "SELECT type::bigint, part::bigint FROM (" + """
              SELECT oid AS type, typbasetype AS part FROM pg_catalog.pg_type WHERE typtype = 'd'
              UNION ALL
              SELECT oid, typelem FROM pg_catalog.pg_type WHERE typlen = -1
              UNION ALL
              SELECT c.reltype, a.atttypid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
               WHERE c.reltype <> 0 AND a.attnum > 0 AND NOT a.attisdropped
              UNION ALL
              SELECT rngtypid, rngsubtype FROM pg_catalog.pg_range
              UNION ALL
              SELECT rngmultitypid, rngtypid FROM pg_catalog.pg_range
              UNION ALL
              SELECT c.contypid, d.refobjid FROM pg_catalog.pg_constraint c
                JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_constraint'::regclass AND d.objid = c.oid
               WHERE c.contypid <> 0 AND d.refclassid = 'pg_catalog.pg_type'::regclass AND d.refobjid <> c.contypid
            """ + ") x WHERE part" + USERS;

    /** What a new row converts to, whether or not the statement says so: the server converts what COPY brings by itself. */
    private static final String COLUMNS = """
            SELECT a.attrelid::bigint, a.atttypid::bigint
              FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
             WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'f', 'v') AND a.atttypid IN ($1)""";

    private static final String NAMES = """
            SELECT typname FROM pg_catalog.pg_type WHERE oid IN ($1)
            UNION
            SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
             WHERE a.atttypid IN ($1)
            UNION
            SELECT proname FROM pg_catalog.pg_proc
             WHERE prorettype IN ($1) OR COALESCE(proallargtypes, proargtypes::oid[]) && ARRAY[$1]::oid[]""";

    private final Map<Integer, Set<Integer>> onWrite;
    private final Map<Integer, Set<Integer>> onInsert;
    private final Map<Integer, Set<Integer>> onConversion;
    private final Set<String> names;

    private HiddenCode(
            Map<Integer, Set<Integer>> onWrite,
            Map<Integer, Set<Integer>> onInsert,
            Map<Integer, Set<Integer>> onConversion,
            Set<String> names) {
        this.onWrite = onWrite;
        this.onInsert = onInsert;
        this.onConversion = onConversion;
        this.names = names;
    }

    static HiddenCode load(Statement statement) throws SQLException {
        Map<Integer, Set<Integer>> onConversion =
                closed(pairs(statement, ON_CONVERSION), pairs(statement, CONVERTS_TOO));
        return new HiddenCode(
                closed(pairs(statement, ON_WRITE), pairs(statement, WRITES_TOO)),
                onInsert(statement, onConversion),
                onConversion,
                names(statement, onConversion.keySet()));
    }

    private static Map<Integer, Set<Integer>> onInsert(Statement statement, Map<Integer, Set<Integer>> onConversion)
            throws SQLException {
        Map<Integer, Set<Integer>> onInsert = new HashMap<>();
        if (!onConversion.isEmpty()) {
            pairs(statement, COLUMNS.replace("$1", list(onConversion.keySet())))
                    .forEach((relation, types) ->
                            types.forEach(type -> onInsert.computeIfAbsent(relation, any -> new HashSet<>())
                                    .addAll(onConversion.getOrDefault(type, Set.of()))));
        }
        return onInsert;
    }

    private static String list(Set<Integer> oids) {
        return oids.stream().map(Integer::toUnsignedString).collect(Collectors.joining(","));
    }

    /** The types, and what has columns, arguments or results of them. */
    private static Set<String> names(Statement statement, Set<Integer> types) throws SQLException {
        Set<String> names = new HashSet<>();
        if (types.isEmpty()) {
            return names;
        }
        try (ResultSet rows = statement.executeQuery(NAMES.replace("$1", list(types)))) {
            while (rows.next()) {
                names.add(rows.getString(1));
            }
        }
        return names;
    }

    private static Map<Integer, Set<Integer>> pairs(Statement statement, String sql) throws SQLException {
        Map<Integer, Set<Integer>> pairs = new HashMap<>();
        try (ResultSet rows = statement.executeQuery(sql)) {
            while (rows.next()) {
                pairs.computeIfAbsent((int) rows.getLong(1), any -> new HashSet<>())
                        .add((int) rows.getLong(2));
            }
        }
        return pairs;
    }

    /** What runs for each object, if it also runs for whatever leads to that object. */
    private static Map<Integer, Set<Integer>> closed(
            Map<Integer, Set<Integer>> runs, Map<Integer, Set<Integer>> leadsTo) {
        Map<Integer, Set<Integer>> ledFrom = new HashMap<>();
        leadsTo.forEach((from, all) -> all.forEach(
                to -> ledFrom.computeIfAbsent(to, any -> new HashSet<>()).add(from)));
        Map<Integer, Set<Integer>> closed = new HashMap<>();
        runs.forEach((object, functions) -> {
            Set<Integer> seen = new HashSet<>();
            ArrayDeque<Integer> open = new ArrayDeque<>(Set.of(object));
            while (!open.isEmpty()) {
                int next = open.remove();
                if (seen.add(next)) {
                    closed.computeIfAbsent(next, any -> new HashSet<>()).addAll(functions);
                    open.addAll(ledFrom.getOrDefault(next, Set.of()));
                }
            }
        });
        return closed;
    }

    /** OIDs of the functions that writing to a relation runs. */
    Set<Integer> onWrite(int relation) {
        return onWrite.getOrDefault(relation, Set.of());
    }

    /** OIDs of the functions that a new row of a relation runs by what its columns' types check. */
    Set<Integer> onInsert(int relation) {
        return onInsert.getOrDefault(relation, Set.of());
    }

    /** OIDs of the functions that converting to a type runs. */
    Set<Integer> onConversion(int type) {
        return onConversion.getOrDefault(type, Set.of());
    }

    /**
     * True when the server might run such code while it only analyses a statement: that is when it reads the literals of
     * composite types, arrays and ranges.
     */
    boolean mayRunOnParse(String sql) {
        if (names.isEmpty()) {
            return false;
        }
        try {
            return namesAndLiterals(sql);
        } catch (UnanalysableException e) {
            return true;
        }
    }

    private boolean namesAndLiterals(String sql) {
        boolean named = false;
        boolean literal = false;
        SqlLexer lexer = new SqlLexer(sql);
        for (SqlLexer.Kind kind = lexer.next(); kind != SqlLexer.Kind.END; kind = lexer.next()) {
            if (kind == SqlLexer.Kind.WORD || kind == SqlLexer.Kind.QUOTED) {
                named |= lexer.value() == null || isNamed(lexer.value());
            } else if (kind == SqlLexer.Kind.STRING) {
                literal |= PartLiterals.is(lexer.value());
            }
        }
        return named && literal;
    }

    private boolean isNamed(String name) {
        return names.contains(name) || name.getBytes(StandardCharsets.UTF_8).length > LONGEST_NAME;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof HiddenCode code
                && onWrite.equals(code.onWrite)
                && onInsert.equals(code.onInsert)
                && onConversion.equals(code.onConversion)
                && names.equals(code.names);
    }

    @Override
    public int hashCode() {
        return 31 * onWrite.hashCode() + onConversion.hashCode();
    }
}
