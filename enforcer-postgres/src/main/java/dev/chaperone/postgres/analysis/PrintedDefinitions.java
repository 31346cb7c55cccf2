package dev.chaperone.postgres.analysis;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Has a statement work on definitions without the constants in them: each call of a function that prints one is put into
 * expressions that replace strings and numbers. As with masked sources nobody trusts the text: the server's tree of it says
 * whether a definition is used anywhere without them.
 */
public final class PrintedDefinitions {

    /** What is printed by these has nothing but names, constants and operators in it. */
    private static final Set<String> PLAIN = Set.of(
            "pg_get_constraintdef",
            "pg_get_expr",
            "pg_get_function_arg_default",
            "pg_get_function_arguments",
            "pg_get_indexdef",
            "pg_get_partition_constraintdef",
            "pg_get_partkeydef",
            "pg_get_ruledef",
            "pg_get_statisticsobjdef",
            "pg_get_statisticsobjdef_columns",
            "pg_get_triggerdef",
            "pg_get_viewdef");

    private static final String MARK = "\u0001";

    /** Each name is followed by a mark, each constant becomes one. */
    private static final List<String> MARKED = List.of(
            "(\"(?:[^\"]|\"\")*\"|(?:[A-Za-z_]|[^\\x01-\\x7f])(?:[A-Za-z0-9_$]|[^\\x01-\\x7f])*)"
                    + "|'(?:[^']|'')*'|[0-9]+(?:[.][0-9]+)?(?:[eE][-+]?[0-9]+)?",
            "\\1" + MARK);

    private static final List<String> NAMES = List.of("(?<=[A-Za-z0-9_$\"]|[^\\x01-\\x7f])" + MARK, "");
    private static final List<String> CONSTANTS = List.of(MARK, "'***'");
    private static final List<List<String>> STEPS = List.of(MARKED, NAMES, CONSTANTS);
    private static final String REPLACE = "pg_catalog.regexp_replace";

    private PrintedDefinitions() {}

    /** The statement with each printed definition in its expressions, wherever it is called by its plain name. */
    public static String rewrite(String sql) {
        StringBuilder out = new StringBuilder(sql.length() + 1024);
        ArrayDeque<String> closing = new ArrayDeque<>();
        ArrayDeque<Integer> depths = new ArrayDeque<>();
        SqlLexer lexer = new SqlLexer(sql);
        int copied = 0;
        int depth = 0;
        // Where the schema before a name begins, and whether that was the last token.
        int qualified = -1;
        boolean schema = false;
        SqlLexer.Kind kind = lexer.next();
        while (kind != SqlLexer.Kind.END) {
            int start = lexer.start();
            int end = lexer.end();
            String name = kind == SqlLexer.Kind.WORD ? lexer.value() : null;
            char symbol = lexer.symbol();
            kind = lexer.next();
            if (name != null && PLAIN.contains(name) && lexer.symbol() == '(') {
                int from = qualified >= 0 ? qualified : start;
                out.append(sql, copied, from).append("(SELECT ");
                STEPS.forEach(step -> out.append(REPLACE).append('('));
                out.append(sql, from, end);
                copied = end;
                closing.push(arguments() + " AS " + name + ')');
                depths.push(depth + 1);
            } else if (symbol == '(') {
                depth++;
            } else if (symbol == ')') {
                if (!depths.isEmpty() && depths.peek() == depth) {
                    depths.pop();
                    out.append(sql, copied, end).append(closing.pop());
                    copied = end;
                }
                depth--;
            }
            if (symbol == '.' && schema) {
                schema = false;
            } else {
                schema = "pg_catalog".equals(name);
                qualified = schema ? start : -1;
            }
        }
        return out.append(sql, copied, sql.length()).toString();
    }

    private static String arguments() {
        StringBuilder arguments = new StringBuilder();
        for (List<String> step : STEPS) {
            arguments
                    .append(", ")
                    .append(literal(step.get(0)))
                    .append(", ")
                    .append(literal(step.get(1)))
                    .append(", 'g')");
        }
        return arguments.toString();
    }

    private static String literal(String text) {
        return '\'' + text.replace("'", "''") + '\'';
    }

    /**
     * The printed definition inside of an expression that takes the constants out of it.
     *
     * @return {@link Node#NULL} when it is none
     */
    static Node inside(Node.Struct struct, CatalogSnapshot catalog) {
        Node inside = struct;
        for (int i = STEPS.size() - 1; i >= 0; i--) {
            if (!(inside instanceof Node.Struct call)
                    || !call.is("FUNCEXPR")
                    || !REPLACE.equals(catalog.function(call.number("funcid")))) {
                return Node.NULL;
            }
            List<Node> arguments = call.list("args");
            if (arguments.size() != 4
                    || !isText(arguments.get(1), STEPS.get(i).get(0))
                    || !isText(arguments.get(2), STEPS.get(i).get(1))
                    || !isText(arguments.get(3), "g")) {
                return Node.NULL;
            }
            inside = arguments.get(0);
        }
        return inside instanceof Node.Struct printed
                        && printed.is("FUNCEXPR")
                        && isPlain(catalog.function(printed.number("funcid")))
                ? printed
                : Node.NULL;
    }

    private static boolean isPlain(@Nullable String function) {
        return function != null
                && Definitions.printedBy(function)
                && PLAIN.contains(function.substring(function.indexOf('.') + 1));
    }

    /** Constants of type text as the server prints them: their length, the length's own bytes, the letters. */
    static boolean isText(Node node, String value) {
        if (!(node instanceof Node.Struct constant) || !constant.is("CONST")) {
            return false;
        }
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        int length = bytes.length + 4;
        StringBuilder printed = new StringBuilder().append(length);
        int header = length << 2;
        for (int i = 0; i < 4; i++) {
            printed.append(' ').append((byte) (header >>> (8 * i)));
        }
        for (byte one : bytes) {
            printed.append(' ').append(one);
        }
        return constant.text("constvalue").contentEquals(printed);
    }
}
