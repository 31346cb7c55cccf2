package dev.chaperone.postgres.masking;

import dev.chaperone.enforcer.detect.Caught;
import dev.chaperone.enforcer.detect.Syntax;
import io.netty.buffer.ByteBuf;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Types that are not modelled here: composites, ranges, enums, those of extensions. What they look like in text is searched as
 * text. In binary a value that is text is treated as such; of any other the bytes are searched, and a find makes the whole
 * value SQL NULL.
 */
final class OpaqueNet extends CellNet {

    private final boolean binary;

    OpaqueNet(ColumnNet column) {
        super(column);
        binary = column.format() != WireType.TEXT_FORMAT;
    }

    @Override
    public @Nullable Find on(ByteBuf source, int index, int length) {
        byte[] bytes = bytes(source, index, length);
        if (!binary || Utf8.isText(bytes, length)) {
            Caught caught = net.look(bytes, 0, length, Syntax.PLAIN);
            return caught == null ? null : found(caught, caught.masked(), null);
        }
        Caught caught = net.look(apart(bytes, length), 0, length, Syntax.PLAIN);
        return caught == null ? null : found(caught, null, null);
    }

    /**
     * The same bytes with a blank in place of each that is part of a length, where that would otherwise look like a character
     * in front of the value: an Int32 goes before each value within a value.
     */
    private static byte[] apart(byte[] bytes, int length) {
        byte[] apart = Arrays.copyOf(bytes, length);
        for (int i = 0; i + 4 < length; i++) {
            if (apart[i] == 0 && apart[i + 1] == 0) {
                int size = (apart[i + 2] & 0xff) << 8 | apart[i + 3] & 0xff;
                if (size > 0 && i + 4 + size <= length) {
                    Arrays.fill(apart, i, i + 4, (byte) 0);
                }
            }
        }
        return apart;
    }
}
