package dev.chaperone.postgres.masking;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * How the binary format of an array begins (src/backend/utils/adt/arrayfuncs.c, {@code array_send}): Int32 dimensions, Int32 1
 * when an element is null, Int32 type of the elements; Int32 size and Int32 lower bound per dimension.
 *
 * @param dimensions how many dimensions it has
 * @param elements how many elements follow, each with its Int32 length or -1 first
 */
record ArrayHeader(int dimensions, long elements) {

    private static final int MAX_DIMENSIONS = 6;
    private static final int FIRST_NORMAL_OBJECT_ID = 16384;

    /** Reads what is before the elements; null when it is not exactly that, of that type of elements or one that is made of it. */
    static @Nullable ArrayHeader read(ByteBuf in, int elementOid) {
        if (in.readableBytes() < 3 * Integer.BYTES) {
            return null;
        }
        int dimensions = in.readInt();
        in.skipBytes(Integer.BYTES);
        int element = in.readInt();
        // The column's type has been looked up: elements of a type of the database's own are written like the plain
        // one.
        boolean expected = element == elementOid || Integer.compareUnsigned(element, FIRST_NORMAL_OBJECT_ID) >= 0;
        if (dimensions < 0 || dimensions > MAX_DIMENSIONS || !expected) {
            return null;
        }
        if (in.readableBytes() < dimensions * 2 * Integer.BYTES) {
            return null;
        }
        long elements = dimensions == 0 ? 0 : 1;
        for (int i = 0; i < dimensions; i++) {
            elements *= in.readInt();
            in.skipBytes(Integer.BYTES);
            if (elements < 0 || elements > in.readableBytes()) {
                return null;
            }
        }
        return new ArrayHeader(dimensions, elements);
    }

    /** Reads the length of the next element, -1 for null; less than that when it does not fit into what is there. */
    static int elementLength(ByteBuf in) {
        if (in.readableBytes() < Integer.BYTES) {
            return Integer.MIN_VALUE;
        }
        int length = in.readInt();
        return length < -1 || length > in.readableBytes() ? Integer.MIN_VALUE : length;
    }
}
