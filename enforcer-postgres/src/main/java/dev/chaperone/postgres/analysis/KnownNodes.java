package dev.chaperone.postgres.analysis;

import java.util.Locale;
import java.util.Set;

/**
 * The expression nodes that the analysis understands: each one reads nothing but what its children read. Names as printed by
 * PostgreSQL 14 to 18 (some lost or gained their suffix in 16).
 */
final class KnownNodes {

    private static final Set<String> EXPRESSIONS = Set.of(
            "AGGREF",
            "ALIAS",
            "ARRAY",
            "ARRAYCOERCEEXPR",
            "ARRAYEXPR",
            "BOOLEANTEST",
            "BOOLEXPR",
            "CASE",
            "CASEEXPR",
            "CASETESTEXPR",
            "CASEWHEN",
            "COALESCE",
            "COALESCEEXPR",
            "COERCETODOMAIN",
            "COERCETODOMAINVALUE",
            "COERCEVIAIO",
            "COLLATE",
            "COLLATEEXPR",
            "CONST",
            "CONVERTROWTYPEEXPR",
            "CTECYCLECLAUSE",
            "CTESEARCHCLAUSE",
            "CURRENTOFEXPR",
            "DISTINCTEXPR",
            "FIELDSELECT",
            "FIELDSTORE",
            "FROMEXPR",
            "FUNCEXPR",
            "GROUPINGFUNC",
            "GROUPINGSET",
            "INFERENCEELEM",
            "JOINEXPR",
            "JSONBEHAVIOR",
            "JSONCONSTRUCTOREXPR",
            "JSONEXPR",
            "JSONFORMAT",
            "JSONISPREDICATE",
            "JSONRETURNING",
            "JSONTABLEPATH",
            "JSONTABLEPATHSCAN",
            "JSONTABLESIBLINGJOIN",
            "JSONVALUEEXPR",
            "MERGEACTION",
            "MERGESUPPORTFUNC",
            "MINMAX",
            "MINMAXEXPR",
            "NAMEDARGEXPR",
            "NEXTVALUEEXPR",
            "NULLIFEXPR",
            "NULLTEST",
            "ONCONFLICTEXPR",
            "OPEXPR",
            "PARAM",
            "RANGETBLFUNCTION",
            "RANGETBLREF",
            "RELABELTYPE",
            "RETURNINGEXPR",
            "ROW",
            "ROWCOMPARE",
            "ROWCOMPAREEXPR",
            "ROWEXPR",
            "ROWMARKCLAUSE",
            "SCALARARRAYOPEXPR",
            "SETOPERATIONSTMT",
            "SETTODEFAULT",
            "SORTGROUPCLAUSE",
            "SQLVALUEFUNCTION",
            "SUBLINK",
            "SUBSCRIPTINGREF",
            "TABLEFUNC",
            "TABLESAMPLECLAUSE",
            "TARGETENTRY",
            "VAR",
            "WHEN",
            "WINDOWCLAUSE",
            "WINDOWFUNC",
            "WINDOWFUNCRUNCONDITION",
            "XMLEXPR");

    /** Types whose values are the same text whichever of them they are labelled with: text, varchar, bpchar. */
    private static final Set<Integer> TEXTS = Set.of(25, 1043, 1042);

    private KnownNodes() {}

    static void check(Node.Struct node) {
        if (!EXPRESSIONS.contains(node.type())) {
            throw new UnanalysableException(
                    "statement uses `" + node.type().toLowerCase(Locale.ROOT) + "`, which is not understood");
        }
    }

    /** True for what cannot fail and is one value: a column, a constant, a parameter. */
    static boolean isPlain(Node node) {
        return node instanceof Node.Struct struct && (struct.is("VAR") || struct.is("CONST") || struct.is("PARAM"));
    }

    static boolean isText(int type) {
        return TEXTS.contains(type);
    }

    /** The expression's type where its node says it, else 0. */
    static int type(Node.Struct expression) {
        String field = switch (expression.type()) {
            case "VAR" -> "vartype";
            case "CONST" -> "consttype";
            case "PARAM" -> "paramtype";
            case "FUNCEXPR" -> "funcresulttype";
            case "OPEXPR", "DISTINCTEXPR", "NULLIFEXPR" -> "opresulttype";
            case "AGGREF" -> "aggtype";
            case "WINDOWFUNC" -> "wintype";
            case "RELABELTYPE", "COERCEVIAIO", "COERCETODOMAIN", "ARRAYCOERCEEXPR", "FIELDSELECT" -> "resulttype";
            default -> "";
        };
        return expression.has(field) ? expression.number(field) : 0;
    }
}
