package dev.chaperone.postgres.masking;

import dev.chaperone.enforcer.MaskingFunction;
import dev.chaperone.enforcer.Replacement;
import dev.chaperone.enforcer.Value;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;

/** Masks the cells of one column: decodes, applies the function, encodes; or writes words that are always the same. */
final class CellMask {

    /** Longest cell that is decoded; the mask of a longer one is SQL NULL, unless it is a constant. */
    static final int MAX_DECODED_BYTES = 64 << 10;

    private static final int SQL_NULL = -1;

    private final String field;
    private final MaskingFunction function;
    private final WireType type;
    private final int format;
    private final boolean constant;
    private final byte @Nullable [] replacement;

    private CellMask(ColumnMask mask) {
        field = mask.field();
        function = mask.function();
        type = WireType.of(mask.typeOid(), mask.typeModifier());
        format = mask.format();
        constant = mask.function() instanceof Replacement;
        replacement = mask.function() instanceof Replacement words ? encoded(words) : null;
    }

    static CellMask of(ColumnMask mask) {
        return new CellMask(mask);
    }

    String field() {
        return field;
    }

    /** Appends the masked cell, its length first. */
    void write(ByteBuf source, int index, int length, ByteBuf out) {
        if (constant) {
            writeConstant(out);
            return;
        }
        int start = out.writerIndex();
        out.writeInt(SQL_NULL);
        if (length > MAX_DECODED_BYTES) {
            return;
        }
        Value masked = function.apply(type.decode(source, index, length, format));
        if (type.encode(masked, format, out)) {
            out.setInt(start, out.writerIndex() - start - Integer.BYTES);
        }
    }

    private void writeConstant(ByteBuf out) {
        if (replacement == null) {
            out.writeInt(SQL_NULL);
        } else {
            out.writeInt(replacement.length).writeBytes(replacement);
        }
    }

    private byte @Nullable [] encoded(Replacement words) {
        if (words.text() == null) {
            return null;
        }
        ByteBuf scratch = Unpooled.buffer();
        try {
            boolean held = type.encode(new Value.Text(words.text()), format, scratch);
            return held ? ByteBufUtil.getBytes(scratch) : null;
        } finally {
            scratch.release();
        }
    }
}
