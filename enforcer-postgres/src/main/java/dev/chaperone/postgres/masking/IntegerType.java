package dev.chaperone.postgres.masking;

import dev.chaperone.enforcer.Value;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** int2, int4, int8 and oid. */
final class IntegerType implements WireType {

    private static final int MAX_DIGITS = 20;

    private final int width;
    private final long min;
    private final long max;

    IntegerType(int width, long min, long max) {
        this.width = width;
        this.min = min;
        this.max = max;
    }

    @Override
    public Value parse(String text) {
        if (text.length() > MAX_DIGITS) {
            return Value.NULL;
        }
        try {
            long value = Long.parseLong(text);
            return holds(value) ? new Value.Integer(value) : Value.NULL;
        } catch (NumberFormatException e) {
            return Value.NULL;
        }
    }

    @Override
    public @Nullable String format(Value value) {
        return value instanceof Value.Integer integer && holds(integer.value()) ? Long.toString(integer.value()) : null;
    }

    @Override
    public Value read(ByteBuf source, int index, int length) {
        if (length != width) {
            return Value.NULL;
        }
        switch (width) {
            case 2:
                return new Value.Integer(source.getShort(index));
            case 4:
                return new Value.Integer(min < 0 ? source.getInt(index) : source.getUnsignedInt(index));
            default:
                return new Value.Integer(source.getLong(index));
        }
    }

    @Override
    public boolean write(Value value, ByteBuf out) {
        if (!(value instanceof Value.Integer integer) || !holds(integer.value())) {
            return false;
        }
        switch (width) {
            case 2:
                out.writeShort((int) integer.value());
                break;
            case 4:
                out.writeInt((int) integer.value());
                break;
            default:
                out.writeLong(integer.value());
        }
        return true;
    }

    private boolean holds(long value) {
        return value >= min && value <= max;
    }
}
