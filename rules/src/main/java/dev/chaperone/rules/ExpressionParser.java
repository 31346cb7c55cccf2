package dev.chaperone.rules;

import com.google.re2j.PatternSyntaxException;
import dev.chaperone.rules.FactModel.FactType;
import dev.chaperone.rules.FactModel.Function;
import dev.chaperone.rules.FactModel.Property;
import dev.chaperone.rules.PolicyLexer.Refusal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads one condition inside a pattern. What is not in this grammar is not in the language:
 *
 * <pre>{@code
 * either     = both { "||" both }
 * both       = comparison { "&&" comparison }
 * comparison = "!" comparison | "(" either ")" | operand [ operator operand | [ "not" ] "in" "(" literal { "," literal } ")" ]
 * operand    = literal | [ $fact "." ] field | [ $fact "." ] function "(" [ operand { "," operand } ] ")" | $value
 * operator   = "==" | "!=" | "<" | "<=" | ">" | ">="
 * }</pre>
 */
final class ExpressionParser {
    private static final Set<String> OPERATORS = Set.of("==", "!=", "<", "<=", ">", ">=");
    private static final int MAX_DEPTH = 8;
    private static final String FUNCTIONS_HINT =
            "write a function: `startsWith(name, \"…\")`, `endsWith`, `containsText`,"
                    + " `sameText`, `regex`, or `name in (\"…\", \"…\")`";
    private static final Map<String, String> WORD_OPERATORS = Map.of(
            "matches", "use `regex(field, \"…\")`, which takes linear time",
            "contains", FUNCTIONS_HINT,
            "memberOf", FUNCTIONS_HINT,
            "soundslike", FUNCTIONS_HINT,
            "str", FUNCTIONS_HINT,
            "excludes", FUNCTIONS_HINT,
            "instanceof", "name the fact in the pattern");

    private final TokenCursor cursor;
    private final Scope scope;
    private final FactType fact;
    private int depth;

    ExpressionParser(TokenCursor cursor, Scope scope, FactType fact) {
        this.cursor = cursor;
        this.scope = scope;
        this.fact = fact;
    }

    /** Reads a condition and requires it to be true or false. */
    Expression condition() throws Refusal {
        Token start = cursor.peek();
        return requireBoolean(start, either());
    }

    private Expression either() throws Refusal {
        Token start = cursor.peek();
        if (++depth > MAX_DEPTH) {
            throw cursor.refuse(start, "condition is nested more than " + MAX_DEPTH + " deep", "write several rules");
        }
        Expression left = both();
        while (cursor.peek().is("||")) {
            Token operator = cursor.next();
            left = new Expression.Operation(requireBoolean(operator, left), "||", requireBoolean(operator, both()));
        }
        depth--;
        return left;
    }

    private Expression both() throws Refusal {
        Expression left = comparison();
        while (cursor.peek().is("&&")) {
            Token operator = cursor.next();
            left = new Expression.Operation(
                    requireBoolean(operator, left), "&&", requireBoolean(operator, comparison()));
        }
        return left;
    }

    private Expression comparison() throws Refusal {
        Token start = cursor.peek();
        if (cursor.accept("!")) {
            if (++depth > MAX_DEPTH) {
                throw cursor.refuse(start, "condition is nested more than " + MAX_DEPTH + " deep", "simplify it");
            }
            Expression operand = requireBoolean(start, comparison());
            depth--;
            return new Expression.Negation(operand);
        }
        if (cursor.accept("(")) {
            Expression inner = either();
            cursor.expect(")", "parentheses of a condition hold a whole condition");
            return requireBoolean(start, inner);
        }
        Expression left = operand();
        Token operator = cursor.peek();
        if (OPERATORS.contains(operator.text()) && operator.kind() == Token.Kind.SYMBOL) {
            cursor.next();
            return compare(operator, left, operand());
        }
        boolean negated = operator.is("not") && cursor.peek(1).is("in");
        if (negated || operator.is("in")) {
            cursor.next();
            if (negated) {
                cursor.next();
            }
            return membership(operator, left, negated);
        }
        checkWordOperator(operator);
        return left;
    }

