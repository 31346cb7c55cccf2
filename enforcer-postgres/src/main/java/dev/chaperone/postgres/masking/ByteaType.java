package dev.chaperone.postgres.masking;

import dev.chaperone.enforcer.Value;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/** bytea: its bytes, or their hex form after {@code \x}; the older escape form reads as null. */
final class ByteaType implements WireType {

    private static final String HEX_PREFIX = "\\x";

    @Override
    public Value parse(String text) {
        if (!text.startsWith(HEX_PREFIX)) {
            return Value.NULL;
        }
        try {
            return new Value.Opaque(HexFormat.of().parseHex(text, HEX_PREFIX.length(), text.length()));
        } catch (IllegalArgumentException e) {
            return Value.NULL;
        }
    }

    @Override
    public @Nullable String format(Value value) {
        return value instanceof Value.Opaque opaque
                ? HEX_PREFIX + HexFormat.of().formatHex(opaque.value())
                : null;
    }

    @Override
    public Value read(ByteBuf source, int index, int length) {
        return new Value.Opaque(ByteBufUtil.getBytes(source, index, length, true));
    }

    @Override
    public boolean write(Value value, ByteBuf out) {
        if (!(value instanceof Value.Opaque opaque)) {
            return false;
        }
        out.writeBytes(opaque.value());
        return true;
    }
}
