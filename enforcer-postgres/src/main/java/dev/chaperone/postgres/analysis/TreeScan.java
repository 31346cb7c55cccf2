package dev.chaperone.postgres.analysis;

import dev.chaperone.proto.ErrorCode;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Goes once over the whole tree: knows every node by name or refuses, finds every query and every function, and takes the
 * server's own account of which columns need which privilege.
 *
 * <p>Two things are left out: row security (and view check options), which the database's owner wrote and which applies
 * whatever the agent asks, and the inside of the server's own views.
 */
final class TreeScan {

    /** {@code FirstLowInvalidHeapAttributeNumber}: bitmaps of columns are offset by it. */
    private static final int FIRST_LOW_INVALID_ATTRIBUTE = -7;

    private static final int ACL_INSERT = 1;
    private static final int ACL_DELETE = 8;

    private static final Set<String> FUNCTION_FIELDS =
            Set.of("funcid", "opfuncid", "aggfnoid", "winfnoid", "tsmhandler", "hashfuncid", "negfuncid");
    private static final Set<String> OPERATOR_FIELDS = Set.of("opno", "eqop", "sortop");
    /** What something is converted to, and the nodes that have such a field and only read. */
    private static final Set<String> TARGETS =
            Set.of("consttype", "paramtype", "resulttype", "funcresulttype", "typid", "row_typeid", "array_typeid");

    private static final Set<String> TARGET_LISTS = Set.of("coltypes", "funccoltypes");
    private static final Set<String> READING = Set.of("VAR", "FIELDSELECT");
    private static final Set<String> CONVERSIONS = Set.of("COERCEVIAIO", "COERCETODOMAIN");
    private static final int EXISTS_SUBLINK = 0;

    private final CatalogSnapshot catalog;
    private final List<MaskedSource.Verified> sources;
    private final Map<Node.Struct, Level> levels = new LinkedHashMap<>();
    private final Touched touched;
    private boolean definitions;
    private final Set<String> disallowed = new LinkedHashSet<>();

    TreeScan(CatalogSnapshot catalog, List<MaskedSource.Verified> sources, Touched touched) {
        this.catalog = catalog;
        this.sources = sources;
        this.touched = touched;
    }

    /** Every query found, by the identity of its node, outermost first. */
    Map<Node.Struct, Level> levels() {
        return levels;
    }

    Set<String> disallowedFunctions() {
        return disallowed;
    }

    Level query(Node.Struct query, @Nullable Level parent, boolean inView) {
        if (!query.is("QUERY") || levels.containsKey(query)) {
            throw new UnanalysableException("query tree has something other than a query where one belongs");
        }
        if (query.number("querySource") != 0) {
            throw new UnanalysableException("statement is changed by a rule, which is not supported");
        }
        Level level = new Level(query, parent, inView);
        levels.put(query, level);
        for (MaskedSource.Verified source : sources) {
            if (source.is(query)) {
                level.masked = source.source().masked();
            }
        }
        for (int i = 0; i < query.size(); i++) {
            switch (query.name(i)) {
                case "rtable" -> {
                    for (int index = 1; index <= level.rangeTable().size(); index++) {
                        entry(level, index);
                    }
                }
                case "rteperminfos" -> permissions(level);
                case "cteList" -> query.list("cteList").forEach(cte -> commonTable(Node.struct(cte), level));
                case "withCheckOptions" -> {}
                default -> node(query.value(i), level);
            }
        }
        if (level.command() != Level.SELECT) {
            RelationInfo target =
                    relation(level.entry(query.number("resultRelation")).number("relid"));
            written(target);
            if (level.command() == Level.INSERT) {
                catalog.hidden().onInsert(target.oid()).forEach(this::function);
            }
        }
        return level;
    }

    private void commonTable(Node.Struct cte, Level level) {
        if (!cte.is("COMMONTABLEEXPR")) {
            throw new UnanalysableException("query tree has something other than a common table expression");
        }
        for (int i = 0; i < cte.size(); i++) {
            if (cte.name(i).equals("ctequery")) {
                query(Node.struct(cte.value(i)), level, level.inView());
            } else {
                node(cte.value(i), level);
            }
        }
    }

