package dev.chaperone.postgres.masking;

import dev.chaperone.enforcer.Value;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * Multiranges: ranges in order, in braces; in binary ({@code multirange_send}) their number, Int32, then each with its length,
 * Int32, first. One is read as the range from the beginning of its first range to the end of its last one, so that what a mask
 * makes of it has no gaps.
 */
final class MultirangeType implements WireType {

    private final RangeType range;

    MultirangeType(RangeType range) {
        this.range = range;
    }

    @Override
    public Value parse(String text) {
        if (text.length() < 2 || !text.startsWith("{") || !text.endsWith("}")) {
            return Value.NULL;
        }
        String ranges = text.substring(1, text.length() - 1);
        if (ranges.isEmpty()) {
            return Value.Range.EMPTY;
        }
        int firstEnd = ranges.indexOf(',');
        int lastStart = ranges.lastIndexOf(',');
        return firstEnd < 0 ? Value.NULL : range.parse(ranges.substring(0, firstEnd) + ranges.substring(lastStart));
    }

    @Override
    public @Nullable String format(Value value) {
        if (value instanceof Value.Range whole && whole.empty()) {
            return "{}";
        }
        String text = range.format(value);
        return text == null ? null : '{' + text + '}';
    }

    @Override
    public Value read(ByteBuf source, int index, int length) {
        ByteBuf in = source.slice(index, length);
        long count = in.readableBytes() < Integer.BYTES ? -1 : in.readUnsignedInt();
        Value whole = count < 0 || count > in.readableBytes() ? Value.NULL : Value.Range.EMPTY;
        for (long i = 0; i < count && whole instanceof Value.Range before; i++) {
            int size = in.readableBytes() < Integer.BYTES ? -1 : in.readInt();
            if (size < 0 || size > in.readableBytes()) {
                return Value.NULL;
            }
            Value next = range.read(in, in.readerIndex(), size);
            in.skipBytes(size);
            whole = next instanceof Value.Range last && !last.empty() ? joined(before, last) : Value.NULL;
        }
        return in.isReadable() ? Value.NULL : whole;
    }

    private static Value joined(Value.Range before, Value.Range last) {
        return before.empty()
                ? last
                : new Value.Range(before.lower(), before.lowerIncluded(), last.upper(), last.upperIncluded(), false);
    }

    @Override
    public boolean write(Value value, ByteBuf out) {
        if (!(value instanceof Value.Range whole)) {
            return false;
        }
        int start = out.writerIndex();
        out.writeInt(whole.empty() ? 0 : 1);
        if (whole.empty()) {
            return true;
        }
        out.writeInt(0);
        if (!range.write(value, out)) {
            out.writerIndex(start);
            return false;
        }
        out.setInt(start + Integer.BYTES, out.writerIndex() - start - 2 * Integer.BYTES);
        return true;
    }
}
