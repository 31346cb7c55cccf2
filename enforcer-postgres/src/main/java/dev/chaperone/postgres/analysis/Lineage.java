package dev.chaperone.postgres.analysis;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Follows columns through subqueries, CTEs, joins, set operations and views down to the relations they come from. */
final class Lineage {

    /** Steps that one statement may take; far beyond any real one. */
    private static final int MAX_STEPS = 4_000_000;

    /** Depth of Java's stack that following one column may need. */
    private static final int MAX_DEPTH = 1200;

    /** Following a variable takes several frames of Java's stack, going down a node takes one. */
    private static final int HOP = 4;

    private static final int EXISTS_SUBLINK = 0;

    /**
     * Where the values of an expression come from. Columns are packed by {@link #column}.
     *
     * @param pass columns whose values arrive unchanged
     * @param derived columns that go into it in any other way
     * @param exact true when every value is an unchanged value of one of {@code pass}
     */
    record Summary(Set<Long> pass, Set<Long> derived, boolean exact) {

        static final Summary NOTHING = new Summary(Set.of(), Set.of(), false);

        void addAllTo(Set<Long> columns) {
            columns.addAll(pass);
            columns.addAll(derived);
        }
    }

    private final Map<Node.Struct, Level> levels;
    private final CatalogSnapshot catalog;
    private final Map<Level, Set<Long>> recursions = new HashMap<>();
    private final Set<Level> openRecursions = new HashSet<>();
    private final boolean definitions;
    private final Map<Node.Struct, @Nullable Summary> wholes = new HashMap<>();
    private final Set<Long> harmless = new HashSet<>();
    private int steps;
    private int depth;

    /**
     * @param levels the statement's levels by the identity of their queries; without those of views that are opaque
     * @param definitions whether it uses any {@link Definitions}
     */
    Lineage(Map<Node.Struct, Level> levels, CatalogSnapshot catalog, boolean definitions) {
        this.definitions = definitions;
        this.levels = levels;
        this.catalog = catalog;
    }

    static long column(int relation, int attribute) {
        return (long) relation << 32 | attribute & 0xFFFF_FFFFL;
    }

    static int relation(long column) {
        return (int) (column >> 32);
    }

    static int attribute(long column) {
        return (int) column;
    }

    /** Lineage of one delivered column. */
    Summary output(Level level, int number) {
        if (level.isSetOperation()) {
            Union union = new Union();
            for (int leaf : leaves(level)) {
                union.add(attribute(level, leaf, number));
            }
            return union.done();
        }
        Node expression = level.outputExpressions().get(number);
        if (expression == null) {
            throw new UnanalysableException("query tree refers to a column that a subquery does not have");
        }
        return expression(expression, level);
    }

    /** True when what comes from there are definitions and nothing else of anybody's. */
    boolean defines(Summary summary) {
        return !summary.pass().isEmpty()
                && summary.pass().stream().allMatch(this::isDefinition)
                && summary.derived().stream().noneMatch(this::isDefinition);
    }

    private boolean isDefinition(long column) {
        RelationInfo relation = catalog.relation(relation(column));
        return relation != null && relation.defines(attribute(column));
    }

    /** Lineage of an expression as a value. */
    Summary expression(Node expression, Level level) {
        if (expression instanceof Node.Struct struct) {
            if (definitions) {
                Summary definition = definition(struct, level);
                if (definition != null) {
                    return definition;
                }
            }
            if (struct.is("VAR")) {
                return variable(struct, level);
            }
            if (struct.is("RELABELTYPE")
                    && struct.field("arg") instanceof Node.Struct argument
                    && KnownNodes.isText(struct.number("resulttype"))
                    && KnownNodes.isText(KnownNodes.type(argument))) {
                return expression(argument, level);
            }
            if (struct.is("COLLATEEXPR") || struct.is("COLLATE")) {
                return expression(struct.field("arg"), level);
            }
        }
        Set<Long> columns = new HashSet<>();
        collect(expression, level, columns);
        return columns.isEmpty() ? Summary.NOTHING : new Summary(Set.of(), columns, false);
    }

    /** Adds every column that any part of the node depends on. */
    void collect(Node node, Level level, Set<Long> columns) {
        if (node instanceof Node.Items list) {
            enter();
            for (Node item : list.items()) {
                collect(item, level, columns);
            }
            depth--;
        } else if (node instanceof Node.Struct struct) {
            enter();
            if (struct.is("VAR")) {
                variable(struct, level).addAllTo(columns);
            } else if (definitions && PrintedDefinitions.inside(struct, catalog) instanceof Node.Struct printed) {
                collectBesides(printed, level, columns);
            } else if (definitions && tellsNoConstant(struct, level)) {
                collectBesides(struct, level, columns);
            } else if (struct.is("SUBLINK")) {
                collect(struct.field("testexpr"), level, columns);
                if (struct.number("subLinkType") != EXISTS_SUBLINK) {
                    outputs(levelOf(struct.field("subselect"))).addAllTo(columns);
                }
            } else if (struct.is("QUERY")) {
                outputs(levelOf(struct)).addAllTo(columns);
            } else {
                if (definitions && prints(struct)) {
                    columns.add(Definitions.PRINTED);
                }
                collectFields(struct, level, columns);
            }
            depth--;
        }
    }

