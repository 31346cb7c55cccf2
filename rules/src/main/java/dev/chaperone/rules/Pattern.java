package dev.chaperone.rules;

import java.util.List;

/**
 * One line of a rule's conditions: a kind of fact and what must hold of it.
 *
 * @param quantifier how many facts must match
 * @param variable name bound to the matched fact, empty when there is none
 * @param fact simple name of the fact's type
 * @param bindings names bound to fields
 * @param constraints what must hold, all of it
 */
record Pattern(
        Quantifier quantifier, String variable, String fact, List<Binding> bindings, List<Expression> constraints) {
    enum Quantifier {
        /** The rule fires once for each match. */
        EACH,
        /** The rule fires if nothing matches. */
        NOT,
        /** The rule fires if something matches. */
        EXISTS
    }

    /** A field bound to a name. */
    record Binding(String variable, String field) {}

    Pattern {
        bindings = List.copyOf(bindings);
        constraints = List.copyOf(constraints);
    }
}
