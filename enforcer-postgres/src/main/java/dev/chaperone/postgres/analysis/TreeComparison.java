package dev.chaperone.postgres.analysis;

import java.util.Set;

/** Says whether two trees mean the same, wherever their statements' parts stand in their texts. */
final class TreeComparison {

    private static final Set<String> POSITIONS = Set.of("stmt_len", "list_start", "list_end", "queryId");

    private TreeComparison() {}

    static boolean same(Node one, Node other) {
        if (one instanceof Node.Items list) {
            return other instanceof Node.Items others && same(list, others);
        }
        if (one instanceof Node.Struct struct) {
            return other instanceof Node.Struct another && same(struct, another);
        }
        return one.equals(other);
    }

    private static boolean same(Node.Items list, Node.Items others) {
        if (list.items().size() != others.items().size()) {
            return false;
        }
        for (int i = 0; i < list.items().size(); i++) {
            if (!same(list.items().get(i), others.items().get(i))) {
                return false;
            }
        }
        return true;
    }

    private static boolean same(Node.Struct struct, Node.Struct other) {
        if (!struct.is(other.type()) || struct.size() != other.size()) {
            return false;
        }
        for (int i = 0; i < struct.size(); i++) {
            String name = struct.name(i);
            if (!name.equals(other.name(i))) {
                return false;
            }
            if (!isPosition(name) && !same(struct.value(i), other.value(i))) {
                return false;
            }
        }
        return true;
    }

    static boolean isPosition(String name) {
        return name.endsWith("location") || POSITIONS.contains(name);
    }
}
