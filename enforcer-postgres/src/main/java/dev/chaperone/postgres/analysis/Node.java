package dev.chaperone.postgres.analysis;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A part of PostgreSQL's {@code nodeToString} output. */
sealed interface Node {

    /** A scalar, unescaped. The absent value is {@link #NULL}. */
    record Token(String text) implements Node {}

    /** A list; integers, OIDs and bitmaps hold tokens, their marker ({@code i}, {@code o}, {@code x}, {@code b}) is left out. */
    record Items(List<Node> items) implements Node {}

    /** What the server prints for a null pointer. */
    Token NULL = new Token("<>");

    /** A node with its fields in the order they were printed. */
    final class Struct implements Node {
        private final String type;
        private final String[] names;
        private final Node[] values;

        Struct(String type, String[] names, Node[] values) {
            this.type = type;
            this.names = names;
            this.values = values;
        }

        /** The node's type in capitals, as printed. */
        String type() {
            return type;
        }

        int size() {
            return values.length;
        }

        String name(int index) {
            return names[index];
        }

        Node value(int index) {
            return values[index];
        }

        boolean is(String name) {
            return type.equals(name);
        }

        private @Nullable Node find(String name) {
            for (int i = 0; i < names.length; i++) {
                if (names[i].equals(name)) {
                    return values[i];
                }
            }
            return null;
        }

        boolean has(String name) {
            return find(name) != null;
        }

        /** The field, {@link Node#NULL} when it is not there. */
        Node field(String name) {
            Node found = find(name);
            return found == null ? NULL : found;
        }

        /** The field as a whole number; OIDs wrap into int. */
        int number(String name) {
            if (!(find(name) instanceof Token token)) {
                throw new UnanalysableException("query tree has no number `" + name + "` in `" + type + "`");
            }
            return Node.number(token);
        }

        boolean flag(String name) {
            return find(name) instanceof Token token && token.text.equals("true");
        }

        String text(String name) {
            return find(name) instanceof Token token && !token.equals(NULL) ? token.text : "";
        }

        /** The field as a list; empty when it is null or absent. */
        List<Node> list(String name) {
            Node found = find(name);
            if (found == null || found.equals(NULL)) {
                return List.of();
            }
            if (found instanceof Items items) {
                return items.items;
            }
            throw new UnanalysableException("query tree has no list `" + name + "` in `" + type + "`");
        }

        @Override
        public String toString() {
            return type;
        }
    }

    static int number(Node node) {
        if (node instanceof Token token) {
            try {
                long value = Long.parseLong(token.text);
                if (value >= Integer.MIN_VALUE && value <= 0xFFFF_FFFFL) {
                    return (int) value;
                }
            } catch (NumberFormatException e) {
                throw new UnanalysableException("query tree has something other than a number where one belongs");
            }
        }
        throw new UnanalysableException("query tree has something other than a number where one belongs");
    }

    static Struct struct(Node node) {
        if (node instanceof Struct struct) {
            return struct;
        }
        throw new UnanalysableException("query tree has something other than a node where one belongs");
    }
}
