package dev.chaperone.postgres.analysis;

import dev.chaperone.decision.v1.Relation;
import dev.chaperone.decision.v1.Use;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads the rewritten query tree that the server prints on Parse when {@code debug_print_rewritten} is on, and establishes
 * what the statement touches. Whatever the tree holds that is not known by name is refused.
 *
 * <p>What is touched comes from the server's own privilege bitmaps; what is done with it from following each variable of the
 * tree. A column that the server says is read and that is not found anywhere counts as derived.
 */
public final class QueryAnalyzer {

    private static final int SETOP_UNION = 1;

    private final CatalogSnapshot catalog;
    private final Touched touched = new Touched();
    private final TreeScan scan;
    private final Lineage lineage;
    private final Level top;

    private QueryAnalyzer(Node.Struct query, CatalogSnapshot catalog, List<MaskedSource.Verified> sources) {
        this.catalog = catalog;
        scan = new TreeScan(catalog, sources, touched);
        top = scan.query(query, null, false);
        lineage = new Lineage(scan.levels(), catalog, scan.definitions());
    }

    /**
     * Analyses one statement. The enforcer's connection must have asked for exactly one statement's tree: nothing the agent
     * controls may be able to raise a notice of its own in between.
     *
     * @param treeText the DETAIL of the server's notice "rewritten parse tree:", printed with {@code debug_pretty_print} off
     * @param catalog the names behind the OIDs
     * @throws UnanalysableException when it is not understood, with code UNANALYSABLE (see {@link
     *     UnanalysableException#staleCatalog}), or when it reaches for what is never given out, with code DENIED
     */
    public static QueryAnalysis analyze(CharSequence treeText, CatalogSnapshot catalog) {
        return analyze(treeText, catalog, List.of());
    }

    /**
     * True when the server's trees of two statements are the same but for where things stand in the statements' texts.
     *
     * @throws UnanalysableException when one of them cannot be read
     */
    public static boolean same(CharSequence one, CharSequence other) {
        return TreeComparison.same(QueryTreeReader.read(one), QueryTreeReader.read(other));
    }

    /** Analyses a statement in which masked sources may stand for relations. */
    static QueryAnalysis analyze(CharSequence treeText, CatalogSnapshot catalog, List<MaskedSource.Verified> sources) {
        return new QueryAnalyzer(query(treeText), catalog, sources).analyze();
    }

    /** The columns that a statement refers to where the agent wrote it. */
    static Map<Integer, Map<Integer, Lineage.Summary>> sourceColumns(CharSequence treeText, CatalogSnapshot catalog) {
        QueryAnalyzer analyzer = new QueryAnalyzer(query(treeText), catalog, List.of());
        return new SourceColumns(analyzer.scan, analyzer.lineage, catalog).find();
    }

    static Node.Struct query(CharSequence treeText) {
        if (!(QueryTreeReader.read(treeText) instanceof Node.Items queries)) {
            throw new UnanalysableException("query tree is malformed");
        }
        if (queries.items().size() != 1) {
            throw new UnanalysableException("statement is changed by a rule, which is not supported");
        }
        return Node.struct(queries.items().get(0));
    }

    private QueryAnalysis analyze() {
        boolean writes = false;
        boolean deletes = false;
        boolean unrestricted = false;
        Set<String> locks = new LinkedHashSet<>();
        for (Level level : scan.levels().values()) {
            conditions(level);
            sources(level);
            stores(level);
            for (Node mark : level.query().list("rowMarks")) {
                lock(level, Node.struct(mark).number("rti"), locks);
            }
            writes |= level.command() != Level.SELECT;
            deletes |= level.command() == Level.DELETE || mergeDeletes(level);
            unrestricted |= (level.command() == Level.UPDATE || level.command() == Level.DELETE) && !restricted(level);
        }
        List<OutputColumn> outputs = outputs();
        for (Level level : scan.levels().values()) {
            unseen(level);
        }
        lineage.harmless().forEach(touched::found);
        List<Relation> relations = touched.relations();
        return new QueryAnalysis(
                command(top.command()),
                relations,
                List.copyOf(scan.disallowedFunctions()),
                touched.restricted(),
                touched.definitions(),
                outputs,
                unrestricted,
                writes,
                deletes,
                locks);
    }