    private void checkWordOperator(Token operator) throws Refusal {
        String hint = operator.kind() == Token.Kind.WORD ? WORD_OPERATORS.get(operator.text()) : null;
        if (hint != null) {
            throw cursor.refuse(operator, "operator `" + operator.text() + "` is not allowed", hint);
        }
    }

    private Expression compare(Token operator, Expression left, Expression right) throws Refusal {
        if (left.type() != right.type()) {
            throw cursor.refuse(
                    operator,
                    "`" + operator.text() + "` compares " + left.type().shown() + " with "
                            + right.type().shown(),
                    "compare values of one type; texts stand in double quotes");
        }
        boolean ordering = !operator.text().equals("==") && !operator.text().equals("!=");
        if (ordering && left.type() != ValueType.NUMBER) {
            throw cursor.refuse(operator, "`" + operator.text() + "` needs numbers", "texts have no order here");
        }
        boolean leftIsLiteral = left instanceof Expression.Literal;
        if (leftIsLiteral && right instanceof Expression.Literal) {
            throw cursor.refuse(operator, "both sides are constants", "compare a field");
        }
        return leftIsLiteral
                ? new Expression.Operation(right, mirrored(operator.text()), left)
                : new Expression.Operation(left, operator.text(), right);
    }

    private static String mirrored(String operator) {
        if (operator.startsWith("<")) {
            return operator.replace('<', '>');
        }
        return operator.replace('>', '<');
    }

    private Expression membership(Token operator, Expression left, boolean negated) throws Refusal {
        cursor.expect("(", "write `field in (\"a\", \"b\")`");
        List<Expression.Literal> candidates = new ArrayList<>();
        do {
            Token place = cursor.peek();
            if (!(operand() instanceof Expression.Literal literal) || literal.type() != left.type()) {
                throw cursor.refuse(
                        place, "expected a " + left.type().shown() + " constant", "`in` takes constants only");
            }
            candidates.add(literal);
        } while (cursor.accept(","));
        cursor.expect(")", "constants are separated by commas");
        if (left instanceof Expression.Literal) {
            throw cursor.refuse(operator, "both sides are constants", "test a field");
        }
        return new Expression.Membership(left, negated, candidates);
    }

    private Expression operand() throws Refusal {
        Token token = cursor.next();
        switch (token.kind()) {
            case TEXT:
                return new Expression.Literal(ValueType.TEXT, token.text());
            case NUMBER:
                return new Expression.Literal(ValueType.NUMBER, token.text());
            case VARIABLE:
                return ofVariable(token);
            case WORD:
                return ofWord(token);
            case SYMBOL:
                if (token.is("-") && cursor.peek().kind() == Token.Kind.NUMBER) {
                    return new Expression.Literal(
                            ValueType.NUMBER, "-" + cursor.next().text());
                }
                break;
            case END:
                break;
        }
        throw cursor.refuse(token, "expected a field or a constant, found " + token.shown(), "");
    }

    private Expression ofWord(Token word) throws Refusal {
        switch (word.text()) {
            case "true":
            case "false":
                return new Expression.Literal(ValueType.BOOLEAN, word.text());
            case "null":
                throw cursor.refuse(word, "there is no `null`", "absent text is empty: compare with `\"\"`");
            case "eval":
            case "this":
            case "new":
                throw cursor.refuse(
                        word,
                        "`" + word.text() + "` is not allowed",
                        "conditions read fields of facts and nothing else");
            default:
                return member(word, "", fact);
        }
    }

    private Expression ofVariable(Token variable) throws Refusal {
        ValueType value = scope.values().get(variable.text());
        if (value != null) {
            if (cursor.peek().is(".")) {
                throw cursor.refuse(cursor.peek(), "a value has no members", "compare it, or pass it to a function");
            }
            return new Expression.Bound(variable.text(), value);
        }
        FactType bound = scope.facts().get(variable.text());
        if (bound == null) {
            throw cursor.refuse(
                    variable,
                    "`" + variable.text() + "` is not bound",
                    "bind it in an earlier pattern: `$f : Field(…)`");
        }
        cursor.expect(".", "name the field of " + bound.name() + " to compare");
        Token member = cursor.expect(Token.Kind.WORD, "a field of " + bound.name(), "");
        return member(member, variable.text(), bound);
    }

