package dev.chaperone.postgres.masking;

import dev.chaperone.enforcer.Value;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import org.jspecify.annotations.Nullable;

/**
 * text, varchar, bpchar, name and "char": the same bytes in both formats.
 *
 * <p>The blanks that pad a {@code char(n)} are no part of its value: they are taken off, and put back to n characters. A mask
 * longer than the n of {@code varchar(n)} or {@code char(n)} is delivered whole: n bounds what is stored, and no client is
 * known to check it on what it reads.
 */
final class TextType implements WireType {

    private static final int UNPADDED = -1;

    private final int padTo;
    private final int maxBytes;

    /**
     * @param padTo characters to pad to with blanks; -1 for a type that is not padded
     * @param maxBytes longest value of the type in bytes
     */
    TextType(int padTo, int maxBytes) {
        this.padTo = padTo;
        this.maxBytes = maxBytes;
    }

    @Override
    public Value parse(String text) {
        if (padTo == UNPADDED) {
            return new Value.Text(text);
        }
        int end = text.length();
        while (end > 0 && text.charAt(end - 1) == ' ') {
            end--;
        }
        return new Value.Text(text.substring(0, end));
    }

    @Override
    public @Nullable String format(Value value) {
        if (!(value instanceof Value.Text text)
                || text.value().indexOf('\0') >= 0
                || ByteBufUtil.utf8Bytes(text.value()) > maxBytes) {
            return null;
        }
        int missing = padTo - text.value().codePointCount(0, text.value().length());
        return missing > 0 ? text.value() + " ".repeat(missing) : text.value();
    }

    @Override
    public Value read(ByteBuf source, int index, int length) {
        String text = WireType.utf8(source, index, length);
        return text == null ? Value.NULL : parse(text);
    }

    @Override
    public boolean write(Value value, ByteBuf out) {
        String text = format(value);
        if (text == null) {
            return false;
        }
        ByteBufUtil.writeUtf8(out, text);
        return true;
    }
}
