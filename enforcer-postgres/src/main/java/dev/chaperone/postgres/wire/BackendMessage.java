package dev.chaperone.postgres.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufHolder;
import io.netty.buffer.DefaultByteBufHolder;

/**
 * One whole message of the server: its tag byte, its length, its body. Whoever holds it releases it.
 *
 * <p>{@link #content()} is the frame as it came, ready to be passed on.
 */
public final class BackendMessage extends DefaultByteBufHolder {

    private static final int HEADER = 5;

    public BackendMessage(ByteBuf frame) {
        super(frame);
    }

    /** The tag (chapter "Message Formats", those marked (B)). */
    public char tag() {
        return (char) content().getUnsignedByte(content().readerIndex());
    }

    /** The body, without tag and length; shares the frame's bytes and reference count. */
    public ByteBuf body() {
        return content().slice(content().readerIndex() + HEADER, content().readableBytes() - HEADER);
    }

    /** Length of the frame in bytes. */
    public int length() {
        return content().readableBytes();
    }

    @Override
    public ByteBufHolder replace(ByteBuf frame) {
        return new BackendMessage(frame);
    }

    @Override
    public String toString() {
        return "BackendMessage[" + tag() + ", " + length() + " bytes]";
    }
}
