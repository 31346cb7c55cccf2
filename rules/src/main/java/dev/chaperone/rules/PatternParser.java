package dev.chaperone.rules;

import dev.chaperone.rules.FactModel.FactType;
import dev.chaperone.rules.FactModel.Property;
import dev.chaperone.rules.Pattern.Quantifier;
import dev.chaperone.rules.PolicyLexer.Refusal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Reads one pattern of a rule.
 *
 * <pre>{@code
 * pattern    = [ "not" | "exists" ] [ $name ":" ] Fact "(" [ constraint { "," constraint } ] ")"
 * constraint = [ $name ":" field ] | condition
 * }</pre>
 */
final class PatternParser {
    private static final Map<String, String> ELEMENTS = Map.ofEntries(
            Map.entry("eval", "conditions read fields of facts and nothing else"),
            Map.entry("accumulate", "write a condition on one fact"),
            Map.entry("acc", "write a condition on one fact"),
            Map.entry("groupby", "write a condition on one fact"),
            Map.entry("collect", "write a condition on one fact"),
            Map.entry("forall", "write `not Fact(…)` with the opposite condition"),
            Map.entry("or", "write two rules"),
            Map.entry("if", "write two rules"),
            Map.entry("do", "write two rules"));

    private final TokenCursor cursor;
    private final Scope scope;

    PatternParser(TokenCursor cursor, Scope scope) {
        this.cursor = cursor;
        this.scope = scope;
    }

    Pattern pattern() throws Refusal {
        Quantifier quantifier = quantifier();
        String variable = "";
        if (cursor.peek().kind() == Token.Kind.VARIABLE) {
            variable = bind(quantifier);
        }
        Token name = cursor.peek();
        checkElement(name);
        cursor.expect(Token.Kind.WORD, "a fact", "conditions are patterns such as `Field( phiClass == \"G\" )`");
        FactType fact = FactModel.find(name.text()).orElse(null);
        if (fact == null) {
            throw cursor.refuse(
                    name, "there is no fact `" + name.text() + "`", FactModel.suggest(name.text(), FactModel.names()));
        }
        List<Pattern.Binding> bindings = new ArrayList<>();
        List<Expression> constraints = new ArrayList<>();
        cursor.expect("(", "write `" + fact.name() + "( … )`");
        while (!cursor.peek().is(")")) {
            if (!bindings.isEmpty() || !constraints.isEmpty()) {
                cursor.expect(",", "conditions of a pattern are separated by `,`, `&&` or `||`");
            }
            constraint(quantifier, fact, bindings, constraints);
        }
        cursor.next();
        checkSource();
        if (!variable.isEmpty()) {
            scope.facts().put(variable, fact);
        }
        return new Pattern(quantifier, variable, fact.name(), bindings, constraints);
    }

    private Quantifier quantifier() {
        if (cursor.accept("not")) {
            return Quantifier.NOT;
        }
        return cursor.accept("exists") ? Quantifier.EXISTS : Quantifier.EACH;
    }

    private void constraint(
            Quantifier quantifier, FactType fact, List<Pattern.Binding> bindings, List<Expression> constraints)
            throws Refusal {
        if (cursor.peek().kind() == Token.Kind.VARIABLE && cursor.peek(1).is(":")) {
            Token place = cursor.peek();
            String variable = bind(quantifier);
            Token field = cursor.peek();
            Property property = fact.properties().get(field.text());
            if (property == null) {
                throw cursor.refuse(
                        field,
                        fact.name() + " has no field " + field.shown(),
                        FactModel.suggest(field.text(), fact.properties().keySet()));
            }
            if (!cursor.peek(1).is(",") && !cursor.peek(1).is(")")) {
                throw cursor.refuse(place, "a bound field stands alone", "write `$x : field, field == …`");
            }
            cursor.next();
            scope.read(property.attribute());
            scope.values().put(variable, property.type());
            bindings.add(new Pattern.Binding(variable, field.text()));
            return;
        }
        flatten(new ExpressionParser(cursor, scope, fact).condition(), constraints);
    }

    /** Conditions joined by "and" become separate ones, which the engine shares between rules. */
    private static void flatten(Expression condition, List<Expression> constraints) {
        if (condition instanceof Expression.Operation operation
                && operation.operator().equals("&&")) {
            flatten(operation.left(), constraints);
            flatten(operation.right(), constraints);
        } else {
            constraints.add(condition);
        }
    }

    private String bind(Quantifier quantifier) throws Refusal {
        Token variable = cursor.next();
        cursor.expect(":", "bind a name with `" + variable.text() + " : …`");
        if (quantifier != Quantifier.EACH) {
            throw cursor.refuse(
                    variable, "nothing is bound by `not` or `exists`", "leave `" + variable.text() + "` out");
        }
        if (scope.isBound(variable.text())) {
            throw cursor.refuse(variable, "`" + variable.text() + "` is bound twice", "choose another name");
        }
        return variable.text();
    }

    private void checkElement(Token name) throws Refusal {
        String hint = name.kind() == Token.Kind.WORD ? ELEMENTS.get(name.text()) : null;
        if (hint != null) {
            throw cursor.refuse(name, "`" + name.text() + "` is not allowed", hint);
        }
        if (name.is("(") || name.is("?") || name.is("/")) {
            throw cursor.refuse(
                    name, name.shown() + " is not allowed here", "write patterns one a line; all must match");
        }
    }

    private void checkSource() throws Refusal {
        Token after = cursor.peek();
        if (after.is("from") || after.is("over") || after.is("entry") || after.is("or")) {
            throw cursor.refuse(
                    after,
                    "`" + after.text() + "` is not allowed",
                    "patterns match the facts of the request; all must match");
        }
    }
}
