package dev.chaperone.postgres.masking;

import static dev.chaperone.postgres.masking.Sql.AND;
import static dev.chaperone.postgres.masking.Sql.call;
import static dev.chaperone.postgres.masking.Sql.operator;
import static dev.chaperone.postgres.masking.Sql.when;

import dev.chaperone.enforcer.MaskingFunctions;
import java.time.Year;
import java.time.ZoneOffset;

/** Dates, times and spans of them as the years that they are in. */
final class SqlYear {

    private static final String DATE_TEXT = "^[0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])"
            + "|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|[12][0-9]))([T ][0-9:.,+Z-]{1,40})?$";
    private static final String UTC = "'UTC'";

    private final String floor = Integer.toString(Year.now(ZoneOffset.UTC).getValue() - MaskingFunctions.oldestAge());

    String ofDate(String column) {
        return when(within(column, "date", "10000"), firstDay(column, 0));
    }

    String ofTimestamp(String column) {
        return when(within(column, "timestamp", "10000"), firstInstant(column, 0));
    }

    String ofZoned(String column) {
        String utc = call("timezone", UTC, column);
        return when(within(utc, "timestamp", "10000"), call("timezone", UTC, firstInstant(utc, 0)));
    }

    /** Of a text without blanks around it. */
    String ofText(String trimmed, SqlType type) {
        String number = "GREATEST(" + call("\"left\"", trimmed, "4") + "::pg_catalog.int4, " + floor + ")";
        return when(
                Sql.matches(trimmed, DATE_TEXT),
                type.cast(call("lpad", "(" + number + ")::pg_catalog.text", "4", "'0'")));
    }

    String ofDates(String range, SqlType type) {
        String lower = call("lower", range);
        String last = "(" + call("upper", range) + operator("-") + "1)";
        return range(range, "date", lower, last, firstDay(lower, 0), firstDay(last, 1), type);
    }

    String ofTimestamps(String range, SqlType type) {
        String lower = call("lower", range);
        String last = last(range, call("upper", range));
        return range(range, "timestamp", lower, last, firstInstant(lower, 0), firstInstant(last, 1), type);
    }

    String ofZonedTimes(String range, SqlType type) {
        String lower = call("timezone", UTC, call("lower", range));
        String last = last(range, call("timezone", UTC, call("upper", range)));
        return range(
                range,
                "timestamp",
                lower,
                last,
                call("timezone", UTC, firstInstant(lower, 0)),
                call("timezone", UTC, firstInstant(last, 1)),
                type);
    }

    private static String last(String range, String upper) {
        String before = upper + operator("-") + "'1 microsecond'::pg_catalog.interval";
        return "(" + when(call("upper_inc", range), upper, before) + ")";
    }

    /** Bounds that are infinite values, or too early or too late, make the whole null. */
    private static String range(
            String range, String bound, String lower, String last, String first, String end, SqlType type) {
        String open = call("lower_inf", range) + " OR " + within(lower, bound, "10000");
        String closed = call("upper_inf", range) + " OR " + within(last, bound, "9999");
        String made = call(
                type.rangeFunction().substring("pg_catalog.".length()),
                when("NOT " + call("lower_inf", range), first),
                when("NOT " + call("upper_inf", range), end));
        return when("(" + open + ")" + AND + "(" + closed + ")", made);
    }

    private static String within(String value, String type, String before) {
        return value + operator(">=") + "'0001-01-01'::pg_catalog." + type + AND + value + operator("<") + "'" + before
                + "-01-01'::pg_catalog." + type;
    }

    private String yearOf(String value, int later) {
        String year = "GREATEST(EXTRACT(year FROM " + value + ")::pg_catalog.int4, " + floor + ")";
        return later == 0 ? year : year + operator("+") + later;
    }

    private String firstDay(String value, int later) {
        return call("make_date", yearOf(value, later), "1", "1");
    }

    private String firstInstant(String value, int later) {
        return call("make_timestamp", yearOf(value, later), "1", "1", "0", "0", "0");
    }
}
