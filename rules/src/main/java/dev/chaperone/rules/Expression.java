package dev.chaperone.rules;

import java.util.List;

/** A condition, or a part of one, that has been checked against the facts. */
sealed interface Expression {
    /** Type of its value. */
    ValueType type();

    /** A constant. */
    record Literal(ValueType type, String value) implements Expression {}

    /** A field of the matched fact, or of the fact bound to {@code variable} when that is not empty. */
    record FieldOf(String variable, String field, ValueType type) implements Expression {}

    /** A field bound to a name. */
    record Bound(String variable, ValueType type) implements Expression {}

    /** A pure function of the matched fact, or of the fact bound to {@code variable} when that is not empty. */
    record Call(String variable, String function, List<Expression> arguments, ValueType type) implements Expression {}

    /** Two operands and an operator of {@code == != < <= > >= && ||}. */
    record Operation(Expression left, String operator, Expression right) implements Expression {
        @Override
        public ValueType type() {
            return ValueType.BOOLEAN;
        }
    }

    /** The opposite of a condition. */
    record Negation(Expression operand) implements Expression {
        @Override
        public ValueType type() {
            return ValueType.BOOLEAN;
        }
    }

    /** Whether a value is one of several constants, or none of them. */
    record Membership(Expression operand, boolean negated, List<Literal> candidates) implements Expression {
        @Override
        public ValueType type() {
            return ValueType.BOOLEAN;
        }
    }
}
