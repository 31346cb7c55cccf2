package dev.chaperone.postgres.masking;

import dev.chaperone.enforcer.Value;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import org.jspecify.annotations.Nullable;

/**
 * text, varchar, bpchar, name and "char": the same bytes in both formats. The blanks that pad a {@code char(n)} are no part of
 * its value: they are taken off, and put back to n characters.
 */
final class TextType implements WireType {

    private final boolean padded;
    private final int maxCharacters;
    private final int maxBytes;

    /**
     * @param padded true for a type that is padded with blanks to its most characters, where those are known
     * @param maxCharacters most characters of a value
     * @param maxBytes most bytes of a value
     */
    TextType(boolean padded, int maxCharacters, int maxBytes) {
        this.padded = padded;
        this.maxCharacters = maxCharacters;
        this.maxBytes = maxBytes;
    }

    @Override
    public int maxCharacters() {
        return maxCharacters;
    }

    @Override
    public Value parse(String text) {
        if (!padded) {
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
        int characters = text.value().codePointCount(0, text.value().length());
        if (characters > maxCharacters) {
            return null;
        }
        boolean room = padded && maxCharacters != Integer.MAX_VALUE;
        return room ? text.value() + " ".repeat(maxCharacters - characters) : text.value();
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
