package dev.chaperone.enforcer;

import java.math.BigDecimal;
import java.time.Clock;
import java.time.LocalDate;
import java.time.Year;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The generalisations of 45 CFR 164.514(b)(2)(i), and partial display. What a text is not known to be becomes null. */
final class SafeHarbor {

    private static final int MAX_TEXT = 64 << 10;
    private static final int SHOWN = 4;
    static final int OLDEST_AGE = 90;
    private static final long DAY = 86_400;
    private static final long YEAR = 31_557_600;
    private static final String SEPARATORS = " -./()+,:_@#";
    /** Also carried out by data sources, so that it is no more exact than a pattern is: any year may have a 29 February. */
    private static final Pattern ISO_DATE =
            Pattern.compile("([0-9]{4})-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
                    + "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|[12][0-9]))(?:[T ][0-9:.,+\\-Z]{1,40})?");

    private static final Pattern AGE = Pattern.compile("[0-9]{1,3}");
    private static final Pattern ZIP = Pattern.compile("([0-9]{3})[0-9]{2}(?:-?[0-9]{4})?");

    /** Three-digit areas of 20,000 people or fewer, census of 2000, as HHS' guidance lists them. */
    static final Set<String> SMALL_AREAS = Set.of(
            "036", "059", "063", "102", "203", "556", "692", "790", "821", "823", "830", "831", "878", "879", "884",
            "890", "893");

    private SafeHarbor() {}

    static Value last4(Value original) {
        if (!(original instanceof Value.Text text) || text.value().length() > MAX_TEXT) {
            return Value.NULL;
        }
        int[] points = text.value().codePoints().toArray();
        int meaningful = 0;
        for (int point : points) {
            meaningful += isMeaningful(point) ? 1 : 0;
        }
        int hidden = meaningful >= 2 * SHOWN ? meaningful - SHOWN : meaningful;
        StringBuilder out = new StringBuilder(points.length);
        for (int point : points) {
            boolean shown = isMeaningful(point) ? hidden-- <= 0 : SEPARATORS.indexOf(point) >= 0;
            out.appendCodePoint(shown ? point : '*');
        }
        return new Value.Text(out.toString());
    }

    /** Of ASCII alone, so that a data source counts the same, whatever its locale. */
    private static boolean isMeaningful(int point) {
        return point >= '0' && point <= '9' || point >= 'A' && point <= 'Z' || point >= 'a' && point <= 'z';
    }

    static Value year(Value original, Clock clock) {
        if (original instanceof Value.Date date) {
            return new Value.Date(LocalDate.of(clamp(date.value().getYear(), clock), 1, 1));
        }
        if (original instanceof Value.Timestamp timestamp) {
            return new Value.Timestamp(LocalDate.of(clamp(timestamp.value().getYear(), clock), 1, 1)
                    .atStartOfDay());
        }
        if (original instanceof Value.Range range) {
            return years(range, clock);
        }
        if (original instanceof Value.Text text && text.value().length() <= MAX_TEXT) {
            return yearOf(trimmed(text.value()), clock);
        }
        return Value.NULL;
    }

    private static Value yearOf(String text, Clock clock) {
        Matcher matcher = ISO_DATE.matcher(text);
        return matcher.matches()
                ? new Value.Text(String.format("%04d", clamp(Integer.parseInt(matcher.group(1)), clock)))
                : Value.NULL;
    }

    /** The years that a span of days or of time has a part of. */
    private static Value years(Value.Range range, Clock clock) {
        if (range.empty()) {
            return range;
        }
        Value upper = range.upper();
        if (!range.upperIncluded() && upper instanceof Value.Date date) {
            upper = new Value.Date(date.value().minusDays(1));
        } else if (!range.upperIncluded() && upper instanceof Value.Timestamp timestamp) {
            upper = new Value.Timestamp(timestamp.value().minusNanos(1000));
        }
        Value first = boundary(range.lower(), 0, clock);
        Value last = boundary(upper, 1, clock);
        boolean understood = first instanceof Value.Null == range.lower() instanceof Value.Null
                && last instanceof Value.Null == range.upper() instanceof Value.Null;
        return understood ? Value.Range.of(first, last) : Value.NULL;
    }

