package dev.chaperone.postgres.analysis;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Every function of a database, and which of them may be called: built anew, by OID, each time the catalog is read. */
public final class FunctionList {

    private static final String FUNCTIONS = """
            SELECT p.oid::bigint, n.nspname, p.proname, p.prokind, p.provolatile, l.lanname, p.prosecdef, p.proargtypes::text
              FROM pg_catalog.pg_proc p
              JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
              JOIN pg_catalog.pg_language l ON l.oid = p.prolang""";

    /**
     * One function.
     *
     * @param name "schema.name"
     * @param signature the same with the types of its arguments, without spaces
     */
    record Function(
            int oid,
            String name,
            String signature,
            char kind,
            char volatility,
            String language,
            boolean definer,
            boolean builtIn,
            boolean listed) {}

    private static final int MOST_SIMILAR = 5;

    private final Map<Integer, String> names;
    private final Set<Integer> allowed;
    private final List<Function> functions;
    private final Set<String> unknown;
    private final List<String> trusted;

    private FunctionList(
            Map<Integer, String> names,
            Set<Integer> allowed,
            List<Function> functions,
            Set<String> unknown,
            List<String> trusted) {
        this.names = Map.copyOf(names);
        this.allowed = Set.copyOf(allowed);
        this.functions = List.copyOf(functions);
        this.unknown = Set.copyOf(unknown);
        this.trusted = List.copyOf(trusted);
    }

    /** A list that somebody else has made. */
    static FunctionList of(Map<Integer, String> names, Set<Integer> allowed) {
        return new FunctionList(names, allowed, List.of(), Set.of(), List.of());
    }

    static FunctionList load(Statement statement, Map<Integer, String> types, FunctionChoice choice)
            throws SQLException {
        List<Function> functions = new ArrayList<>();
        try (ResultSet rows = statement.executeQuery(FUNCTIONS)) {
            while (rows.next()) {
                functions.add(function(rows, types));
            }
        }
        Set<String> added = FunctionChoice.normal(choice.allow());
        Set<String> removed = FunctionChoice.normal(choice.refuse());
        Map<Integer, String> names = new HashMap<>();
        Set<Integer> allowed = new HashSet<>();
        Set<String> known = new HashSet<>();
        Set<String> trusted = new TreeSet<>();
        for (Function function : functions) {
            names.put(function.oid(), function.name());
            known.add(function.name());
            known.add(function.signature());
            boolean chosen = added.contains(function.name()) || added.contains(function.signature());
            boolean refused = removed.contains(function.name()) || removed.contains(function.signature());
            if ((function.listed() || chosen) && !refused) {
                allowed.add(function.oid());
                if (!function.listed()) {
                    trusted.add(described(function));
                }
            }
        }
        Set<String> unknown = new LinkedHashSet<>(choice.allow());
        unknown.addAll(choice.refuse());
        unknown.removeIf(entry -> known.contains(FunctionChoice.normal(entry)));
        return new FunctionList(names, allowed, functions, unknown, List.copyOf(trusted));
    }

    private static Function function(ResultSet row, Map<Integer, String> types) throws SQLException {
        int oid = (int) row.getLong(1);
        String schema = row.getString(2);
        String name = row.getString(3);
        char kind = row.getString(4).charAt(0);
        char volatility = row.getString(5).charAt(0);
        String language = row.getString(6);
        List<String> arguments = new ArrayList<>();
        for (String type : row.getString(8).split(" ")) {
            if (!type.isEmpty()) {
                arguments.add(types.getOrDefault(Integer.parseUnsignedInt(type), type));
            }
        }
        boolean builtIn = Integer.compareUnsigned(oid, CatalogQueries.FIRST_NORMAL_OBJECT_ID) < 0;
        boolean listed = builtIn && FunctionPolicy.allows(schema, name, kind, volatility, language, arguments);
        return new Function(
                oid,
                schema + '.' + name,
                schema + '.' + name + '(' + String.join(",", arguments) + ')',
                kind,
                volatility,
                language,
                row.getBoolean(7),
                builtIn,
                listed);
    }

    private static String described(Function function) {
        return function.signature()
                + (function.builtIn() ? " (kept back by default" : " (language " + function.language())
                + (function.volatility() == 'v' ? ", volatile" : "")
                + (function.definer() ? ", security definer" : "")
                + ')';
    }

    /** Entries of the {@link FunctionChoice} that name no function. */
    public Set<String> unknown() {
        return unknown;
    }

    /** The functions whose name is that of an entry, a few of them. */
    public List<String> similar(String entry) {
        String normal = FunctionChoice.normal(entry);
        String name = normal.replaceFirst("\\(.*", "");
        String bare = name.substring(name.indexOf('.') + 1);
        return functions.stream()
                .filter(function ->
                        function.name().equals(name) || function.name().endsWith('.' + bare))
                .map(function -> '`' + function.signature() + '`')
                .sorted()
                .limit(MOST_SIMILAR)
                .toList();
    }

    /** What the choice allows beyond the list, for people; in order. */
    public List<String> trusted() {
        return trusted;
    }

    boolean allows(int oid) {
        return allowed.contains(oid);
    }

    Map<Integer, String> names() {
        return names;
    }

    Set<Integer> allowed() {
        return allowed;
    }

    /** Each function with whether it may be called. */
    Map<String, Boolean> signatures() {
        Map<String, Boolean> signatures = new TreeMap<>();
        functions.forEach(function -> signatures.put(function.signature(), allows(function.oid())));
        return signatures;
    }
}
