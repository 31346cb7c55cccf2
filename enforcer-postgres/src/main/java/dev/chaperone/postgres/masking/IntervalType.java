package dev.chaperone.postgres.masking;

import dev.chaperone.enforcer.Value;
import io.netty.buffer.ByteBuf;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * interval. Binary: Int64 microseconds, Int32 days, Int32 months. Text: the style {@code postgres} only, which is the default;
 * written are whole years, which read the same in it whatever their number.
 */
final class IntervalType implements WireType {

    private static final int WIDTH = 16;
    private static final int MAX_TEXT = 100;
    private static final int MONTHS = 12;
    private static final Pattern FORM =
            Pattern.compile("(?:([+-]?[0-9]{1,9}) years?)?(?:(?:^| )([+-]?[0-9]{1,10}) mons?)?"
                    + "(?:(?:^| )([+-]?[0-9]{1,10}) days?)?"
                    + "(?:(?:^| )([+-]?)([0-9]{1,10}):([0-9]{2}):([0-9]{2})(?:\\.([0-9]{1,6}))?)?");
    private static final Value INFINITE = new Value.Interval(Integer.MAX_VALUE, Integer.MAX_VALUE, Long.MAX_VALUE);

    @Override
    public Value parse(String text) {
        if (text.equals("infinity")) {
            return INFINITE;
        }
        Matcher parts = FORM.matcher(text.length() > MAX_TEXT ? "" : text);
        if (text.isEmpty() || !parts.matches()) {
            return Value.NULL;
        }
        try {
            return new Value.Interval(
                    Math.toIntExact(MONTHS * number(parts.group(1)) + number(parts.group(2))),
                    Math.toIntExact(number(parts.group(3))),
                    microseconds(parts));
        } catch (ArithmeticException e) {
            return Value.NULL;
        }
    }

    private static long number(@Nullable String digits) {
        return digits == null ? 0 : Long.parseLong(digits);
    }

    private static long microseconds(Matcher parts) {
        if (parts.group(5) == null) {
            return 0;
        }
        long seconds = 3600 * number(parts.group(5)) + 60 * number(parts.group(6)) + number(parts.group(7));
        String fraction = parts.group(8) == null ? "" : parts.group(8);
        long whole = Math.addExact(
                Math.multiplyExact(seconds, 1_000_000L), number(fraction + "0".repeat(6 - fraction.length())));
        return "-".equals(parts.group(4)) ? -whole : whole;
    }

    @Override
    public @Nullable String format(Value value) {
        if (!(value instanceof Value.Interval interval) || !holds(interval)) {
            return null;
        }
        int years = interval.months() / MONTHS;
        return years == 0 ? "00:00:00" : years == 1 ? "1 year" : years + " years";
    }

    @Override
    public Value read(ByteBuf source, int index, int length) {
        return length == WIDTH
                ? new Value.Interval(
                        source.getInt(index + 12), source.getInt(index + Long.BYTES), source.getLong(index))
                : Value.NULL;
    }

    @Override
    public boolean write(Value value, ByteBuf out) {
        if (!(value instanceof Value.Interval interval) || !holds(interval)) {
            return false;
        }
        out.writeLong(0).writeInt(0).writeInt(interval.months());
        return true;
    }

    private static boolean holds(Value.Interval value) {
        return value.months() % MONTHS == 0 && value.days() == 0 && value.microseconds() == 0;
    }
}
