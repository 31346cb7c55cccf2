package dev.chaperone.postgres.masking;

import static dev.chaperone.postgres.masking.Sql.AND;
import static dev.chaperone.postgres.masking.Sql.call;
import static dev.chaperone.postgres.masking.Sql.literal;
import static dev.chaperone.postgres.masking.Sql.matches;
import static dev.chaperone.postgres.masking.Sql.operator;
import static dev.chaperone.postgres.masking.Sql.when;

import dev.chaperone.decision.v1.Mask;
import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.enforcer.MaskingFunction;
import dev.chaperone.enforcer.MaskingFunctions;
import dev.chaperone.enforcer.Pseudonym;
import dev.chaperone.enforcer.Replacement;
import dev.chaperone.enforcer.Value;
import dev.chaperone.postgres.masking.SqlType.Kind;
import dev.chaperone.proto.ErrorCode;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The masking functions as SQL: an expression over a column that has the column's own type, and the same outcome as the
 * function has on the wire. Built-in functions and operators only, all of them named with their schema, so that no search path
 * can put others in their place. Where a type has no valid outcome the expression is null.
 *
 * <p>Arrays are masked element by element where they have one dimension that is counted from 1; others become null.
 */
public final class SqlMask {

    private static final String SEPARATORS = "- ./()+,:_@#";
    private static final String MEANINGFUL = "0-9A-Za-z";
    private static final String ARRAY = "[]";

    /** Types without an outcome whose arrays keep their length. */
    private static final Set<String> MASKED_BY_ELEMENT = Set.of("boolean", "bytea");

    private final MaskingFunction function;
    private final String column;
    private final SqlType type;
    private final Kind kind;

    private SqlMask(MaskingFunction function, String column, SqlType type) {
        this.function = function;
        this.column = column;
        this.type = type;
        this.kind = type.kind();
    }

