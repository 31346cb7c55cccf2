package dev.chaperone.postgres.masking;

import dev.chaperone.enforcer.MaskingFunction;
import dev.chaperone.enforcer.Replacement;
import dev.chaperone.enforcer.Value;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;

/** Masks single values: decodes, applies the function, encodes; or writes words that are always the same. */
final class ValueMask implements CellMask {

    private final String field;
    private final MaskingFunction function;
    private final WireType type;
    private final int format;
    private final boolean constant;
    private final byte @Nullable [] replacement;

    ValueMask(ColumnMask mask) {
        this(mask, mask.typeOid());
    }

    /** The mask of that column if it were of that type. */
    ValueMask(ColumnMask mask, int typeOid) {
        field = mask.field();
        function = mask.function();
        type = WireType.of(typeOid, mask.typeModifier());
        format = mask.format();
        constant = mask.function() instanceof Replacement;
        replacement = mask.function() instanceof Replacement words ? encoded(words) : null;
    }

    @Override
    public String field() {
        return field;
    }

    /** True when every value becomes SQL NULL. */
    boolean isAlwaysNull() {
        return constant && replacement == null;
    }

    @Override
    public void write(ByteBuf source, int index, int length, ByteBuf out) {
        if (constant) {
            writeConstant(out);
            return;
        }
        int start = out.writerIndex();
        out.writeInt(SQL_NULL);
        if (length > MAX_DECODED_BYTES) {
            return;
        }
        Value masked = fitted(function.apply(type.decode(source, index, length, format)));
        if (type.encode(masked, format, out)) {
            out.setInt(start, out.writerIndex() - start - Integer.BYTES);
        }
    }

    private Value fitted(Value masked) {
        int most = type.maxCharacters();
        if (!(masked instanceof Value.Text text)
                || text.value().length() <= most
                || text.value().codePointCount(0, text.value().length()) <= most) {
            return masked;
        }
        return function.shorten(text, most);
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
            boolean held = type.encode(fitted(new Value.Text(words.text())), format, scratch);
            return held ? ByteBufUtil.getBytes(scratch) : null;
        } finally {
            scratch.release();
        }
    }
}