    private void node(Node node, Level level) {
        if (node instanceof Node.Items list) {
            for (Node item : list.items()) {
                node(item, level);
            }
        } else if (node instanceof Node.Struct struct) {
            if (struct.is("QUERY")) {
                query(struct, level, level.inView());
                return;
            }
            KnownNodes.check(struct);
            calls(struct);
            conversions(struct);
            for (int i = 0; i < struct.size(); i++) {
                if (!struct.name(i).equals("exclRelTlist")) {
                    node(struct.value(i), level);
                }
            }
            if (struct.is("SUBLINK") && struct.number("subLinkType") == EXISTS_SUBLINK) {
                Level inside = levels.get(Node.struct(struct.field("subselect")));
                if (inside != null) {
                    inside.outputsUnseen = true;
                }
            }
        }
    }

    private void calls(Node.Struct struct) {
        boolean conversion = CONVERSIONS.contains(struct.type());
        for (int i = 0; i < struct.size(); i++) {
            String name = struct.name(i);
            if (FUNCTION_FIELDS.contains(name)) {
                function(Node.number(struct.value(i)));
            } else if (OPERATOR_FIELDS.contains(name)) {
                operator(Node.number(struct.value(i)));
            } else if (name.equals("opnos")) {
                struct.list(name).forEach(operator -> operator(Node.number(operator)));
            } else if (conversion && name.equals("resulttype")) {
                type(Node.number(struct.value(i)));
            } else if (conversion && name.equals("arg") && struct.value(i) instanceof Node.Struct argument) {
                int from = KnownNodes.type(argument);
                if (from != 0) {
                    type(from);
                }
            }
        }
    }

    /** What is converted to a type with checks runs them, wherever in the tree that is. */
    private void conversions(Node.Struct struct) {
        for (int i = 0; i < struct.size() && !READING.contains(struct.type()); i++) {
            if (TARGETS.contains(struct.name(i))) {
                conversion(Node.number(struct.value(i)));
            } else if (TARGET_LISTS.contains(struct.name(i))) {
                struct.list(struct.name(i)).forEach(type -> conversion(Node.number(type)));
            }
        }
    }

    private void conversion(int type) {
        catalog.hidden().onConversion(type).forEach(this::function);
    }

    private void written(RelationInfo relation) {
        touched.written(relation);
        catalog.hidden().onWrite(relation.oid()).forEach(this::function);
    }

    /** True when it uses any {@link Definitions}. */
    boolean definitions() {
        return definitions;
    }

    private void function(int oid) {
        definitions |= Definitions.printedBy(catalog.function(oid));
        if (oid != 0 && !catalog.functionAllowed(oid)) {
            disallowed.add(catalog.functionName(oid));
        }
    }

    private void operator(int oid) {
        if (oid != 0 && Integer.compareUnsigned(oid, CatalogQueries.FIRST_NORMAL_OBJECT_ID) >= 0) {
            function(catalog.operatorFunction(oid));
        }
    }

    private void type(int oid) {
        if (!catalog.typeAllowed(oid)) {
            disallowed.add("conversion of " + catalog.typeName(oid));
        }
    }

    private void entry(Level level, int index) {
        Node.Struct entry = level.entry(index);
        if (!entry.is("RANGETBLENTRY") && !entry.is("RTE")) {
            throw new UnanalysableException("query tree has something other than a range table entry");
        }
        switch (entry.number("rtekind")) {
            case Level.RTE_RELATION -> {
                if (!level.isExcluded(index)) {
                    RelationInfo relation = relation(entry.number("relid"));
                    // In what a view stands for there are the names of when it was made.
                    if (!level.inView()) {
                        requireCurrent(entry, relation);
                    }
                    touched.relation(relation);
                    // Before PostgreSQL 16 the privileges to check stand here.
                    if (entry.has("selectedCols")) {
                        privileges(entry, level);
                    }
                }
                node(entry.field("tablesample"), level);
            }
            case Level.RTE_SUBQUERY -> {
                Node.Struct subquery = Node.struct(entry.field("subquery"));
                int view = viewOf(entry);
                if (view == 0) {
                    query(subquery, level, level.inView());
                    return;
                }
                RelationInfo relation = relation(view);
                touched.relation(relation);
                if (!relation.system()) {
                    query(subquery, level, true);
                } else if (!entry.has("relid")) {
                    privileges(Node.struct(subquery.list("rtable").get(0)), level);
                }
            }
            case Level.RTE_JOIN -> node(entry.field("joinaliasvars"), level);
            case Level.RTE_FUNCTION -> node(entry.field("functions"), level);
            case Level.RTE_TABLEFUNC -> node(entry.field("tablefunc"), level);
            case Level.RTE_VALUES -> node(entry.field("values_lists"), level);
            case Level.RTE_GROUP -> node(entry.field("groupexprs"), level);
            case Level.RTE_CTE -> level.cte(entry);
            case Level.RTE_RESULT -> {}
            default -> throw new UnanalysableException("statement reads from something that is not understood");
        }
    }

