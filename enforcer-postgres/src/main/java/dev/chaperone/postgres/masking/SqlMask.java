package dev.chaperone.postgres.masking;

import dev.chaperone.decision.v1.Mask;
import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.enforcer.MaskingFunction;
import dev.chaperone.enforcer.MaskingFunctions;
import dev.chaperone.enforcer.Pseudonym;
import dev.chaperone.enforcer.Replacement;
import dev.chaperone.proto.ErrorCode;
import java.time.Year;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.TreeSet;

/**
 * The masking functions as SQL: an expression over a column that has the column's own type, and the same outcome as the
 * function has on the wire. Built-in functions and operators only, all of them named with their schema, so that no search path
 * can put others in their place. Where a type has no valid outcome the expression is null.
 */
public final class SqlMask {

    /** The block of SHA-256, to which RFC 2104 pads a key. */
    private static final int BLOCK = 64;

    private static final String SEPARATORS = "- ./()+,:_@#";
    private static final String DATE_TEXT =
            "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([T ][0-9:.,+Z-]{1,40})?$";
    private static final String AND = " AND ";

    /** Types that masks tell apart; the others have no valid outcome but null. */
    private enum Kind {
        TEXT,
        INTEGER,
        DECIMAL,
        DATE,
        TIMESTAMP,
        ZONED,
        UUID,
        OTHER
    }

    private final MaskingFunction function;
    private final String column;
    private final String type;
    private final Kind kind;
    /** Most characters of a text. */
    private final int room;

    private SqlMask(MaskingFunction function, String column, String type, String modifier) {
        this.function = function;
        this.column = column;
        this.type = type;
        this.kind = kind(type);
        this.room = kind == Kind.TEXT && !modifier.isEmpty() ? Integer.parseInt(modifier) : Integer.MAX_VALUE;
    }

    /**
     * The expression that masks a column.
     *
     * @param mask what the policy asks for
     * @param function the function that it names
     * @param column the column as SQL names it, quoted where it must be
     * @param type the column's type as {@code format_type} spells it
     * @throws EnforcementException with OBLIGATION_UNFULFILLABLE when the function has no form in SQL
     */
    public static String expression(Mask mask, MaskingFunction function, String column, String type) {
        int open = type.indexOf('(');
        int close = type.indexOf(')', open + 1);
        String bare = open < 0 ? type : type.substring(0, open) + type.substring(close + 1);
        SqlMask sql = new SqlMask(function, column, bare, open < 0 ? "" : type.substring(open + 1, close));
        return sql.expression(mask.getFunction());
    }

    private String expression(String name) {
        return switch (name) {
            case "redact", "null" -> replacement();
            case "pseudonym" -> pseudonym();
            case "year" -> year();
            case "age90" -> age();
            case "zip3" -> zip();
            case "last4" -> last4();
            default ->
                throw new EnforcementException(
                        ErrorCode.OBLIGATION_UNFULFILLABLE,
                        "the masking function `" + name + "` cannot be carried out by the database");
        };
    }

    private static Kind kind(String type) {
        return switch (type) {
            case "text", "character varying", "character" -> Kind.TEXT;
            case "smallint", "integer", "bigint" -> Kind.INTEGER;
            case "numeric" -> Kind.DECIMAL;
            case "date" -> Kind.DATE;
            case "timestamp without time zone" -> Kind.TIMESTAMP;
            case "timestamp with time zone" -> Kind.ZONED;
            case "uuid" -> Kind.UUID;
            default -> Kind.OTHER;
        };
    }

    /** Null of the column's own type, whatever that is. */
    private String nothing() {
        return "CASE WHEN false THEN " + column + " END";
    }

    private String replacement() {
        if (kind != Kind.TEXT || !(function instanceof Replacement words) || words.text() == null) {
            return nothing();
        }
        int length = words.text().codePointCount(0, words.text().length());
        String fitting = words.text().substring(0, words.text().offsetByCodePoints(0, Math.min(room, length)));
        return when(column + " IS NOT NULL", typed(literal(fitting)));
    }