    /** What there is in it besides definitions. */
    private void collectBesides(Node.Struct struct, Level level, Set<Long> columns) {
        Set<Long> others = new HashSet<>();
        collectFields(struct, level, others);
        others.stream().filter(this::isDefinition).forEach(harmless::add);
        others.removeIf(this::isDefinition);
        columns.addAll(others);
    }

    /** Definitions that are used in ways that say nothing of the constants in them. */
    Set<Long> harmless() {
        return harmless;
    }

    private void collectFields(Node.Struct struct, Level level, Set<Long> columns) {
        for (int i = 0; i < struct.size(); i++) {
            collect(struct.value(i), level, columns);
        }
    }

    private boolean prints(Node.Struct struct) {
        String function = struct.is("FUNCEXPR") ? "funcid" : struct.is("OPEXPR") ? "opfuncid" : "";
        return !function.isEmpty() && Definitions.printedBy(catalog.function(struct.number(function)));
    }

    /**
     * A definition that goes through an expression whole: printed by a function, chosen by CASE or COALESCE, found by a subquery, without
     * the quotes of a name.
     *
     * @return null for anything else
     */
    private @Nullable Summary definition(Node.Struct struct, Level level) {
        if (wholes.containsKey(struct)) {
            return wholes.get(struct);
        }
        enter();
        depth += HOP - 1;
        Summary found = whole(struct, level);
        depth -= HOP;
        if (openRecursions.isEmpty()) {
            wholes.put(struct, found);
        }
        return found;
    }

    private @Nullable Summary whole(Node.Struct struct, Level level) {
        if (prints(struct)) {
            Set<Long> columns = new HashSet<>();
            collectFields(struct, level, columns);
            Set<Long> printed = new HashSet<>(columns);
            printed.removeIf(column -> !isDefinition(column));
            columns.removeAll(printed);
            printed.add(Definitions.PRINTED);
            return new Summary(printed, columns, true);
        }
        List<Node> choices = Passing.choices(struct, catalog);
        if (choices.isEmpty()) {
            return null;
        }
        Union union = new Union();
        for (Node choice : choices) {
            boolean query = choice instanceof Node.Struct inner && inner.is("QUERY");
            if (query) {
                Level inside = levelOf(choice);
                inside.outputExpressions().keySet().forEach(number -> union.add(output(inside, number)));
            } else {
                union.add(expression(choice, level));
            }
        }
        Summary chosen = union.done();
        if (!defines(chosen)) {
            return null;
        }
        Set<Long> derived = new HashSet<>(chosen.derived());
        Passing.conditions(struct).forEach(condition -> collect(condition, level, derived));
        return new Summary(chosen.pass(), derived, false);
    }

    /** Whether a definition is there, or says DEFAULT, is no constant in it. */
    private boolean tellsNoConstant(Node.Struct struct, Level level) {
        Node asked = Passing.askedAbout(struct);
        return asked instanceof Node.Struct inner
                && (inner.is("VAR") || prints(inner))
                && defines(expression(inner, level));
    }

    private Level levelOf(Node query) {
        Level level = levels.get(Node.struct(query));
        if (level == null) {
            throw new UnanalysableException("query tree holds a query in an unexpected place");
        }
        return level;
    }

    private void enter() {
        if (++depth > MAX_DEPTH || ++steps > MAX_STEPS) {
            throw new UnanalysableException("statement is too deeply nested to be analysed");
        }
    }

    private Summary variable(Node.Struct variable, Level level) {
        return attribute(
                level.up(variable.number("varlevelsup")), variable.number("varno"), variable.number("varattno"));
    }

    /** Lineage of one column of an entry of a level's range table; 0 stands for all of them as one value. */
    Summary attribute(Level level, int entry, int attribute) {
        long key = column(entry, attribute);
        Summary known = level.summaries.get(key);
        if (known != null) {
            return known;
        }
        enter();
        depth += HOP - 1;
        Summary summary = resolve(level, entry, attribute);
        depth -= HOP;
        // What is found while a recursion is open lacks what the recursion itself contributes.
        if (openRecursions.isEmpty()) {
            level.summaries.put(key, summary);
        }
        return summary;
    }

