package dev.chaperone.postgres.masking;

import dev.chaperone.enforcer.Value;
import io.netty.buffer.ByteBuf;
import java.time.DateTimeException;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.format.ResolverStyle;
import java.time.temporal.ChronoField;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * timestamp and timestamptz. Binary: microseconds since 1 January 2000, 00:00 (UTC for timestamptz), Int64. Text: ISO date
 * style only; a timestamptz comes in the session's zone and is written in UTC, the same instant. What is outside the years 1
 * to 9999 and the infinities read as null.
 */
final class TimestampType implements WireType {

    private static final int WIDTH = 8;
    private static final LocalDateTime EPOCH = DateType.EPOCH.atStartOfDay();
    private static final int MAX_TEXT = 35;

    private static final DateTimeFormatter LOCAL =
            local().toFormatter(Locale.ROOT).withResolverStyle(ResolverStyle.STRICT);
    private static final DateTimeFormatter ZONED =
            local().appendPattern("[xxxxx][xxx][x]").toFormatter(Locale.ROOT).withResolverStyle(ResolverStyle.STRICT);

    private final boolean zoned;

    TimestampType(boolean zoned) {
        this.zoned = zoned;
    }

    private static DateTimeFormatterBuilder local() {
        return new DateTimeFormatterBuilder()
                .appendPattern("uuuu-MM-dd HH:mm:ss")
                .appendFraction(ChronoField.NANO_OF_SECOND, 0, 6, true);
    }

    @Override
    public Value parse(String text) {
        if (text.length() > MAX_TEXT) {
            return Value.NULL;
        }
        try {
            return checked(
                    zoned
                            ? OffsetDateTime.parse(text, ZONED)
                                    .withOffsetSameInstant(ZoneOffset.UTC)
                                    .toLocalDateTime()
                            : LocalDateTime.parse(text, LOCAL));
        } catch (DateTimeException e) {
            return Value.NULL;
        }
    }

    @Override
    public @Nullable String format(Value value) {
        if (!(value instanceof Value.Timestamp timestamp) || !holds(timestamp.value())) {
            return null;
        }
        String text = LOCAL.format(timestamp.value());
        return zoned ? text + "+00" : text;
    }

    @Override
    public Value read(ByteBuf source, int index, int length) {
        if (length != WIDTH) {
            return Value.NULL;
        }
        long micros = source.getLong(index);
        boolean infinite = micros == Long.MAX_VALUE || micros == Long.MIN_VALUE;
        return infinite ? Value.NULL : checked(EPOCH.plus(micros, ChronoUnit.MICROS));
    }

    @Override
    public boolean write(Value value, ByteBuf out) {
        if (!(value instanceof Value.Timestamp timestamp) || !holds(timestamp.value())) {
            return false;
        }
        out.writeLong(ChronoUnit.MICROS.between(EPOCH, timestamp.value()));
        return true;
    }

    private static boolean holds(LocalDateTime value) {
        return DateType.holds(value.toLocalDate());
    }

    private static Value checked(LocalDateTime value) {
        return holds(value) ? new Value.Timestamp(value) : Value.NULL;
    }
}
