package dev.chaperone.postgres.wire;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.util.List;

/**
 * Cuts what the server sends into {@link BackendMessage}s, without copying. Data longer than {@link #WHOLE} comes as
 * {@link BackendFragment}s, as it arrives: a row may be larger than the memory that a session may take.
 */
public final class BackendDecoder extends ByteToMessageDecoder {

    /** Longest frame of data, in bytes, that is handed over in one piece. */
    public static final int WHOLE = 128 << 10;

    /** Fragments are not cut smaller than this, but for the last one. */
    private static final int LEAST_FRAGMENT = 16 << 10;

    private final int maxMessage;
    private boolean broken;
    /** Of the message that is being handed over in fragments. */
    private char tag;

    private int length;
    private int offset;

    /**
     * A decoder.
     *
     * @param maxMessage longest message that is accepted, in bytes; data has no other bound than the protocol's
     */
    public BackendDecoder(int maxMessage) {
        this.maxMessage = maxMessage;
    }

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
        if (broken) {
            in.skipBytes(in.readableBytes());
            return;
        }
        if (offset < length) {
            fragment(in, out);
            return;
        }
        if (in.readableBytes() < 5) {
            return;
        }
        char next = (char) in.getUnsignedByte(in.readerIndex());
        int claimed = in.getInt(in.readerIndex() + 1);
        boolean data = next == 'D' || next == 'd';
        if (claimed < 4 || claimed == Integer.MAX_VALUE || claimed > maxMessage && !data) {
            broken = true;
            throw new ProtocolException("the database sent a message of " + Integer.toUnsignedString(claimed)
                    + " bytes; expected 4 to " + maxMessage);
        }
        if (data && claimed >= WHOLE) {
            tag = next;
            length = 1 + claimed;
            offset = 0;
            fragment(in, out);
        } else if (in.readableBytes() > claimed) {
            out.add(new BackendMessage(in.readRetainedSlice(1 + claimed)));
        }
    }

    private void fragment(ByteBuf in, List<Object> out) {
        int rest = length - offset;
        int part = Math.min(in.readableBytes(), rest);
        if (part < Math.min(LEAST_FRAGMENT, rest)) {
            return;
        }
        out.add(new BackendFragment(tag, length, offset, in.readRetainedSlice(part)));
        offset += part;
    }
}
