package dev.chaperone.rules;

import dev.chaperone.rules.FactModel.FactType;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Names that a rule has bound so far, and what it has read. */
final class Scope {
    private final Map<String, FactType> facts = new HashMap<>();
    private final Map<String, ValueType> values = new HashMap<>();
    private final Set<String> reads = new TreeSet<>();

    Map<String, FactType> facts() {
        return facts;
    }

    Map<String, ValueType> values() {
        return values;
    }

    boolean isBound(String variable) {
        return facts.containsKey(variable) || values.containsKey(variable);
    }

    /** Takes down that an attribute is read; the empty name of a pure function is none. */
    void read(String attribute) {
        if (!attribute.isEmpty()) {
            reads.add(attribute);
        }
    }

    Set<String> reads() {
        return reads;
    }
}