    /** Whatever decides which rows come, in which order and in which groups. */
    private void conditions(Level level) {
        Node.Struct query = level.query();
        for (String clause : List.of("jointree", "havingQual", "limitOffset", "limitCount", "windowClause")) {
            mark(query.field(clause), level, Use.USE_PREDICATE);
        }
        mark(query.field("mergeJoinCondition"), level, Use.USE_PREDICATE);
        for (Node output : query.list("targetList")) {
            Node.Struct entry = Node.struct(output);
            if (entry.number("ressortgroupref") == 0) {
                continue;
            }
            if (level.isSetOperation() && !entry.flag("resjunk")) {
                mark(lineage.output(level, entry.number("resno")), Use.USE_PREDICATE);
            } else {
                mark(entry.field("expr"), level, Use.USE_PREDICATE);
            }
        }
        if (level.isSetOperation() && compares(query.field("setOperations"))) {
            level.outputExpressions()
                    .keySet()
                    .forEach(number -> mark(lineage.output(level, number), Use.USE_PREDICATE));
        }
    }

    /** Only UNION ALL passes rows without comparing them. */
    private static boolean compares(Node node) {
        Node.Struct operation = Node.struct(node);
        return operation.is("SETOPERATIONSTMT")
                && (operation.number("op") != SETOP_UNION
                        || !operation.flag("all")
                        || compares(operation.field("larg"))
                        || compares(operation.field("rarg")));
    }

    private void sources(Level level) {
        for (Node node : level.rangeTable()) {
            Node.Struct entry = Node.struct(node);
            switch (entry.number("rtekind")) {
                case Level.RTE_RELATION -> mark(entry.field("tablesample"), level, Use.USE_PREDICATE);
                case Level.RTE_FUNCTION -> mark(entry.field("functions"), level, Use.USE_DERIVED);
                case Level.RTE_TABLEFUNC -> mark(entry.field("tablefunc"), level, Use.USE_DERIVED);
                case Level.RTE_GROUP -> mark(entry.field("groupexprs"), level, Use.USE_PREDICATE);
                case Level.RTE_VALUES -> values(entry, level);
                default -> {}
            }
        }
    }

    /** What a VALUES list of the agent's computes is computed whether or not anybody asks for it. */
    private void values(Node.Struct entry, Level level) {
        if (level.inView()) {
            return;
        }
        for (Node row : entry.list("values_lists")) {
            for (Node value : row instanceof Node.Items list ? list.items() : List.<Node>of()) {
                lineage.expression(value, level).derived().forEach(column -> mark(column, Use.USE_DERIVED));
            }
        }
    }

    private void stores(Level level) {
        Node.Struct query = level.query();
        if (level.command() != Level.SELECT) {
            mark(query.field("targetList"), level, Use.USE_DERIVED);
        }
        if (query.field("onConflict") instanceof Node.Struct conflict) {
            mark(conflict.field("onConflictSet"), level, Use.USE_DERIVED);
            for (String clause : List.of("arbiterElems", "arbiterWhere", "onConflictWhere")) {
                mark(conflict.field(clause), level, Use.USE_PREDICATE);
            }
        }
        for (Node node : query.list("mergeActionList")) {
            Node.Struct action = Node.struct(node);
            mark(action.field("qual"), level, Use.USE_PREDICATE);
            mark(action.field("targetList"), level, Use.USE_DERIVED);
        }
    }

    private static boolean mergeDeletes(Level level) {
        return level.query().list("mergeActionList").stream()
                .anyMatch(action -> Node.struct(action).number("commandType") == Level.DELETE);
    }

    /** A constant restricts nothing, or everything. */
    private static boolean restricted(Level level) {
        return level.query().field("jointree") instanceof Node.Struct join
                && join.field("quals") instanceof Node.Struct quals
                && !quals.is("CONST");
    }

