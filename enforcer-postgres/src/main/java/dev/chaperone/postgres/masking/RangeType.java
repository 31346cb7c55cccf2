package dev.chaperone.postgres.masking;

import dev.chaperone.enforcer.Value;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * Ranges of numbers, days and times (src/backend/utils/adt/rangetypes.c). Text: {@code [lower,upper)}, a bound in quotes where
 * it has a blank in it, or {@code empty}. Binary ({@code range_send}): a byte of flags, then those bounds that there are, each
 * with its length, Int32, first.
 */
final class RangeType implements WireType {

    private static final String EMPTY_TEXT = "empty";
    private static final int EMPTY = 0x01;
    private static final int LOWER_INCLUDED = 0x02;
    private static final int UPPER_INCLUDED = 0x04;
    private static final int LOWER_INFINITE = 0x08;
    private static final int UPPER_INFINITE = 0x10;
    private static final int MAX_TEXT = 100;

    private final WireType bound;

    RangeType(WireType bound) {
        this.bound = bound;
    }

    @Override
    public Value parse(String text) {
        if (text.equals(EMPTY_TEXT)) {
            return Value.Range.EMPTY;
        }
        int last = text.length() - 1;
        int comma = text.indexOf(',');
        if (last < 2 || last > MAX_TEXT || comma < 0 || comma != text.lastIndexOf(',')) {
            return Value.NULL;
        }
        char open = text.charAt(0);
        char close = text.charAt(last);
        if (open != '[' && open != '(' || close != ']' && close != ')') {
            return Value.NULL;
        }
        String lower = text.substring(1, comma);
        String upper = text.substring(comma + 1, last);
        Value from = lower.isEmpty() ? Value.NULL : bound.parse(unquoted(lower));
        Value to = upper.isEmpty() ? Value.NULL : bound.parse(unquoted(upper));
        boolean understood =
                from instanceof Value.Null == lower.isEmpty() && to instanceof Value.Null == upper.isEmpty();
        return understood ? new Value.Range(from, open == '[', to, close == ']', false) : Value.NULL;
    }

    private static String unquoted(String text) {
        boolean quoted = text.length() > 1 && text.startsWith("\"") && text.endsWith("\"");
        return quoted ? text.substring(1, text.length() - 1) : text;
    }

    @Override
    public @Nullable String format(Value value) {
        if (!(value instanceof Value.Range range)) {
            return null;
        }
        if (range.empty()) {
            return EMPTY_TEXT;
        }
        String lower = formatted(range.lower());
        String upper = formatted(range.upper());
        return lower == null || upper == null
                ? null
                : (range.lowerIncluded() ? '[' : '(') + lower + ',' + upper + (range.upperIncluded() ? ']' : ')');
    }

    private @Nullable String formatted(Value value) {
        if (value instanceof Value.Null) {
            return "";
        }
        String text = bound.format(value);
        return text == null || text.indexOf(' ') < 0 ? text : '"' + text + '"';
    }

    @Override
    public Value read(ByteBuf source, int index, int length) {
        if (length < 1) {
            return Value.NULL;
        }
        int flags = source.getByte(index);
        if ((flags & EMPTY) != 0) {
            return flags == EMPTY && length == 1 ? Value.Range.EMPTY : Value.NULL;
        }
        ByteBuf in = source.slice(index + 1, length - 1);
        Value lower = (flags & LOWER_INFINITE) != 0 ? Value.NULL : bound(in);
        Value upper = (flags & UPPER_INFINITE) != 0 ? Value.NULL : bound(in);
        boolean understood = !in.isReadable()
                && (flags & ~(LOWER_INCLUDED | UPPER_INCLUDED | LOWER_INFINITE | UPPER_INFINITE)) == 0
                && lower instanceof Value.Null == ((flags & LOWER_INFINITE) != 0)
                && upper instanceof Value.Null == ((flags & UPPER_INFINITE) != 0);
        return understood
                ? new Value.Range(lower, (flags & LOWER_INCLUDED) != 0, upper, (flags & UPPER_INCLUDED) != 0, false)
                : Value.NULL;
    }

    private Value bound(ByteBuf in) {
        int length = in.readableBytes() < Integer.BYTES ? -1 : in.readInt();
        if (length < 0 || length > in.readableBytes()) {
            return Value.NULL;
        }
        Value value = bound.read(in, in.readerIndex(), length);
        in.skipBytes(length);
        return value;
    }

    @Override
    public boolean write(Value value, ByteBuf out) {
        if (!(value instanceof Value.Range range)) {
            return false;
        }
        int start = out.writerIndex();
        int flags = (range.lowerIncluded() ? LOWER_INCLUDED : 0)
                | (range.upperIncluded() ? UPPER_INCLUDED : 0)
                | (range.lower() instanceof Value.Null ? LOWER_INFINITE : 0)
                | (range.upper() instanceof Value.Null ? UPPER_INFINITE : 0);
        out.writeByte(range.empty() ? EMPTY : flags);
        if (range.empty() || written(range.lower(), out) && written(range.upper(), out)) {
            return true;
        }
        out.writerIndex(start);
        return false;
    }

    private boolean written(Value value, ByteBuf out) {
        if (value instanceof Value.Null) {
            return true;
        }
        int start = out.writerIndex();
        out.writeInt(0);
        boolean held = bound.write(value, out);
        out.setInt(start, out.writerIndex() - start - Integer.BYTES);
        return held;
    }
}