    /**
     * The expression that masks a column.
     *
     * @param mask what the policy asks for
     * @param function the function that it names
     * @param column the column as SQL names it, quoted where it must be
     * @param type the column's type as {@code format_type} spells it, of a domain the type that it is made of
     * @throws EnforcementException with OBLIGATION_UNFULFILLABLE when the function has no form in SQL
     */
    public static String expression(Mask mask, MaskingFunction function, String column, String type) {
        if (!type.endsWith(ARRAY)) {
            return new SqlMask(function, column, SqlType.of(type)).expression(mask.getFunction());
        }
        SqlType element = SqlType.of(type.substring(0, type.length() - ARRAY.length()));
        SqlMask each = new SqlMask(function, "masked.e", element);
        String expression = each.expression(mask.getFunction());
        boolean known = element.kind() != Kind.OTHER || MASKED_BY_ELEMENT.contains(element.name());
        if (!known || each.isAlwaysNull()) {
            return nothing(column);
        }
        String elements = "ARRAY(SELECT " + expression + " FROM " + call("unnest", column)
                + " WITH ORDINALITY AS masked(e, n) ORDER BY masked.n)";
        return "CASE WHEN " + call("cardinality", column) + operator("=") + "0 THEN " + column + " WHEN "
                + call("array_ndims", column) + operator("=") + "1" + AND + call("array_lower", column, "1")
                + operator("=") + "1 THEN " + elements + " END";
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

    /** Null of the column's own type, whatever that is. */
    private static String nothing(String column) {
        return "CASE WHEN false THEN " + column + " END";
    }

    private String nothing() {
        return nothing(column);
    }

    /** True when the words of a replacement have no form in the type, so that the whole array is null, as on the wire. */
    private boolean isAlwaysNull() {
        return function instanceof Replacement && words() == null;
    }

    private String replacement() {
        String words = words();
        return words == null ? nothing() : when(column + " IS NOT NULL", type.cast(literal(words)));
    }

    private @Nullable String words() {
        String words = function instanceof Replacement replacement ? replacement.text() : null;
        if (words == null) {
            return null;
        }
        return switch (kind) {
            case TEXT -> {
                int length = Math.min(type.room(), words.codePointCount(0, words.length()));
                yield words.substring(0, words.offsetByCodePoints(0, length));
            }
            case JSON -> new JsonType(false).format(new Value.Text(words));
            case XML -> new XmlType().format(new Value.Text(words));
            default -> null;
        };
    }

    private String pseudonym() {
        if (!(function instanceof Pseudonym pseudonym)) {
            throw new IllegalArgumentException("`pseudonym` is carried out by something else");
        }
        SqlPseudonym sql = new SqlPseudonym(pseudonym, type);
        return switch (kind) {
            case TEXT -> type.room() < Pseudonym.SHORTEST ? nothing() : when(isShort(), sql.ofText(text()));
            case INTEGER -> sql.ofInteger(column);
            case UUID -> sql.ofUuid(column);
            case ADDRESS -> sql.ofAddress(column);
            case HARDWARE -> sql.ofHardware(column);
            default -> nothing();
        };
    }

    private String year() {
        SqlYear year = new SqlYear();
        return switch (kind) {
            case DATE -> year.ofDate(column);
            case TIMESTAMP -> year.ofTimestamp(column);
            case ZONED -> year.ofZoned(column);
            case TEXT -> when(isShort(), year.ofText(trimmed(), type));
            case DATES -> range(year.ofDates(covering(), type));
            case TIMESTAMPS -> range(year.ofTimestamps(covering(), type));
            case ZONED_TIMES -> range(year.ofZonedTimes(covering(), type));
            case INTEGERS -> range(everything());
            default -> nothing();
        };
    }

    /** The one range that there is, or that covers what there is. */
    private String covering() {
        return type.isMultirange() ? call("range_merge", column) : column;
    }

    /** Of a range that has no bounds there is nothing to mask, whatever the function; of any other no outcome. */
    private String everything() {
        return when(
                call("lower_inf", covering()) + AND + call("upper_inf", covering()),
                type.rangeFunction() + "(NULL, NULL)");
    }

    /** What is empty stays; of what is not, that range. */
    private String range(String masked) {
        String made = type.isMultirange() ? call(type.name(), masked) : masked;
        return when(call("isempty", column), column, when("(" + masked + ") IS NOT NULL", made));
    }

    private String age() {
        int oldest = MaskingFunctions.oldestAge();
        return switch (kind) {
            case INTEGER, DECIMAL -> {
                String number = type.name().equals("oid") ? "(" + column + ")::pg_catalog.int8" : column;
                String over = number + operator(">") + (oldest - 1);
                String finite = kind == Kind.DECIMAL ? AND + column + operator("<") + type.cast("'Infinity'") : "";
                String under = number + operator(">=") + "0" + AND + number + operator("<=") + (oldest - 1);
                yield "CASE WHEN " + over + finite + " THEN " + type.cast(Integer.toString(oldest)) + " WHEN " + under
                        + " THEN " + column + " END";
            }
            case INTERVAL -> {
                String years = call("floor", "EXTRACT(epoch FROM " + column + ")" + operator("/") + "31557600");
                String least = "LEAST(" + years + ", " + oldest + ")::pg_catalog.int4";
                yield when(years + operator(">=") + "0", call("make_interval", least));
            }
            case INTEGERS -> range(ages(covering(), oldest));
            case DATES, TIMESTAMPS, ZONED_TIMES -> range(everything());
            case TEXT -> {
                String over = type.room() < 3 ? nothing() : type.cast("'" + oldest + "+'");
                String old = text() + "::pg_catalog.int4" + operator(">=") + oldest;
                yield when(matches(text(), "^[0-9]{1,3}$"), when(old, over, column));
            }
            default -> nothing();
        };
    }

    private String ages(String range, int oldest) {
        String lower = call("lower", range);
        String upper = call("upper", range);
        String noLower = call("lower_inf", range);
        String noUpper = call("upper_inf", range);
        return when(
                "(" + noLower + " OR " + lower + operator(">=") + "0)" + AND + "(" + noUpper + " OR " + upper
                        + operator(">=") + "1)",
                type.rangeFunction() + "("
                        + when("NOT " + noLower, "LEAST(" + lower + ", " + oldest + ")") + ", "
                        + when("NOT " + noUpper, "LEAST(" + upper + ", " + (oldest + 1) + ")") + ")");
    }

    private String zip() {
        String sparse = "^(" + String.join("|", new TreeSet<>(MaskingFunctions.sparseAreas())) + ")";
        return switch (kind) {
            case TEXT -> {
                String area = call("\"left\"", trimmed(), "3");
                yield when(
                        isShort() + AND + matches(trimmed(), "^[0-9]{5}(-?[0-9]{4})?$"),
                        type.room() < 3
                                ? nothing()
                                : when(matches(trimmed(), sparse), type.cast("'000'"), type.cast(area)));
            }
            case INTEGER -> {
                String number = "(" + column + ")::pg_catalog.int8";
                String area = "(" + number + operator("/") + "100)";
                String digits = call("lpad", "(" + area + ")::pg_catalog.text", "3", "'0'");
                yield when(
                        number + operator(">=") + "0" + AND + number + operator("<=") + "99999",
                        when(matches(digits, sparse), type.cast("0"), type.cast(area)));
            }
            default -> nothing();
        };
    }

    private String last4() {
        if (kind != Kind.TEXT) {
            return nothing();
        }
        String meaningful = call("regexp_replace", text(), "'[^" + MEANINGFUL + "]'", "''", "'g'");
        String hidden = "[^" + MEANINGFUL + SEPARATORS.substring(1) + "-]";
        String four = "[" + MEANINGFUL + "](?=([^" + MEANINGFUL + "]*[" + MEANINGFUL + "]){4})";
        String masked = when(
                call("length", meaningful) + operator("<") + "8",
                type.cast(stars(hidden + "|[" + MEANINGFUL + "]")),
                type.cast(stars(hidden + "|" + four)));
        return when(isShort(), masked);
    }

    private String stars(String pattern) {
        return call("regexp_replace", text(), "'" + pattern + "'", "'*'", "'g'");
    }

    /** As on the wire, where no more than that is decoded. */
    private String isShort() {
        return call("octet_length", text()) + operator("<=") + CellMask.MAX_DECODED_BYTES;
    }

    private String text() {
        return "(" + column + ")::pg_catalog.text";
    }

    private String trimmed() {
        return call("btrim", text());
    }
}
