package dev.chaperone.enforcer;

import java.math.BigDecimal;
import java.time.Clock;
import java.time.DateTimeException;
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
    private static final String SEPARATORS = " -./()+,:_@#";
    private static final Pattern ISO_DATE = Pattern.compile("(\\d{4}-\\d{2}-\\d{2})(?:[T ][0-9:.,+\\-Z]{1,40})?");
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
            meaningful += Character.isLetterOrDigit(point) ? 1 : 0;
        }
        int hidden = meaningful >= 2 * SHOWN ? meaningful - SHOWN : meaningful;
        StringBuilder out = new StringBuilder(points.length);
        for (int point : points) {
            if (Character.isLetterOrDigit(point)) {
                out.appendCodePoint(hidden-- > 0 ? '*' : point);
            } else {
                out.append(SEPARATORS.indexOf(point) >= 0 ? (char) point : '*');
            }
        }
        return new Value.Text(out.toString());
    }

    static Value year(Value original, Clock clock) {
        if (original instanceof Value.Date date) {
            return new Value.Date(LocalDate.of(clamp(date.value().getYear(), clock), 1, 1));
        }
        if (original instanceof Value.Timestamp timestamp) {
            return new Value.Timestamp(LocalDate.of(clamp(timestamp.value().getYear(), clock), 1, 1)
                    .atStartOfDay());
        }
        if (original instanceof Value.Text text && text.value().length() <= MAX_TEXT) {
            return yearOf(text.value().strip(), clock);
        }
        return Value.NULL;
    }

    private static Value yearOf(String text, Clock clock) {
        Matcher matcher = ISO_DATE.matcher(text);
        if (!matcher.matches()) {
            return Value.NULL;
        }
        try {
            int year = clamp(LocalDate.parse(matcher.group(1)).getYear(), clock);
            return new Value.Text(String.format("%04d", year));
        } catch (DateTimeException e) {
            return Value.NULL;
        }
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
        if (original instanceof Value.Text text && AGE.matcher(text.value()).matches()) {
            return Short.parseShort(text.value()) >= OLDEST_AGE ? new Value.Text("90+") : text;
        }
        return Value.NULL;
    }

    static Value zip3(Value original) {
        if (original instanceof Value.Text text) {
            Matcher matcher = ZIP.matcher(text.value().strip());
            return matcher.matches() ? new Value.Text(area(matcher.group(1))) : Value.NULL;
        }
        if (original instanceof Value.Integer integer && integer.value() >= 0 && integer.value() <= 99_999) {
            return new Value.Integer(Long.parseLong(area(String.format("%03d", integer.value() / 100))));
        }
        return Value.NULL;
    }

    private static String area(String prefix) {
        return SMALL_AREAS.contains(prefix) ? "000" : prefix;
    }
}
