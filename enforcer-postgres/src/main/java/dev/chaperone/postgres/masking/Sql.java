package dev.chaperone.postgres.masking;

import java.util.HexFormat;

/** Pieces of SQL that name what they use with its schema. */
final class Sql {

    static final String AND = " AND ";

    private Sql() {}

    static String operator(String name) {
        return " OPERATOR(pg_catalog." + name + ") ";
    }

    static String call(String function, String... arguments) {
        return "pg_catalog." + function + "(" + String.join(", ", arguments) + ")";
    }

    static String when(String condition, String then) {
        return "CASE WHEN " + condition + " THEN " + then + " END";
    }

    static String when(String condition, String then, String otherwise) {
        return "CASE WHEN " + condition + " THEN " + then + " ELSE " + otherwise + " END";
    }

    static String matches(String value, String pattern) {
        return value + operator("~") + "'" + pattern + "'";
    }

    static String literal(String text) {
        return "'" + text.replace("'", "''") + "'";
    }

    static String bytes(byte[] value) {
        return "'\\x" + HexFormat.of().formatHex(value) + "'::pg_catalog.bytea";
    }

    static String hex(String bytes) {
        return call("encode", bytes, "'hex'");
    }

    static String part(String bytes, int first, int count) {
        return call("substr", bytes, Integer.toString(first), Integer.toString(count));
    }
}