    private String pseudonym() {
        if (!(function instanceof Pseudonym pseudonym)) {
            throw new IllegalArgumentException("`pseudonym` is carried out by something else");
        }
        return switch (kind) {
            case TEXT -> {
                String mac = mac(pseudonym, 't', "pg_catalog.convert_to(" + text() + ", 'UTF8')");
                String whole = "'p_'" + operator("||") + hex("pg_catalog.substr(" + mac + ", 1, 8)");
                yield room < Pseudonym.SHORTEST
                        ? nothing()
                        : typed(room < 18 ? "pg_catalog.\"left\"(" + whole + ", " + room + ")" : whole);
            }
            case INTEGER -> {
                String mac = mac(pseudonym, 'i', "pg_catalog.int8send((" + column + ")::pg_catalog.int8)");
                String number = "(('x'" + operator("||") + hex("pg_catalog.substr(" + mac + ", 1, 4)")
                        + ")::pg_catalog.bit(32)::pg_catalog.int4" + operator("&") + "2147483647)";
                String positive = when(column + " IS NOT NULL", "GREATEST(1, " + number + ")");
                yield type.equals("smallint")
                        ? when("(" + positive + ")" + operator("<=") + "32767", typed(positive))
                        : typed(positive);
            }
            case UUID -> {
                String mac = mac(pseudonym, 'u', "pg_catalog.uuid_send(" + column + ")");
                String versioned = setBits("pg_catalog.substr(" + mac + ", 1, 16)", mac, 6, 15);
                yield hex(setBits(versioned, mac, 8, 63)) + "::pg_catalog.uuid";
            }
            default -> nothing();
        };
    }

    private static String setBits(String bytes, String mac, int index, int kept) {
        return "pg_catalog.set_byte(" + bytes + ", " + index + ", (pg_catalog.get_byte(" + mac + ", " + index + ")"
                + operator("&") + kept + ")" + operator("|") + "128)";
    }

    /** HMAC-SHA-256 (RFC 2104) over the kind and the value, in the terms of PostgreSQL's own sha256. */
    private static String mac(Pseudonym pseudonym, char kind, String value) {
        byte[] inner = Arrays.copyOf(pseudonym.key(), BLOCK + 1);
        byte[] outer = Arrays.copyOf(inner, BLOCK);
        for (int i = 0; i < BLOCK; i++) {
            inner[i] ^= 0x36;
            outer[i] ^= 0x5c;
        }
        inner[BLOCK] = (byte) kind;
        return "pg_catalog.sha256(" + bytes(outer) + operator("||") + "pg_catalog.sha256(" + bytes(inner)
                + operator("||") + value + "))";
    }

    private String year() {
        String floor = Integer.toString(Year.now(ZoneOffset.UTC).getValue() - MaskingFunctions.oldestAge());
        return switch (kind) {
            case DATE -> when(within(column, "date"), "pg_catalog.make_date(" + yearOf(column, floor) + ", 1, 1)");
            case TIMESTAMP -> when(within(column, "timestamp"), startOfYear(column, floor));
            case ZONED -> {
                String utc = "pg_catalog.timezone('UTC', " + column + ")";
                yield when(within(utc, "timestamp"), "pg_catalog.timezone('UTC', " + startOfYear(utc, floor) + ")");
            }
            case TEXT -> {
                String trimmed = "pg_catalog.btrim(" + text() + ")";
                String number = "GREATEST(pg_catalog.\"left\"(" + trimmed + ", 4)::pg_catalog.int4, " + floor + ")";
                yield when(
                        matches(trimmed, DATE_TEXT),
                        typed("pg_catalog.lpad((" + number + ")::pg_catalog.text, 4, '0')"));
            }
            default -> nothing();
        };
    }

    private static String within(String value, String type) {
        return value + operator(">=") + "'0001-01-01'::pg_catalog." + type + AND + value + operator("<")
                + "'10000-01-01'::pg_catalog." + type;
    }