    private void lock(Level level, int index, Set<String> locks) {
        Node.Struct entry = level.entry(index);
        if (entry.number("rtekind") == Level.RTE_RELATION) {
            RelationInfo relation = relation(entry.number("relid"));
            locks.add(relation.database() + '.' + relation.qualifiedName());
            touched.written(relation);
        }
    }

    private List<OutputColumn> outputs() {
        List<OutputColumn> outputs = new ArrayList<>();
        for (Node node : top.outputs()) {
            Node.Struct entry = Node.struct(node);
            if (entry.flag("resjunk")) {
                continue;
            }
            Lineage.Summary summary = lineage.output(top, entry.number("resno"));
            mark(summary, Use.USE_OUTPUT);
            Set<FieldRef> sources = new HashSet<>();
            boolean definition = lineage.defines(summary);
            boolean withheld = false;
            for (long column : summary.pass()) {
                withheld |= !definition && relation(Lineage.relation(column)).system();
                sources.add(fieldRef(column));
            }
            outputs.add(new OutputColumn(
                    entry.text("resname"),
                    entry.number("resorigtbl"),
                    entry.number("resorigcol"),
                    entry.field("expr") instanceof Node.Struct expression ? KnownNodes.type(expression) : 0,
                    sources,
                    withheld,
                    definition,
                    summary.exact()));
        }
        return outputs;
    }

    private FieldRef fieldRef(long column) {
        RelationInfo relation = relation(Lineage.relation(column));
        ColumnInfo info = relation.column(Lineage.attribute(column));
        if (info == null) {
            throw UnanalysableException.unknown("a column of relation `" + relation.qualifiedName() + "`");
        }
        return new FieldRef(relation.database(), relation.schema(), relation.name(), info.name());
    }

    /**
     * What a subquery's target list names, whether or not anybody outside asks for it. A column that is only named is dropped.
     * An expression may be evaluated all the same: it can fail, or multiply rows, and so it tells.
     */
    private void unseen(Level level) {
        level.outputExpressions().forEach((number, expression) -> {
            Lineage.Summary summary = lineage.output(level, number);
            boolean plain = KnownNodes.isPlain(expression);
            boolean dropped =
                    level.inView() && !level.multipliesRows() || (level.inView() || level.outputsUnseen) && plain;
            if (dropped) {
                summary.pass().forEach(touched::found);
                summary.derived().forEach(touched::found);
            } else if (level.inView() || level.outputsUnseen) {
                mark(summary, Use.USE_PREDICATE);
            } else {
                summary.pass().forEach(touched::unseen);
                summary.derived().forEach(column -> mark(column, Use.USE_DERIVED));
            }
        });
    }

    private void mark(Node node, Level level, Use use) {
        if (!node.equals(Node.NULL)) {
            Set<Long> columns = new HashSet<>();
            lineage.collect(node, level, columns);
            columns.forEach(column -> mark(column, use));
        }
    }

    private void mark(Lineage.Summary summary, Use use) {
        summary.pass().forEach(column -> mark(column, use));
        summary.derived().forEach(column -> mark(column, use == Use.USE_OUTPUT ? Use.USE_DERIVED : use));
    }

    private void mark(long column, Use use) {
        touched.use(column, relation(Lineage.relation(column)), use);
    }

    private RelationInfo relation(int oid) {
        RelationInfo relation = catalog.relation(oid);
        if (relation == null) {
            throw UnanalysableException.unknown("relation with oid `" + Integer.toUnsignedString(oid) + "`");
        }
        return relation;
    }

    private static QueryAnalysis.Command command(int number) {
        return switch (number) {
            case Level.SELECT -> QueryAnalysis.Command.SELECT;
            case Level.UPDATE -> QueryAnalysis.Command.UPDATE;
            case Level.INSERT -> QueryAnalysis.Command.INSERT;
            case Level.DELETE -> QueryAnalysis.Command.DELETE;
            default -> QueryAnalysis.Command.MERGE;
        };
    }
}
