package dev.chaperone.postgres.masking;

import dev.chaperone.enforcer.Value;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import org.jspecify.annotations.Nullable;

/**
 * json and jsonb. A document is opaque to masking functions, so that a mask is all or nothing; a text that replaces it is
 * written as a JSON string (RFC 8259 section 7). The binary format of jsonb begins with a version byte, 1.
 */
final class JsonType implements WireType {

    private static final byte JSONB_VERSION = 1;

    private final boolean versioned;

    JsonType(boolean versioned) {
        this.versioned = versioned;
    }

    @Override
    public Value parse(String text) {
        return Value.NULL;
    }

    @Override
    public Value read(ByteBuf source, int index, int length) {
        return Value.NULL;
    }

    @Override
    public @Nullable String format(Value value) {
        if (!(value instanceof Value.Text text) || text.value().indexOf('\0') >= 0) {
            return null;
        }
        StringBuilder out = new StringBuilder(text.value().length() + 2).append('"');
        for (int i = 0; i < text.value().length(); i++) {
            char c = text.value().charAt(i);
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (c < 0x20) {
                out.append(String.format("\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        return out.append('"').toString();
    }

    @Override
    public boolean write(Value value, ByteBuf out) {
        String text = format(value);
        if (text == null) {
            return false;
        }
        if (versioned) {
            out.writeByte(JSONB_VERSION);
        }
        ByteBufUtil.writeUtf8(out, text);
        return true;
    }
}
