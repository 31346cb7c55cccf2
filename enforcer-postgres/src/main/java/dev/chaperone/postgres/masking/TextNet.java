package dev.chaperone.postgres.masking;

import dev.chaperone.enforcer.Replacement;
import dev.chaperone.enforcer.Value;
import dev.chaperone.enforcer.detect.Caught;
import dev.chaperone.enforcer.detect.Syntax;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * text and its kin, json, jsonb and xml: the same bytes in both formats, but for the version before a binary jsonb. What is
 * found is replaced in place; where there is no room for that, by asterisks.
 */
final class TextNet extends CellNet {

    private static final int JSONB = 3802;

    private final WireType type;
    private final Syntax syntax;
    private final int prefix;
    private final byte @Nullable [] redacted;

    TextNet(ColumnNet column, int typeOid) {
        super(column);
        // unknown and cstring are written as text is
        type = WireType.of(typeOid == 705 || typeOid == 2275 ? 25 : typeOid, column.typeModifier());
        syntax = typeOid == 114 || typeOid == JSONB ? Syntax.JSON : typeOid == 142 ? Syntax.XML : Syntax.PLAIN;
        prefix = typeOid == JSONB && column.format() != WireType.TEXT_FORMAT ? 1 : 0;
        redacted = redacted(column.format());
    }

    private byte @Nullable [] redacted(int format) {
        ByteBuf scratch = Unpooled.buffer();
        Replacement words = new Replacement("[redacted]");
        Value fitted = type.maxCharacters() < 10
                ? words.shorten(new Value.Text("[redacted]"), type.maxCharacters())
                : new Value.Text("[redacted]");
        return type.encode(fitted, format, scratch) ? ByteBufUtil.getBytes(scratch) : null;
    }

    @Override
    public @Nullable Find on(ByteBuf source, int index, int length) {
        if (length <= prefix) {
            return null;
        }
        byte[] bytes = bytes(source, index, length);
        Caught caught = net.look(bytes, prefix, length, syntax);
        if (caught == null) {
            return null;
        }
        byte[] masked = caught.masked();
        if (masked != null && syntax == Syntax.PLAIN) {
            masked = fitted(masked, caught);
        } else if (masked != null && prefix > 0) {
            byte[] versioned = new byte[masked.length + 1];
            versioned[0] = bytes[0];
            System.arraycopy(masked, 0, versioned, 1, masked.length);
            masked = versioned;
        }
        return found(caught, masked, redacted);
    }

    /** The masked text where it fits its column, else the starred one. */
    private byte[] fitted(byte[] masked, Caught caught) {
        if (type.maxCharacters() == Integer.MAX_VALUE) {
            return masked;
        }
        String text = type.format(type.parse(new String(masked, StandardCharsets.UTF_8)));
        return text == null ? caught.starred() : text.getBytes(StandardCharsets.UTF_8);
    }
}
