package dev.chaperone.postgres.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufHolder;
import io.netty.buffer.DefaultByteBufHolder;

/**
 * A part of a DataRow or CopyData that is too long to be kept in memory as a whole. The parts of one message come in order and
 * without anything in between; put together they are the frame as it came. Whoever holds one releases it.
 */
public final class BackendFragment extends DefaultByteBufHolder {

    private final char tag;
    private final int length;
    private final int offset;

    /**
     * @param tag the message's tag
     * @param length length of the whole frame in bytes
     * @param offset where in the frame the part begins
     * @param part the bytes
     */
    public BackendFragment(char tag, int length, int offset, ByteBuf part) {
        super(part);
        this.tag = tag;
        this.length = length;
        this.offset = offset;
    }

    /** The tag of the message that it is a part of. */
    public char tag() {
        return tag;
    }

    /** Length of the whole frame in bytes. */
    public int length() {
        return length;
    }

    /** True for the part that begins the message: it holds the header and at least two bytes of the body. */
    public boolean first() {
        return offset == 0;
    }

    /** True for the part that ends the message. */
    public boolean last() {
        return offset + content().readableBytes() == length;
    }

    @Override
    public ByteBufHolder replace(ByteBuf part) {
        return new BackendFragment(tag, length, offset, part);
    }

    @Override
    public String toString() {
        return "BackendFragment[" + tag + ", " + offset + " of " + length + " bytes]";
    }
}
