package dev.chaperone.postgres.masking;

import dev.chaperone.enforcer.Value;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * Any type that no mask has an outcome for, but null: times of day, money, bit strings, geometry, tsvector, enums, composites,
 * ranges of numerics, and what extensions define.
 */
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