    private Summary resolve(Level level, int index, int attribute) {
        if (level.masked.contains(attribute)) {
            return Summary.NOTHING;
        }
        Node.Struct entry = level.entry(index);
        return switch (entry.number("rtekind")) {
            case Level.RTE_RELATION ->
                level.isExcluded(index) ? Summary.NOTHING : baseColumn(entry.number("relid"), attribute);
            case Level.RTE_SUBQUERY -> {
                Level sub = levels.get(Node.struct(entry.field("subquery")));
                if (sub == null) {
                    yield baseColumn(TreeScan.viewOf(entry), attribute);
                }
                yield attribute == 0 ? outputs(sub) : output(sub, attribute);
            }
            case Level.RTE_CTE -> commonTable(level, entry, attribute);
            case Level.RTE_JOIN -> listed(entry.list("joinaliasvars"), attribute, level);
            case Level.RTE_GROUP -> listed(entry.list("groupexprs"), attribute, level);
            case Level.RTE_VALUES -> {
                Union union = new Union();
                for (Node row : entry.list("values_lists")) {
                    if (!(row instanceof Node.Items values)) {
                        throw new UnanalysableException("query tree has a malformed VALUES list");
                    }
                    union.add(listed(values.items(), attribute, level));
                }
                yield union.done();
            }
            // What goes into these is marked as derived where they stand.
            case Level.RTE_FUNCTION, Level.RTE_TABLEFUNC, Level.RTE_RESULT -> Summary.NOTHING;
            default -> throw new UnanalysableException("statement reads from something that is not understood");
        };
    }

    private Summary baseColumn(int oid, int attribute) {
        RelationInfo relation = catalog.relation(oid);
        if (relation == null) {
            throw UnanalysableException.unknown("relation with oid `" + Integer.toUnsignedString(oid) + "`");
        }
        if (attribute < 0 || !relation.holdsData(attribute)) {
            return Summary.NOTHING;
        }
        if (attribute > 0) {
            return new Summary(Set.of(column(oid, attribute)), Set.of(), true);
        }
        Set<Long> row = new HashSet<>();
        row.add(column(oid, 0));
        relation.columns().keySet().stream()
                .filter(relation::holdsData)
                .forEach(number -> row.add(column(oid, number)));
        return new Summary(Set.of(), row, false);
    }

    private Summary listed(List<Node> expressions, int attribute, Level level) {
        if (attribute == 0) {
            Set<Long> columns = new HashSet<>();
            expressions.forEach(item -> collect(item, level, columns));
            return new Summary(Set.of(), columns, false);
        }
        if (attribute < 0 || attribute > expressions.size()) {
            throw new UnanalysableException("query tree refers to a column that is not there");
        }
        return expression(expressions.get(attribute - 1), level);
    }

    private Summary commonTable(Level level, Node.Struct entry, int attribute) {
        Level.Cte cte = level.cte(entry);
        Level body = levelOf(cte.query());
        if (cte.recursive()) {
            return new Summary(Set.of(), recursion(body), false);
        }
        return attribute == 0 ? outputs(body) : output(body, attribute);
    }

    /** Everything that can flow round a recursive CTE: whatever any query within it delivers. */
    private Set<Long> recursion(Level body) {
        Set<Long> known = recursions.get(body);
        if (known != null) {
            return known;
        }
        if (!openRecursions.add(body)) {
            return Set.of();
        }
        Set<Long> columns = new HashSet<>();
        for (Level level : levels.values()) {
            if (level.isWithin(body)) {
                level.outputExpressions().values().forEach(expression -> collect(expression, level, columns));
            }
        }
        openRecursions.remove(body);
        if (openRecursions.isEmpty()) {
            recursions.put(body, columns);
        }
        return columns;
    }

    /** All that a query delivers, taken as one value. */
    Summary outputs(Level level) {
        Set<Long> columns = new HashSet<>();
        for (int number : level.outputExpressions().keySet()) {
            output(level, number).addAllTo(columns);
        }
        return new Summary(Set.of(), columns, false);
    }

    /** Range table indexes of the queries that a set operation combines. */
    private static List<Integer> leaves(Level level) {
        List<Integer> leaves = new ArrayList<>();
        ArrayDeque<Node> open = new ArrayDeque<>(List.of(level.query().field("setOperations")));
        while (!open.isEmpty()) {
            Node.Struct next = Node.struct(open.pop());
            if (next.is("RANGETBLREF")) {
                leaves.add(next.number("rtindex"));
            } else {
                open.push(next.field("rarg"));
                open.push(next.field("larg"));
            }
        }
        return leaves;
    }

    private static final class Union {
        private final Set<Long> pass = new HashSet<>();
        private final Set<Long> derived = new HashSet<>();
        private boolean exact = true;

        void add(Summary summary) {
            pass.addAll(summary.pass());
            derived.addAll(summary.derived());
            exact &= summary.exact();
        }

        Summary done() {
            return new Summary(pass, derived, exact && !pass.isEmpty());
        }
    }
}
