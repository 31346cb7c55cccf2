package dev.chaperone.postgres;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.NettyRuntime;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;

/** What connections are made of, and how their addresses are written: the one place that knows. */
final class Transport {

    /** Costs less here than the one that Netty takes by default, which suits buffers that go from thread to thread. */
    static final ByteBufAllocator ALLOCATOR = PooledByteBufAllocator.DEFAULT;

    private Transport() {}

    /**
     * The threads that serve every connection of an enforcer: one for each processor, since none of them ever waits for
     * anything but its connections. With more of them each finds less to do when it wakes, and wakes more often.
     */
    static EventLoopGroup loops() {
        return new MultiThreadIoEventLoopGroup(
                NettyRuntime.availableProcessors(), new DefaultThreadFactory("postgres"), NioIoHandler.newFactory());
    }

    /** Accepts connections at addresses of that kind. */
    static Class<? extends ServerChannel> listening(SocketAddress address) {
        return isUnix(address) ? NioServerDomainSocketChannel.class : NioServerSocketChannel.class;
    }

    /** Connects to addresses of that kind. */
    static Class<? extends Channel> connecting(SocketAddress address) {
        return isUnix(address) ? NioDomainSocketChannel.class : NioSocketChannel.class;
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
