package dev.chaperone.postgres.masking;

import dev.chaperone.enforcer.Value;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** Any type not modelled here (network addresses, ranges, times of day, enums, composites, extensions): its masked value is always SQL NULL. */
final class UnknownType implements WireType {

    @Override
    public Value parse(String text) {
        return Value.NULL;
    }

    @Override
    public @Nullable String format(Value value) {
        return null;
    }

    @Override
    public Value read(ByteBuf source, int index, int length) {
        return Value.NULL;
    }

    @Override
    public boolean write(Value value, ByteBuf out) {
        return false;
    }
}
