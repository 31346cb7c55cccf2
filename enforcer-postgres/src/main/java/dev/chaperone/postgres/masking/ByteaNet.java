package dev.chaperone.postgres.masking;

import dev.chaperone.enforcer.detect.Caught;
import dev.chaperone.enforcer.detect.Syntax;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * bytea that is text: UTF-8 without control characters. Anything else (images, documents, compressed data) is not looked
 * into.
 */
final class ByteaNet extends CellNet {

    /** Data that is no text shows it soon. */
    private static final int FIRST = 512;

    private final boolean hex;

    ByteaNet(ColumnNet column) {
        super(column);
        hex = column.format() == WireType.TEXT_FORMAT;
    }

    @Override
    public @Nullable Find on(ByteBuf source, int index, int length) {
        if (hex && (length < 2 || source.getByte(index) != '\\' || source.getByte(index + 1) != 'x')) {
            return escaped(source, index, length);
        }
        int start = hex ? index + 2 : index;
        int digits = hex ? 2 : 1;
        int size = (index + length - start) / digits;
        byte[] first = decoded(source, start, Math.min(size, FIRST));
        if (first == null || !isText(first, size > FIRST)) {
            return null;
        }
        byte[] text = size <= FIRST ? first : decoded(source, start, size);
        if (text == null || !isText(text, false)) {
            return null;
        }
        Caught caught = net.look(text, 0, size, Syntax.PLAIN);
        if (caught == null) {
            return null;
        }
        byte[] masked = caught.masked();
        return found(
                caught,
                masked == null ? null : encoded(masked),
                encoded("[redacted]".getBytes(StandardCharsets.US_ASCII)));
    }

    /** The other text format (bytea_output = escape), which writes texts as they are. */
    private @Nullable Find escaped(ByteBuf source, int index, int length) {
        Caught caught = net.look(bytes(source, index, length), 0, length, Syntax.PLAIN);
        return caught == null ? null : found(caught, caught.masked(), "[redacted]".getBytes(StandardCharsets.US_ASCII));
    }

    private byte @Nullable [] decoded(ByteBuf source, int start, int size) {
        byte[] bytes = new byte[size];
        if (!hex) {
            source.getBytes(start, bytes);
            return bytes;
        }
        for (int i = 0; i < size; i++) {
            int high = Character.digit(source.getByte(start + 2 * i), 16);
            int low = Character.digit(source.getByte(start + 2 * i + 1), 16);
            if (high < 0 || low < 0) {
                return null;
            }
            bytes[i] = (byte) (high << 4 | low);
        }
        return bytes;
    }

    private byte[] encoded(byte[] bytes) {
        return hex ? ("\\x" + HexFormat.of().formatHex(bytes)).getBytes(StandardCharsets.US_ASCII) : bytes;
    }

    /** @param cut true when a character may be cut off at the end */
    private static boolean isText(byte[] bytes, boolean cut) {
        return Utf8.isText(bytes, cut ? Utf8.wholeCharacters(bytes) : bytes.length);
    }
}
