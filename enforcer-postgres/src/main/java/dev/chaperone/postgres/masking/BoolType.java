package dev.chaperone.postgres.masking;

import dev.chaperone.enforcer.Value;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** bool: one byte, or {@code t} and {@code f}. */
final class BoolType implements WireType {

    @Override
    public Value parse(String text) {
        switch (text) {
            case "t":
                return new Value.Bool(true);
            case "f":
                return new Value.Bool(false);
            default:
                return Value.NULL;
        }
    }

    @Override
    public @Nullable String format(Value value) {
        if (!(value instanceof Value.Bool bool)) {
            return null;
        }
        return bool.value() ? "t" : "f";
    }

    @Override
    public Value read(ByteBuf source, int index, int length) {
        return length == 1 ? new Value.Bool(source.getByte(index) != 0) : Value.NULL;
    }

    @Override
    public boolean write(Value value, ByteBuf out) {
        if (!(value instanceof Value.Bool bool)) {
            return false;
        }
        out.writeByte(bool.value() ? 1 : 0);
        return true;
    }
}
