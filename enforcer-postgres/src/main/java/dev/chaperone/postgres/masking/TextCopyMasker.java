package dev.chaperone.postgres.masking;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;

/**
 * Format text: fields with backslash escapes, as {@code CopyAttributeOutText} (src/backend/commands/copyto.c) writes them.
 *
 * <p>In this format a value that is equal to the NULL text is written like NULL. Only {@code \N}, which no value is written as,
 * and the empty text, which tells nothing but that a value is empty, are taken; any other would answer whether a masked value
 * is equal to it.
 */
final class TextCopyMasker extends DelimitedCopyMasker {

    private static final byte[] NEVER_A_VALUE = {'\\', 'N'};
    private static final byte[] ESCAPED = {'\b', '\f', '\n', '\r', '\t', 0x0b};
    private static final byte[] LETTERS = {'b', 'f', 'n', 'r', 't', 'v'};

    private final boolean marked;
    private boolean escaped;
    private boolean nullField;
    private boolean started;

    TextCopyMasker(CopyFormat format, RowMask plan, int maxFieldBytes, OriginalsCollector originals) {
        super(format, plan, maxFieldBytes, originals);
        marked = Arrays.equals(nullText, NEVER_A_VALUE);
        if (!marked && (format.nullText().indexOf('\\') >= 0 || nullText.length > 0 && plan.maskedColumns() > 0)) {
            throw ambiguousNull();
        }
    }

    @Override
    void accept(byte b, ByteBuf payload, int index, ByteBuf out) {
        if (escaped) {
            escaped = false;
            unescape(b);
        } else if (b == delimiter) {
            endField(payload, index, out);
        } else if (b == '\n') {
            endRow(payload, index, out);
        } else if (nullField || b == '\r' || b == 0) {
            throw mismatch("has a character that format text escapes");
        } else if (b == '\\') {
            escaped = true;
        } else {
            started = true;
            if (isKept()) {
                append(b);
            }
        }
    }

    private void unescape(byte b) {
        if (b == 'N' && marked && !started) {
            nullField = true;
            started = true;
            return;
        }
        started = true;
        byte meant = meaning(b);
        if (isKept()) {
            append(meant);
        }
    }

    private byte meaning(byte b) {
        if (b == '\\' || b == delimiter) {
            return b;
        }
        for (int i = 0; i < LETTERS.length; i++) {
            if (b == LETTERS[i]) {
                return ESCAPED[i];
            }
        }
        throw mismatch("has an escape that format text does not have");
    }

    @Override
    boolean atFieldStart() {
        return !started && !escaped;
    }

    @Override
    boolean isNull() {
        return nullField || !marked && nullText.length == 0 && !value().isReadable();
    }

    @Override
    void startField() {
        started = false;
        nullField = false;
    }

    @Override
    void writeField(ByteBuf source, int index, int length, ByteBuf out) {
        for (int i = index; i < index + length; i++) {
            byte b = source.getByte(i);
            int letter = letter(b);
            if (letter != 0) {
                out.writeByte('\\').writeByte(letter);
            } else if (b == '\\' || b == delimiter) {
                out.writeByte('\\').writeByte(b);
            } else {
                out.writeByte(b);
            }
        }
    }

    private static int letter(byte b) {
        for (int i = 0; b < ' ' && i < ESCAPED.length; i++) {
            if (b == ESCAPED[i]) {
                return LETTERS[i];
            }
        }
        return 0;
    }
}
