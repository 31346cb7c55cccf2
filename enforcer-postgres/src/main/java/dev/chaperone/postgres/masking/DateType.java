package dev.chaperone.postgres.masking;

import dev.chaperone.enforcer.Value;
import io.netty.buffer.ByteBuf;
import java.time.DateTimeException;
import java.time.LocalDate;
import org.jspecify.annotations.Nullable;

/**
 * date. Binary: days since 1 January 2000, Int32. Text: ISO date style only. Dates outside the years 1 to 9999 and the
 * infinities read as null.
 */
final class DateType implements WireType {

    static final LocalDate EPOCH = LocalDate.of(2000, 1, 1);
    private static final int WIDTH = 4;
    private static final int TEXT_LENGTH = 10;

    @Override
    public Value parse(String text) {
        if (text.length() != TEXT_LENGTH) {
            return Value.NULL;
        }
        try {
            return checked(LocalDate.parse(text));
        } catch (DateTimeException e) {
            return Value.NULL;
        }
    }

    @Override
    public @Nullable String format(Value value) {
        return value instanceof Value.Date date && holds(date.value())
                ? date.value().toString()
                : null;
    }

    @Override
    public Value read(ByteBuf source, int index, int length) {
        return length == WIDTH ? checked(EPOCH.plusDays(source.getInt(index))) : Value.NULL;
    }

    @Override
    public boolean write(Value value, ByteBuf out) {
        if (!(value instanceof Value.Date date) || !holds(date.value())) {
            return false;
        }
        out.writeInt((int) (date.value().toEpochDay() - EPOCH.toEpochDay()));
        return true;
    }

    static boolean holds(LocalDate date) {
        return date.getYear() >= 1 && date.getYear() <= 9999;
    }

    private static Value checked(LocalDate date) {
        return holds(date) ? new Value.Date(date) : Value.NULL;
    }
}