    private Expression member(Token name, String variable, FactType owner) throws Refusal {
        Expression found = cursor.peek().is("(") ? call(name, variable, owner) : field(name, variable, owner);
        Token after = cursor.peek();
        if (after.is(".") || after.is("[") || after.is("#") || after.is("{")) {
            throw cursor.refuse(
                    after, "`" + name.text() + "` has no members", "fields are plain texts, numbers and booleans");
        }
        return found;
    }

    private Expression field(Token name, String variable, FactType owner) throws Refusal {
        Property property = owner.properties().get(name.text());
        if (property == null) {
            throw cursor.refuse(
                    name,
                    owner.name() + " has no field `" + name.text() + "`",
                    FactModel.suggest(name.text(), owner.properties().keySet()));
        }
        scope.read(property.attribute());
        return new Expression.FieldOf(variable, name.text(), property.type());
    }

    private Expression call(Token name, String variable, FactType owner) throws Refusal {
        Function function = owner.functions().get(name.text());
        if (function == null) {
            throw cursor.refuse(
                    name,
                    "`" + name.text() + "` is not a function that conditions may call on " + owner.name(),
                    FactModel.suggest(name.text(), owner.functions().keySet()));
        }
        cursor.expect("(", "");
        List<Expression> arguments = new ArrayList<>();
        List<ValueType> types = new ArrayList<>();
        while (!cursor.peek().is(")")) {
            if (!arguments.isEmpty()) {
                cursor.expect(",", "arguments are separated by commas");
            }
            Expression argument = operand();
            if (argument instanceof Expression.Call) {
                throw cursor.refuse(name, "calls do not nest", "pass a field or a constant");
            }
            arguments.add(argument);
            types.add(argument.type());
        }
        cursor.expect(")", "");
        if (!types.equals(function.parameters())) {
            throw cursor.refuse(
                    name,
                    "`" + name.text() + "` takes " + shown(function.parameters()) + ", found " + shown(types),
                    "");
        }
        if (arguments.size() > 1 && arguments.get(0) instanceof Expression.Literal) {
            throw cursor.refuse(
                    name, "the first argument of `" + name.text() + "` is a constant", "pass a field first");
        }
        checkConstants(name, arguments);
        scope.read(function.attribute());
        return new Expression.Call(variable, name.text(), List.copyOf(arguments), function.type());
    }

    /** Patterns and networks must be constants: they are checked now, and a caller must not choose them. */
    private void checkConstants(Token name, List<Expression> arguments) throws Refusal {
        boolean regex = name.text().equals("regex");
        if (!regex && !name.text().equals("inNetwork")) {
            return;
        }
        if (!(arguments.get(1) instanceof Expression.Literal literal)) {
            throw cursor.refuse(name, "the second argument of `" + name.text() + "` must be a constant", "");
        }
        if (!regex && !literal.value().matches("[0-9a-fA-F.:]{2,45}/[0-9]{1,3}")) {
            throw cursor.refuse(name, "`" + literal.value() + "` is not a network", "write CIDR: `10.0.0.0/8`");
        }
        if (regex) {
            try {
                com.google.re2j.Pattern.compile(literal.value());
            } catch (PatternSyntaxException e) {
                throw cursor.refuse(name, "`" + literal.value() + "` is not an RE2 pattern: " + e.getDescription(), "");
            }
        }
    }

    private static String shown(List<ValueType> types) {
        return "(" + String.join(", ", types.stream().map(ValueType::shown).toList()) + ")";
    }

    private Expression requireBoolean(Token place, Expression expression) throws Refusal {
        if (expression.type() != ValueType.BOOLEAN || expression instanceof Expression.Literal) {
            throw cursor.refuse(
                    place, "expected a condition, found a " + expression.type().shown(), "compare it with something");
        }
        return expression;
    }
}
