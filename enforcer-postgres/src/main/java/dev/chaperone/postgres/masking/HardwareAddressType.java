package dev.chaperone.postgres.masking;

import dev.chaperone.enforcer.Value;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/** macaddr and macaddr8: their 6 or 8 bytes, in text as two digits each with colons between them. */
final class HardwareAddressType implements WireType {

    private static final HexFormat FORM = HexFormat.ofDelimiter(":");

    private final int width;

    HardwareAddressType(int width) {
        this.width = width;
    }

    @Override
    public Value parse(String text) {
        try {
            return text.length() == 3 * width - 1 ? new Value.HardwareAddress(FORM.parseHex(text)) : Value.NULL;
        } catch (IllegalArgumentException e) {
            return Value.NULL;
        }
    }

    @Override
    public @Nullable String format(Value value) {
        return value instanceof Value.HardwareAddress address && address.address().length == width
                ? FORM.formatHex(address.address())
                : null;
    }

    @Override
    public Value read(ByteBuf source, int index, int length) {
        return length == width ? new Value.HardwareAddress(ByteBufUtil.getBytes(source, index, width)) : Value.NULL;
    }

    @Override
    public boolean write(Value value, ByteBuf out) {
        if (!(value instanceof Value.HardwareAddress address) || address.address().length != width) {
            return false;
        }
        out.writeBytes(address.address());
        return true;
    }
}
