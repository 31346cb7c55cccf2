package dev.chaperone.rules;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Writes checked rules as DRL for the engine. Nothing of the author's text is copied but names of bound variables
 * (letters and digits) and texts in conditions, which are escaped; consequences are numbers.
 *
 * <p>Equality with a constant text comes first in each pattern, whatever the author's order: the engine then finds the
 * patterns that can match by hash, so that evaluation stays flat as rules are added.
 */
final class DrlPrinter {
    static final String PACKAGE = "chaperone.policy";

    private final StringBuilder out = new StringBuilder();
    private int conclusions;

    private DrlPrinter() {}

    /** All rules as one file. Conclusions are numbered in order, from 0; rule {@code n} is named {@code rn}. */
    static String print(List<Rule> rules) {
        DrlPrinter printer = new DrlPrinter();
        printer.out.append("package ").append(PACKAGE).append(";\n");
        for (Class<?> type : FactModel.TYPES) {
            printer.out.append("import ").append(type.getName()).append(";\n");
        }
        printer.out.append("global dev.chaperone.rules.fact.Verdict verdict;\n");
        for (int number = 0; number < rules.size(); number++) {
            printer.rule(number, rules.get(number));
        }
        return printer.out.toString();
    }

    private void rule(int number, Rule rule) {
        out.append("rule \"r").append(number).append("\"\nwhen\n");
        rule.patterns().forEach(this::pattern);
        out.append("then\n");
        for (Conclusion conclusion : rule.conclusions()) {
            out.append("verdict.conclude(").append(conclusions++);
            out.append(conclusion.variable().isEmpty() ? "" : ", " + conclusion.variable());
            out.append(");\n");
        }
        out.append("end\n");
    }

    private void pattern(Pattern pattern) {
        if (pattern.quantifier() != Pattern.Quantifier.EACH) {
            out.append(pattern.quantifier() == Pattern.Quantifier.NOT ? "not " : "exists ");
        }
        if (!pattern.variable().isEmpty()) {
            out.append(pattern.variable()).append(" : ");
        }
        List<String> parts = new ArrayList<>();
        pattern.constraints().stream()
                .sorted(Comparator.comparing(DrlPrinter::isIndexed).reversed())
                .map(DrlPrinter::constraint)
                .forEach(parts::add);
        pattern.bindings().forEach(binding -> parts.add(binding.variable() + " : " + binding.field()));
        out.append(pattern.fact()).append("( ").append(String.join(", ", parts)).append(" )\n");
    }

    private static boolean isIndexed(Expression constraint) {
        return constraint instanceof Expression.Operation operation
                && operation.operator().equals("==")
                && operation.left() instanceof Expression.FieldOf field
                && field.variable().isEmpty()
                && field.type() == ValueType.TEXT
                && operation.right() instanceof Expression.Literal;
    }

    /**
     * A condition. A value that is true or false by itself is compared, for the engine indexes comparisons and takes a bare
     * call after "or" for an operator.
     */
    private static String constraint(Expression expression) {
        if (isValue(expression)) {
            return text(expression) + " == true";
        }
        if (expression instanceof Expression.Negation negation) {
            return isValue(negation.operand())
                    ? text(negation.operand()) + " == false"
                    : "!(" + constraint(negation.operand()) + ")";
        }
        return text(expression);
    }

    private static boolean isValue(Expression expression) {
        return expression instanceof Expression.FieldOf
                || expression instanceof Expression.Bound
                || expression instanceof Expression.Call;
    }

    private static String text(Expression expression) {
        if (expression instanceof Expression.Literal literal) {
            return literal(literal);
        }
        if (expression instanceof Expression.FieldOf field) {
            return prefix(field.variable()) + field.field();
        }
        if (expression instanceof Expression.Bound bound) {
            return bound.variable();
        }
        if (expression instanceof Expression.Call call) {
            String arguments = call.arguments().stream().map(DrlPrinter::text).collect(Collectors.joining(", "));
            return prefix(call.variable()) + call.function() + "(" + arguments + ")";
        }
        if (expression instanceof Expression.Operation operation) {
            if (!isConnective(operation)) {
                return text(operation.left()) + " " + operation.operator() + " " + text(operation.right());
            }
            List<String> operands = new ArrayList<>();
            chain(operation.operator(), operation, operands);
            return String.join(" " + operation.operator() + " ", operands);
        }
        Expression.Membership membership = (Expression.Membership) expression;
        String candidates =
                membership.candidates().stream().map(DrlPrinter::literal).collect(Collectors.joining(", "));
        return text(membership.operand()) + (membership.negated() ? " not in (" : " in (") + candidates + ")";
    }

    /**
     * Writes {@code a || b || c} as one chain of operands. The tree leans to the left, and the engine's parser takes time
     * exponential in how deep parentheses nest.
     */
    private static void chain(String operator, Expression expression, List<String> operands) {
        if (expression instanceof Expression.Operation operation
                && operation.operator().equals(operator)) {
            chain(operator, operation.left(), operands);
            chain(operator, operation.right(), operands);
            return;
        }
        boolean connective = expression instanceof Expression.Operation inner && isConnective(inner);
        operands.add(connective ? "(" + constraint(expression) + ")" : constraint(expression));
    }

    private static boolean isConnective(Expression.Operation operation) {
        return operation.operator().equals("&&") || operation.operator().equals("||");
    }

    private static String prefix(String variable) {
        return variable.isEmpty() ? "" : variable + ".";
    }

    private static String literal(Expression.Literal literal) {
        if (literal.type() != ValueType.TEXT) {
            return literal.type() == ValueType.NUMBER && literal.value().length() > 9
                    ? literal.value() + "L"
                    : literal.value();
        }
        StringBuilder escaped = new StringBuilder("\"");
        for (char c : literal.value().toCharArray()) {
            if (c == '"' || c == '\\') {
                escaped.append('\\').append(c);
            } else if (c < ' ' || c > '~') {
                escaped.append(String.format("\\u%04x", (int) c));
            } else {
                escaped.append(c);
            }
        }
        return escaped.append('"').toString();
    }
}
