package dev.chaperone.postgres.analysis;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One query of a statement: the statement itself, a subquery, a CTE, or what a view stands for. */
final class Level {

    /** {@code RTEKind} in src/include/nodes/parsenodes.h. */
    static final int RTE_RELATION = 0;

    static final int RTE_SUBQUERY = 1;
    static final int RTE_JOIN = 2;
    static final int RTE_FUNCTION = 3;
    static final int RTE_TABLEFUNC = 4;
    static final int RTE_VALUES = 5;
    static final int RTE_CTE = 6;
    static final int RTE_RESULT = 8;
    static final int RTE_GROUP = 9;

    static final int SELECT = 1;
    static final int UPDATE = 2;
    static final int INSERT = 3;
    static final int DELETE = 4;
    static final int MERGE = 5;

    private final Node.Struct query;
    private final @Nullable Level parent;
    private final boolean inView;
    private final int command;
    private final List<Node> rangeTable;
    private final List<Node> outputs;
    private final Map<Integer, Node> outputExpressions = new HashMap<>();
    private final int excluded;
    /** What is known of the lineage of each (range table entry, attribute); see {@link Lineage}. */
    final Map<Long, Lineage.Summary> summaries = new HashMap<>();
    /** Attributes of its one relation that go nowhere but into their masks; see {@link MaskedSource}. */
    Set<Integer> masked = Set.of();
    /** True for the inside of EXISTS, whose outputs nobody sees. */
    boolean outputsUnseen;

    Level(Node.Struct query, @Nullable Level parent, boolean inView) {
        this.query = query;
        this.parent = parent;
        this.inView = inView;
        command = query.number("commandType");
        if (command < SELECT || command > MERGE || !query.field("utilityStmt").equals(Node.NULL)) {
            throw new UnanalysableException("statement is not a query that can be analysed");
        }
        rangeTable = query.list("rtable");
        outputs = query.list(command == SELECT ? "targetList" : "returningList");
        for (Node output : outputs) {
            Node.Struct entry = Node.struct(output);
            if (!entry.flag("resjunk")) {
                outputExpressions.put(entry.number("resno"), entry.field("expr"));
            }
        }
        excluded = query.field("onConflict") instanceof Node.Struct conflict ? conflict.number("exclRelIndex") : 0;
    }

    Node.Struct query() {
        return query;
    }

    @Nullable
    Level parent() {
        return parent;
    }

    /** True when the agent did not write this query: it is what a view stands for. */
    boolean inView() {
        return inView;
    }

    int command() {
        return command;
    }

    List<Node> rangeTable() {
        return rangeTable;
    }

    /** The target entries that deliver: the target list of a SELECT, the RETURNING list of anything else; junk included. */
    List<Node> outputs() {
        return outputs;
    }

    /** Expressions of what is delivered, by number. */
    Map<Integer, Node> outputExpressions() {
        return outputExpressions;
    }

    /** True when a function in the target list returns sets: then the query has as many rows as that says, whoever reads it. */
    boolean multipliesRows() {
        return query.flag("hasTargetSRFs");
    }

    boolean isSetOperation() {
        return query.field("setOperations") instanceof Node.Struct;
    }

    /** True for the rows that INSERT ... ON CONFLICT proposes: what they hold is what the statement writes. */
    boolean isExcluded(int index) {
        return index == excluded;
    }

    Node.Struct entry(int index) {
        if (index < 1 || index > rangeTable.size()) {
            throw new UnanalysableException("query tree names a range table entry that it does not have");
        }
        return Node.struct(rangeTable.get(index - 1));
    }

    Level up(int levels) {
        Level level = this;
        for (int i = 0; i < levels; i++) {
            Level next = level.parent;
            if (next == null) {
                throw new UnanalysableException("query tree refers to a query outside of the statement");
            }
            level = next;
        }
        return level;
    }

    boolean isWithin(Level ancestor) {
        for (Level level = this; level != null; level = level.parent) {
            if (level == ancestor) {
                return true;
            }
        }
        return false;
    }

    /** The CTE that an entry of this level's range table refers to. */
    Cte cte(Node.Struct entry) {
        Level owner = up(entry.number("ctelevelsup"));
        String name = cteName(entry);
        Cte found = null;
        for (Node node : owner.query.list("cteList")) {
            Node.Struct cte = Node.struct(node);
            if (cteName(cte).equals(name)) {
                if (found != null) {
                    throw new UnanalysableException(
                            "statement has two common table expressions of almost the same name");
                }
                found = new Cte(Node.struct(cte.field("ctequery")), cte.flag("cterecursive"));
            }
        }
        if (found == null) {
            throw new UnanalysableException("query tree refers to a common table expression that it does not have");
        }
        return found;
    }

    /** The server breaks lines at a name's space: names that differ only so cannot be told apart. */
    private static String cteName(Node.Struct node) {
        return node.text("ctename").replace('\n', ' ');
    }

    record Cte(Node.Struct query, boolean recursive) {}
}
