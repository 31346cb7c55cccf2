package dev.chaperone.postgres.analysis;

import java.util.ArrayList;
import java.util.List;

/** The expressions through which a text goes as it is, or whose outcome says little of it. */
final class Passing {

    private static final int EXPRESSION_SUBLINK = 4;

    /** The operator {@code text = text}, by the number that initdb gives it. */
    private static final int TEXT_EQUALS = 98;

    private Passing() {}

    /** The expressions, or the query, one of whose values is the value; none when it is computed. */
    static List<Node> choices(Node.Struct struct, CatalogSnapshot catalog) {
        List<Node> choices = new ArrayList<>();
        switch (struct.type()) {
            case "CASE", "CASEEXPR" -> {
                for (Node branch : struct.list("args")) {
                    choices.add(Node.struct(branch).field("result"));
                }
                if (!struct.field("defresult").equals(Node.NULL)) {
                    choices.add(struct.field("defresult"));
                }
            }
            case "COALESCE", "COALESCEEXPR" -> choices.addAll(struct.list("args"));
            case "SUBLINK" -> {
                if (struct.number("subLinkType") == EXPRESSION_SUBLINK) {
                    choices.add(struct.field("subselect"));
                }
            }
            case "FUNCEXPR" -> {
                List<Node> arguments = struct.list("args");
                if (arguments.size() == 2
                        && "pg_catalog.btrim".equals(catalog.function(struct.number("funcid")))
                        && PrintedDefinitions.isText(arguments.get(1), "\"")) {
                    choices.add(arguments.get(0));
                }
            }
            default -> {}
        }
        return choices;
    }

    /** What decides which of the choices is taken. */
    static List<Node> conditions(Node.Struct struct) {
        List<Node> conditions = new ArrayList<>();
        if (struct.is("CASE") || struct.is("CASEEXPR")) {
            conditions.add(struct.field("arg"));
            struct.list("args")
                    .forEach(branch -> conditions.add(Node.struct(branch).field("expr")));
        }
        return conditions;
    }

    /** What is asked whether it is null, or whether it is the word DEFAULT. */
    static Node askedAbout(Node.Struct struct) {
        if (struct.is("NULLTEST")) {
            return struct.field("arg");
        }
        if (struct.is("OPEXPR")) {
            List<Node> arguments = struct.list("args");
            if (struct.number("opno") == TEXT_EQUALS
                    && arguments.size() == 2
                    && PrintedDefinitions.isText(arguments.get(1), "DEFAULT")) {
                return arguments.get(0);
            }
        }
        return Node.NULL;
    }
}
