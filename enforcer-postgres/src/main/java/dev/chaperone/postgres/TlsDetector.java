package dev.chaperone.postgres;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.ssl.SslContext;
import java.util.List;

/**
 * Tells by a connection's first byte whether it begins with a TLS handshake (PostgreSQL 17, {@code sslnegotiation=direct})
 * rather than with a startup packet, whose first byte is that of a length and never so large.
 */
final class TlsDetector extends ByteToMessageDecoder {

    private static final int HANDSHAKE = 0x16;

    private final SslContext tls;

    TlsDetector(SslContext tls) {
        this.tls = tls;
    }

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
        // Leaving the pipeline hands on what has been read, to the handshake if there is to be one.
        if (in.getUnsignedByte(in.readerIndex()) == HANDSHAKE) {
            ctx.pipeline().replace(this, null, tls.newHandler(ctx.alloc()));
        } else {
            ctx.pipeline().remove(this);
        }
    }
}
