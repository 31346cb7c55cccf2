package dev.chaperone.postgres.wire;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.util.List;

/** Cuts what the server sends into {@link BackendMessage}s, without copying. */
public final class BackendDecoder extends ByteToMessageDecoder {

    private final int maxMessage;
    private boolean broken;

    /**
     * A decoder.
     *
     * @param maxMessage longest message that is accepted, in bytes
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
        if (in.readableBytes() < 5) {
            return;
        }
        int length = in.getInt(in.readerIndex() + 1);
        if (length < 4 || length > maxMessage) {
            broken = true;
            throw new ProtocolException("the database sent a message of " + Integer.toUnsignedString(length)
                    + " bytes; expected 4 to " + maxMessage);
        }
        if (in.readableBytes() > length) {
            out.add(new BackendMessage(in.readRetainedSlice(1 + length)));
        }
    }
}
