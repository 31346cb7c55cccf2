package dev.chaperone.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * A connection with much to say lets the others of its thread have theirs. The connections are of a Unix socket: what is written
 * to one is there to be read when the write returns.
 */
class FairnessTest {

    private static final int PORT = 6432;

    /** Fits what a Unix socket keeps for its reader, and takes many reads. */
    private static final int MUCH = 96 << 10;

    /**
     * Something that was read.
     *
     * @param first the first byte, which says by whom
     */
    private record Read(byte first, int length) {}

    private final BlockingQueue<Read> reads = new LinkedBlockingQueue<>();
    private final EventLoopGroup loop = Transport.loops(1);
    private Path directory;
    private Listeners listeners;

    @BeforeEach
    void listen() throws Exception {
        directory = Files.createTempDirectory("fair");
        listeners = Listeners.open(
                loop,
                new PostgresConfig.Listen("", PORT, true, null, new PostgresConfig.UnixSocket(directory, "0700")),
                new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(new SimpleChannelInboundHandler<ByteBuf>() {
                            @Override
                            protected void channelRead0(ChannelHandlerContext ctx, ByteBuf bytes) {
                                reads.add(new Read(bytes.getByte(bytes.readerIndex()), bytes.readableBytes()));
                            }
                        });
                    }
                });
    }

    @AfterEach
    void close() throws Exception {
        listeners.close();
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).await(20, TimeUnit.SECONDS);
        Files.deleteIfExists(directory);
    }

    @Test
    void twoWithMuchToSayAreReadInTurns() throws Exception {
        try (SocketChannel one = connect((byte) '1');
                SocketChannel other = connect((byte) '2')) {
            CountDownLatch written = new CountDownLatch(1);
            CountDownLatch busy = new CountDownLatch(1);
            loop.next().execute(() -> {
                busy.countDown();
                try {
                    written.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
            assertThat(busy.await(20, TimeUnit.SECONDS)).isTrue();
            write(one, (byte) '1', MUCH);
            write(other, (byte) '2', MUCH);
            written.countDown();

            List<Byte> order = new ArrayList<>();
            for (int left = 2 * MUCH; left > 0; ) {
                Read read = reads.poll(20, TimeUnit.SECONDS);
                assertThat(read).as("what comes after %s", order).isNotNull();
                order.add(read.first());
                left -= read.length();
            }
            assertThat(order.size()).as("reads").isGreaterThan(4);
            assertThat(order.get(1)).as("whose turn it is after the first").isNotEqualTo(order.get(0));
            assertThat(order.get(2)).as("whose turn it is then").isEqualTo(order.get(0));
        }
    }

    /** Connects, and waits until a first byte was read. */
    private SocketChannel connect(byte name) throws Exception {
        SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(Transport.socketFile(directory, PORT)));
        write(channel, name, 1);
        assertThat(reads.poll(20, TimeUnit.SECONDS)).isEqualTo(new Read(name, 1));
        return channel;
    }

    private static void write(SocketChannel channel, byte name, int length) throws Exception {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        while (bytes.hasRemaining()) {
            bytes.put(name);
        }
        bytes.flip();
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
