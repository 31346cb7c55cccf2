package dev.chaperone.postgres.masking;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Masks arrays element by element; their dimensions stay. The mask of an array that is not understood exactly is SQL NULL, and
 * so is that of one whose elements would all become null.
 *
 * <p>Binary (src/backend/utils/adt/arrayfuncs.c, {@code array_send}): Int32 dimensions, Int32 1 when an element is null, Int32
 * type of the elements; Int32 size and Int32 lower bound per dimension; then the elements, Int32 length or -1 first.
 */
final class ArrayMask implements CellMask {

    private static final int MAX_DIMENSIONS = 6;

    private final ValueMask element;
    private final int elementOid;
    private final int format;

    ArrayMask(ColumnMask mask, int elementOid) {
        this.element = new ValueMask(mask, elementOid);
        this.elementOid = elementOid;
        this.format = mask.format();
    }

    @Override
    public String field() {
        return element.field();
    }

    @Override
    public void write(ByteBuf source, int index, int length, ByteBuf out) {
        int start = out.writerIndex();
        out.writeInt(SQL_NULL);
        if (element.isAlwaysNull() || length > MAX_DECODED_BYTES) {
            return;
        }
        boolean written = format == WireType.TEXT_FORMAT
                ? writeText(WireType.utf8(source, index, length), out)
                : writeBinary(source.slice(index, length), out);
        if (written) {
            out.setInt(start, out.writerIndex() - start - Integer.BYTES);
        } else {
            out.writerIndex(start + Integer.BYTES);
        }
    }

    private boolean writeText(@Nullable String text, ByteBuf out) {
        String masked = text == null ? null : ArrayText.map(text, this::maskedText);
        if (masked == null) {
            return false;
        }
        out.writeCharSequence(masked, StandardCharsets.UTF_8);
        return true;
    }

    private @Nullable String maskedText(String original) {
        ByteBuf in = Unpooled.copiedBuffer(original, StandardCharsets.UTF_8);
        ByteBuf cell = Unpooled.buffer();
        element.write(in, 0, in.readableBytes(), cell);
        int length = cell.readInt();
        return length < 0 ? null : cell.toString(StandardCharsets.UTF_8);
    }

    private boolean writeBinary(ByteBuf in, ByteBuf out) {
        if (in.readableBytes() < 3 * Integer.BYTES) {
            return false;
        }
        int dimensions = in.readInt();
        in.skipBytes(Integer.BYTES);
        if (dimensions < 0 || dimensions > MAX_DIMENSIONS || in.readInt() != elementOid) {
            return false;
        }
        if (in.readableBytes() < dimensions * 2 * Integer.BYTES) {
            return false;
        }
        long elements = dimensions == 0 ? 0 : 1;
        for (int i = 0; i < dimensions; i++) {
            elements *= in.getInt(in.readerIndex() + i * 2 * Integer.BYTES);
            if (elements < 0 || elements > in.readableBytes()) {
                return false;
            }
        }
        int header = out.writerIndex();
        out.writeInt(dimensions).writeInt(0).writeInt(elementOid).writeBytes(in, dimensions * 2 * Integer.BYTES);
        boolean nulls = false;
        for (long i = 0; i < elements; i++) {
            if (in.readableBytes() < Integer.BYTES) {
                return false;
            }
            int length = in.readInt();
            if (length < -1 || length > in.readableBytes()) {
                return false;
            }
            nulls |= writeElement(in, length, out);
            in.skipBytes(Math.max(length, 0));
        }
        out.setInt(header + Integer.BYTES, nulls ? 1 : 0);
        return !in.isReadable();
    }

    /** True when null was written. */
    private boolean writeElement(ByteBuf in, int length, ByteBuf out) {
        int start = out.writerIndex();
        if (length < 0) {
            out.writeInt(SQL_NULL);
        } else {
            element.write(in, in.readerIndex(), length, out);
        }
        return out.getInt(start) == SQL_NULL;
    }
}
