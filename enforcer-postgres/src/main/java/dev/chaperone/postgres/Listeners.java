package dev.chaperone.postgres;

import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.proto.ErrorCode;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Where clients connect to: a TCP port, a Unix socket, or both. */
final class Listeners implements AutoCloseable {

    private static final WriteBufferWaterMark WATER_MARK = new WriteBufferWaterMark(256 << 10, 1 << 20);

    private final PostgresConfig.Listen config;
    private final List<Channel> channels = new ArrayList<>();
    private int port;
    private @Nullable UnixSocketFile file;

    private Listeners(PostgresConfig.Listen config) {
        this.config = config;
        this.port = config.port();
    }

    /**
     * Listens wherever the configuration says.
     *
     * @param connection prepares the pipeline of a new connection
     * @throws EnforcementException when it cannot listen there
     */
    static Listeners open(EventLoopGroup loops, PostgresConfig.Listen config, ChannelHandler connection) {
        Listeners listeners = new Listeners(config);
        try {
            if (config.tcp()) {
                listeners.tcp(loops, connection);
            }
            if (config.unix() != null) {
                listeners.unix(loops, config.unix(), connection);
            }
            return listeners;
        } catch (EnforcementException e) {
            listeners.close();
            throw e;
        }
    }

    private void tcp(EventLoopGroup loops, ChannelHandler connection) {
        SocketAddress address = new InetSocketAddress(config.host(), config.port());
        Channel channel = bind(
                bootstrap(loops, address, connection)
                        .option(ChannelOption.SO_REUSEADDR, true)
                        .childOption(ChannelOption.TCP_NODELAY, true)
                        .childOption(ChannelOption.SO_KEEPALIVE, true),
                address,
                config.host() + ":" + config.port());
        if (channel.localAddress() instanceof InetSocketAddress bound) {
            port = bound.getPort();
        }
    }

    private void unix(EventLoopGroup loops, PostgresConfig.UnixSocket socket, ChannelHandler connection) {
        UnixSocketFile prepared = UnixSocketFile.prepare(Transport.socketFile(socket.directory(), port));
        file = prepared;
        bind(bootstrap(loops, prepared.address(), connection), prepared.address(), "`" + prepared.path() + "`");
        prepared.publish(socket.permissions());
    }

    private static ServerBootstrap bootstrap(EventLoopGroup loops, SocketAddress address, ChannelHandler connection) {
        return new ServerBootstrap()
                .group(loops)
                .channel(Transport.listening(address))
                .childOption(ChannelOption.ALLOCATOR, Transport.ALLOCATOR)
                .childOption(ChannelOption.RCVBUF_ALLOCATOR, Transport.READS)
                .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK)
                .childHandler(connection);
    }

    private Channel bind(ServerBootstrap bootstrap, SocketAddress address, String where) {
        var bound = bootstrap.bind(Transport.taken(address)).awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new EnforcementException(
                    ErrorCode.INTERNAL,
                    "cannot listen on " + where + ": " + bound.cause().getMessage(),
                    bound.cause());
        }
        channels.add(bound.channel());
        return bound.channel();
    }

    /** The port: of TCP, and in the name of the Unix socket. */
    int port() {
        return port;
    }

    /** Where it listens, for people. */
    List<String> addresses() {
        List<String> addresses = new ArrayList<>();
        if (config.tcp()) {
            addresses.add(config.host() + ":" + port);
        }
        if (file != null) {
            addresses.add(file.path().toString());
        }
        return addresses;
    }

    /** True while new connections are accepted everywhere. */
    boolean listening() {
        return !channels.isEmpty() && channels.stream().allMatch(Channel::isActive);
    }

    /** Accepts no more; connections that there are stay. */
    @Override
    public void close() {
        channels.forEach(channel -> channel.close().awaitUninterruptibly());
        if (file != null) {
            file.close();
        }
    }
}
