package dev.chaperone.postgres;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.NettyRuntime;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;

/**
 * What connections are made of, and how their addresses are written: the one place that knows. On Linux they are Netty's own,
 * which ask less of the processor than the JDK's; elsewhere the JDK's.
 */
final class Transport {

    /** Costs less here than the one that Netty takes by default, which suits buffers that go from thread to thread. */
    static final ByteBufAllocator ALLOCATOR = PooledByteBufAllocator.DEFAULT;

    /** One read a turn, of at most 64 KiB: a connection with much to say lets the others of its thread have theirs. */
    static final RecvByteBufAllocator READS = new AdaptiveRecvByteBufAllocator().maxMessagesPerRead(1);

    private static final boolean LINUX = Epoll.isAvailable();

    private Transport() {}

    /**
     * The threads that serve every connection of an enforcer: one for every two processors, since none of them ever waits for
     * anything but its connections. With more of them each finds less to do when it wakes, and wakes more often; and what
     * they record has to be written and shipped as well.
     */
    static EventLoopGroup loops() {
        return loops(Math.max(1, NettyRuntime.availableProcessors() / 2));
    }

    static EventLoopGroup loops(int threads) {
        IoHandlerFactory io = LINUX ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
        return new MultiThreadIoEventLoopGroup(threads, new DefaultThreadFactory("postgres"), io);
    }

    /** Accepts connections at addresses of that kind. */
    static Class<? extends ServerChannel> listening(SocketAddress address) {
        if (isUnix(address)) {
            return LINUX ? EpollServerDomainSocketChannel.class : NioServerDomainSocketChannel.class;
        }
        return LINUX ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
    }

    /** Connects to addresses of that kind. */
    static Class<? extends Channel> connecting(SocketAddress address) {
        if (isUnix(address)) {
            return LINUX ? EpollDomainSocketChannel.class : NioDomainSocketChannel.class;
        }
        return LINUX ? EpollSocketChannel.class : NioSocketChannel.class;
    }

    /** An address as those connections take it. */
    static SocketAddress taken(SocketAddress address) {
        return LINUX && address instanceof UnixDomainSocketAddress unix
                ? new DomainSocketAddress(unix.getPath().toFile())
                : address;
    }

    static boolean isUnix(SocketAddress address) {
        return address instanceof UnixDomainSocketAddress;
    }

    /** Where a server is: its host and port, or the Unix socket in the directory that stands for its host. */
    static SocketAddress address(String host, int port) {
        return host.startsWith("/")
                ? UnixDomainSocketAddress.of(socketFile(Path.of(host), port))
                : InetSocketAddress.createUnresolved(host, port);
    }

    /** The Unix socket of a port, as every PostgreSQL client calls it. */
    static Path socketFile(Path directory, int port) {
        return directory.resolve(".s.PGSQL." + port);
    }
}
