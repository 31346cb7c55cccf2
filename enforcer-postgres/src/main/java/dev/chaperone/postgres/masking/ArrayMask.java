package dev.chaperone.postgres.masking;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Masks arrays element by element; their dimensions stay. The mask of an array that is not understood exactly is SQL NULL, and
 * so is that of one whose elements would all become null.
 */
final class ArrayMask implements CellMask {

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
        ArrayHeader header = ArrayHeader.read(in, elementOid);
        if (header == null) {
            return false;
        }
        int start = out.writerIndex();
        out.writeBytes(in, 0, in.readerIndex());
        boolean nulls = false;
        for (long i = 0; i < header.elements(); i++) {
            int length = ArrayHeader.elementLength(in);
            if (length < -1) {
                return false;
            }
            nulls |= writeElement(in, length, out);
            in.skipBytes(Math.max(length, 0));
        }
        out.setInt(start + Integer.BYTES, nulls ? 1 : 0);
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