    /**
     * The server's names of the columns, unless the statement gives them others, are those of the catalog; else a column was
     * renamed since it was read, and labels, which go by name, would stay with the name and not with the data.
     */
    private static void requireCurrent(Node.Struct entry, RelationInfo relation) {
        if (!(entry.field("eref") instanceof Node.Struct reference)) {
            return;
        }
        int given = entry.field("alias") instanceof Node.Struct alias
                ? alias.list("colnames").size()
                : 0;
        List<Node> names = reference.list("colnames");
        for (int i = given; i < names.size(); i++) {
            ColumnInfo column = relation.column(i + 1);
            // The server prints strings in quotes.
            if (column != null
                    && names.get(i) instanceof Node.Token name
                    && !name.text().equals('"' + column.name() + '"')) {
                throw UnanalysableException.unknown("column " + (i + 1) + " of relation `" + relation.qualifiedName()
                        + "` under the name that it has now");
            }
        }
    }

    /** The relation that an entry stands for, be it a view; 0 for any other entry. */
    int relationOf(Node.Struct entry) {
        return switch (entry.number("rtekind")) {
            case Level.RTE_RELATION -> entry.number("relid");
            case Level.RTE_SUBQUERY -> viewOf(entry);
            default -> 0;
        };
    }

    /** The view that a subquery stands for, 0 for the agent's own. */
    static int viewOf(Node.Struct entry) {
        if (entry.has("relid")) {
            return entry.number("relid");
        }
        // Before PostgreSQL 16 the view's first range table entry, OLD, names the view; no other entry has that kind.
        List<Node> inside = Node.struct(entry.field("subquery")).list("rtable");
        if (!inside.isEmpty()) {
            Node.Struct first = Node.struct(inside.get(0));
            if (first.number("rtekind") == Level.RTE_RELATION
                    && first.text("relkind").equals("v")) {
                return first.number("relid");
            }
        }
        return 0;
    }

    private RelationInfo relation(int oid) {
        RelationInfo relation = catalog.relation(oid);
        if (relation == null) {
            throw UnanalysableException.unknown("relation with oid `" + Integer.toUnsignedString(oid) + "`");
        }
        definitions |= !relation.definitions().isEmpty();
        if (!relation.system() && "rpvmfS".indexOf(relation.kind()) < 0) {
            throw new UnanalysableException(
                    ErrorCode.DENIED, "relation `" + relation.qualifiedName() + "` is not readable through chaperone");
        }
        return relation;
    }

    private void permissions(Level level) {
        List<Node> list = level.query().list("rteperminfos");
        int excluded = 0;
        for (int index = 1; index <= level.rangeTable().size(); index++) {
            if (level.isExcluded(index)) {
                excluded = level.entry(index).number("perminfoindex");
            }
        }
        for (int index = 1; index <= list.size(); index++) {
            if (index != excluded) {
                privileges(Node.struct(list.get(index - 1)), level);
            }
        }
    }

    private void privileges(Node.Struct info, Level level) {
        RelationInfo relation = relation(info.number("relid"));
        if ((info.number("requiredPerms") & (ACL_INSERT | ACL_DELETE)) != 0) {
            written(relation);
        }
        List<Node> inserted = info.list("insertedCols");
        List<Node> updated = info.list("updatedCols");
        if (!inserted.isEmpty() || !updated.isEmpty()) {
            written(relation);
        }
        // A view's columns are those of what it stands for, unless it is one of the server's own, which are not looked
        // into.
        if (relation.kind() == 'v' && !relation.system()) {
            return;
        }
        for (Node bit : info.list("selectedCols")) {
            int attribute = Node.number(bit) + FIRST_LOW_INVALID_ATTRIBUTE;
            if (attribute >= 0 && !level.masked.contains(attribute) && relation.holdsData(attribute)) {
                touched.selected(relation, attribute);
            }
        }
        for (List<Node> columns : List.of(inserted, updated)) {
            for (Node bit : columns) {
                int attribute = Node.number(bit) + FIRST_LOW_INVALID_ATTRIBUTE;
                if (attribute > 0) {
                    touched.writes(relation, attribute);
                }
            }
        }
    }
}