    private static String yearOf(String value, String floor) {
        return "GREATEST(EXTRACT(year FROM " + value + ")::pg_catalog.int4, " + floor + ")";
    }

    private static String startOfYear(String value, String floor) {
        return "pg_catalog.make_timestamp(" + yearOf(value, floor) + ", 1, 1, 0, 0, 0)";
    }

    private String age() {
        String oldest = Integer.toString(MaskingFunctions.oldestAge());
        return switch (kind) {
            case INTEGER, DECIMAL -> {
                String over = column + operator(">") + (MaskingFunctions.oldestAge() - 1);
                yield "CASE WHEN " + over + " THEN " + typed(oldest) + " WHEN " + column + operator(">=") + "0 THEN "
                        + column + " END";
            }
            case TEXT -> {
                String over = room < 3 ? nothing() : typed("'" + oldest + "+'");
                String old = text() + "::pg_catalog.int4" + operator(">=") + oldest;
                yield when(
                        matches(text(), "^[0-9]{1,3}$"),
                        "CASE WHEN " + old + " THEN " + over + " ELSE " + column + " END");
            }
            default -> nothing();
        };
    }

    private String zip() {
        String sparse = "^(" + String.join("|", new TreeSet<>(MaskingFunctions.sparseAreas())) + ")";
        return switch (kind) {
            case TEXT -> {
                String trimmed = "pg_catalog.btrim(" + text() + ")";
                String area = "pg_catalog.\"left\"(" + trimmed + ", 3)";
                yield when(
                        matches(trimmed, "^[0-9]{5}(-?[0-9]{4})?$"),
                        "CASE WHEN " + matches(trimmed, sparse) + " THEN " + typed("'000'") + " ELSE " + typed(area)
                                + " END");
            }
            case INTEGER -> {
                String area = "(" + column + operator("/") + "100)";
                String digits = "pg_catalog.lpad((" + area + ")::pg_catalog.text, 3, '0')";
                yield when(
                        column + operator(">=") + "0" + AND + column + operator("<=") + "99999",
                        "CASE WHEN " + matches(digits, sparse) + " THEN " + typed("0") + " ELSE " + typed(area)
                                + " END");
            }
            default -> nothing();
        };
    }

    private String last4() {
        if (kind != Kind.TEXT) {
            return nothing();
        }
        String meaningful = "[^" + SEPARATORS + "]";
        String few = "pg_catalog.length(pg_catalog.regexp_replace(" + text() + ", '[" + SEPARATORS + "]', '', 'g'))"
                + operator("<") + "8";
        String four = meaningful + "(?=([" + SEPARATORS + "]*" + meaningful + "){4})";
        return "CASE WHEN " + few + " THEN " + typed(stars(meaningful)) + " ELSE " + typed(stars(four)) + " END";
    }

    private String stars(String pattern) {
        return "pg_catalog.regexp_replace(" + text() + ", '" + pattern + "', '*', 'g')";
    }

    private String text() {
        return "(" + column + ")::pg_catalog.text";
    }

    /** The expression in the column's own type. */
    private String typed(String expression) {
        String name = switch (type) {
            case "character varying" -> "varchar";
            case "character" -> "bpchar";
            case "smallint" -> "int2";
            case "integer" -> "int4";
            case "bigint" -> "int8";
            default -> type;
        };
        return "(" + expression + ")::pg_catalog." + name;
    }

    private static String matches(String value, String pattern) {
        return value + operator("~") + "'" + pattern + "'";
    }

    private static String when(String condition, String then) {
        return "CASE WHEN " + condition + " THEN " + then + " END";
    }

    private static String hex(String bytes) {
        return "pg_catalog.encode(" + bytes + ", 'hex')";
    }

    private static String bytes(byte[] value) {
        return "'\\x" + HexFormat.of().formatHex(value) + "'::pg_catalog.bytea";
    }

    private static String operator(String name) {
        return " OPERATOR(pg_catalog." + name + ") ";
    }

    private static String literal(String text) {
        return "'" + text.replace("'", "''") + "'";
    }
}