    /** 1 January of the value's year, or of one that many years later. */
    private static Value boundary(Value value, int later, Clock clock) {
        if (value instanceof Value.Date date && date.value().getYear() > 0) {
            return new Value.Date(LocalDate.of(clamp(date.value().getYear(), clock) + later, 1, 1));
        }
        if (value instanceof Value.Timestamp timestamp && timestamp.value().getYear() > 0) {
            return new Value.Timestamp(LocalDate.of(clamp(timestamp.value().getYear(), clock) + later, 1, 1)
                    .atStartOfDay());
        }
        return Value.NULL;
    }

    /** Who was born 90 years ago or earlier is 90 this year: one category. */
    private static int clamp(int year, Clock clock) {
        return Math.max(year, Year.now(clock).getValue() - OLDEST_AGE);
    }

    static Value age90(Value original) {
        if (original instanceof Value.Integer integer) {
            if (integer.value() < 0) {
                return Value.NULL;
            }
            return integer.value() >= OLDEST_AGE ? new Value.Integer(OLDEST_AGE) : integer;
        }
        if (original instanceof Value.Decimal decimal) {
            if (decimal.value().signum() < 0) {
                return Value.NULL;
            }
            boolean old = decimal.value().compareTo(BigDecimal.valueOf(OLDEST_AGE - 1)) > 0;
            return old ? new Value.Decimal(BigDecimal.valueOf(OLDEST_AGE)) : decimal;
        }
        if (original instanceof Value.Interval interval) {
            long years = wholeYears(interval);
            return years < 0 ? Value.NULL : new Value.Interval(12 * (int) Math.min(years, OLDEST_AGE), 0, 0);
        }
        if (original instanceof Value.Range range) {
            return ages(range);
        }
        if (original instanceof Value.Text text && AGE.matcher(text.value()).matches()) {
            return Short.parseShort(text.value()) >= OLDEST_AGE ? new Value.Text("90+") : text;
        }
        return Value.NULL;
    }

    /** As SQL counts them: a year has 365.25 days, and what months do not make a year have 30. */
    private static long wholeYears(Value.Interval interval) {
        int months = interval.months();
        long seconds = months / 12 * YEAR + months % 12 * 30 * DAY + interval.days() * DAY;
        return Math.floorDiv(seconds + Math.floorDiv(interval.microseconds(), 1_000_000L), YEAR);
    }

    /** A range of whole numbers in its usual form: with its first one, without its last one. */
    private static Value ages(Value.Range range) {
        if (range.empty()) {
            return range;
        }
        boolean usual = range.lowerIncluded() != range.lower() instanceof Value.Null && !range.upperIncluded();
        Value lower = age(range.lower(), 0);
        Value upper = age(range.upper(), 1);
        boolean understood = lower instanceof Value.Null == range.lower() instanceof Value.Null
                && upper instanceof Value.Null == range.upper() instanceof Value.Null;
        return usual && understood ? Value.Range.of(lower, upper) : Value.NULL;
    }

    private static Value age(Value bound, int least) {
        return bound instanceof Value.Integer age && age.value() >= least
                ? new Value.Integer(Math.min(age.value(), OLDEST_AGE + least))
                : Value.NULL;
    }

    static Value zip3(Value original) {
        if (original instanceof Value.Text text) {
            Matcher matcher = ZIP.matcher(trimmed(text.value()));
            return matcher.matches() ? new Value.Text(area(matcher.group(1))) : Value.NULL;
        }
        if (original instanceof Value.Integer integer && integer.value() >= 0 && integer.value() <= 99_999) {
            return new Value.Integer(Long.parseLong(area(String.format("%03d", integer.value() / 100))));
        }
        return Value.NULL;
    }

    /** Without blanks around it: blanks alone, as a data source can do it too. */
    private static String trimmed(String text) {
        int start = 0;
        int end = text.length();
        while (start < end && text.charAt(start) == ' ') {
            start++;
        }
        while (end > start && text.charAt(end - 1) == ' ') {
            end--;
        }
        return text.substring(start, end);
    }

    private static String area(String prefix) {
        return SMALL_AREAS.contains(prefix) ? "000" : prefix;
    }
}
