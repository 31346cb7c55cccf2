package dev.chaperone.postgres.masking;

import dev.chaperone.enforcer.Value;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import org.jspecify.annotations.Nullable;

/**
 * xml. A document is opaque to masking functions, so that a mask is all or nothing; a text that replaces it is written as XML
 * content (XML 1.0 section 2.4). Both formats are the text.
 */
final class XmlType implements WireType {

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
        if (!(value instanceof Value.Text text) || !text.value().codePoints().allMatch(XmlType::isCharacter)) {
            return null;
        }
        return text.value().replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
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

    private static boolean isCharacter(int point) {
        boolean control = point < 0x20 && point != '\t' && point != '\n' && point != '\r';
        boolean surrogate = point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE;
        return !control && !surrogate && point != 0xfffe && point != 0xffff;
    }
}
