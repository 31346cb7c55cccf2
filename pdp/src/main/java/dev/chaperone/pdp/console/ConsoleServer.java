package dev.chaperone.pdp.console;

import dev.chaperone.pdp.console.ConsoleConfig.Listen;
import dev.chaperone.pdp.console.ConsoleConfig.Tls;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.timeout.IdleStateHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Instant;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The console's HTTP server: one port, HTTP/1.1, with TLS of its own or behind a proxy of the same machine that ends it. */
public final class ConsoleServer implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ConsoleServer.class);

    private static final int MAX_LINE_BYTES = 4 << 10;
    private static final int MAX_HEADER_BYTES = 16 << 10;
    private static final int MAX_BODY_BYTES = 16 << 10;
    private static final int WORKERS = 8;
    private static final int WAITING = 256;
    private static final int BACKLOG = 128;
    private static final long IDLE_SECONDS = 60;
    private static final long STOP_SECONDS = 5;

    private final ConsoleConfig config;
    private final ApprovalDesk desk;
    private final Provider provider;
    private final Sessions sessions;
    private final Assets assets = new Assets();
    private final @Nullable Evidence evidence;
    private final EvidenceRoutes evidenceRoutes;
    private final FactsRoutes factsRoutes;
    private final MeterRegistry registry;
    private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE, true);
    private final EventLoopGroup loops =
            new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory("console", true), NioIoHandler.newFactory());
    private final ThreadPoolExecutor workers = new ThreadPoolExecutor(
            WORKERS,
            WORKERS,
            1,
            TimeUnit.MINUTES,
            new ArrayBlockingQueue<>(WAITING),
            new DefaultThreadFactory("console-worker", true));
    private @Nullable Channel listening;

    /**
     * A console that does nothing before {@link #start()}.
     *
     * @param desk where approvals are
     * @param keep where it keeps who is signed in
     * @param facts what the decision point beside it knows
     */
    public ConsoleServer(
            ConsoleConfig config, ApprovalDesk desk, Keep keep, ConsoleFacts facts, MeterRegistry registry) {
        this.config = config;
        this.desk = new GuardedDesk(desk);
        this.provider = new Provider(config.signIn(), config.roles());
        this.sessions = new Sessions(config.limits(), keep, Instant::now);
        this.evidence = config.evidence() == null ? null : new Evidence(config.evidence());
        this.evidenceRoutes = new EvidenceRoutes(evidence, provider);
        this.factsRoutes = new FactsRoutes(facts);
        this.registry = registry;
        workers.allowCoreThreadTimeOut(true);
        ConsoleMetric.CONNECTIONS.gauge(registry, connections::size);
    }

    /**
     * Listens.
     *
     * @throws UncheckedIOException when the address cannot be bound or the TLS files cannot be read
     */
    public void start() {
        Listen listen = config.listen();
        try {
            SslContext tls = tls(listen.tls());
            ServerBootstrap bootstrap = new ServerBootstrap()
                    .group(loops)
                    .channel(NioServerSocketChannel.class)
                    .option(ChannelOption.SO_BACKLOG, BACKLOG)
                    .childHandler(new Browsers(tls));
            listening = bind(bootstrap, new InetSocketAddress(listen.address(), listen.port()));
        } catch (RuntimeException e) {
            close();
            throw e;
        }
        LOG.info("the console is at {}{}", origin(), listen.plaintext() ? " without TLS" : "");
    }

    private static Channel bind(ServerBootstrap bootstrap, InetSocketAddress address) {
        var bound = bootstrap.bind(address).awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new UncheckedIOException(
                    "cannot listen on `" + address.getHostString() + ":" + address.getPort() + "`: "
                            + bound.cause().getMessage(),
                    new IOException(bound.cause()));
        }
        return bound.channel();
    }

    private static @Nullable SslContext tls(@Nullable Tls files) {
        if (files == null) {
            return null;
        }
        try {
            return SslContextBuilder.forServer(
                            files.certificate().toFile(), files.key().toFile())
                    .protocols("TLSv1.3", "TLSv1.2")
                    .build();
        } catch (IOException | IllegalArgumentException e) {
            throw new UncheckedIOException(
                    "the console's `tls` files cannot be read: " + e.getMessage(), new IOException(e));
        }
    }

    /** The port that is bound. */
    public int port() {
        Channel channel = listening;
        if (channel == null || !(channel.localAddress() instanceof InetSocketAddress address)) {
            throw new IllegalStateException("the console does not listen");
        }
        return address.getPort();
    }

    /** How browsers name it. */
    public URI origin() {
        URI configured = config.listen().publicUrl();
        if (configured != null) {
            return URI.create(configured.getScheme() + "://" + configured.getRawAuthority());
        }
        return origin(port());
    }

    private URI origin(int port) {
        return URI.create((config.listen().plaintext() ? "http" : "https") + "://localhost:" + port);
    }

    /**
     * Whether browsers are served.
     *
     * @throws IllegalStateException when they are not
     */
    public void check() {
        Channel channel = listening;
        if (channel == null || !channel.isActive()) {
            throw new IllegalStateException("the console does not listen");
        }
    }

    @Override
    public void close() {
        Channel channel = listening;
        if (channel != null) {
            channel.close().awaitUninterruptibly(STOP_SECONDS, TimeUnit.SECONDS);
        }
        connections.close().awaitUninterruptibly(STOP_SECONDS, TimeUnit.SECONDS);
        workers.shutdownNow();
        if (evidence != null) {
            evidence.close();
        }
        loops.shutdownGracefully(0, STOP_SECONDS, TimeUnit.SECONDS)
                .awaitUninterruptibly(STOP_SECONDS, TimeUnit.SECONDS);
    }

    /** What becomes of a connection. */
    private final class Browsers extends ChannelInitializer<SocketChannel> {

        private final @Nullable SslContext tls;

        Browsers(@Nullable SslContext tls) {
            this.tls = tls;
        }

        @Override
        protected void initChannel(SocketChannel channel) {
            if (connections.size() >= config.limits().maxConnections()) {
                channel.close();
                return;
            }
            connections.add(channel);
            URI configured = config.listen().publicUrl();
            URI origin = configured == null ? origin(channel.localAddress().getPort()) : origin();
            if (tls != null) {
                channel.pipeline().addLast(tls.newHandler(channel.alloc()));
            }
            channel.pipeline()
                    .addLast(
                            new HttpServerCodec(new HttpDecoderConfig()
                                    .setMaxInitialLineLength(MAX_LINE_BYTES)
                                    .setMaxHeaderSize(MAX_HEADER_BYTES)),
                            new IdleStateHandler(0, 0, IDLE_SECONDS, TimeUnit.SECONDS),
                            new HttpObjectAggregator(MAX_BODY_BYTES, true),
                            new ConsoleConnection(
                                    new ConsoleRoutes(
                                            origin,
                                            provider,
                                            sessions,
                                            desk,
                                            evidenceRoutes,
                                            factsRoutes,
                                            assets,
                                            ConsoleMetric.SIGN_INS.counter(registry)),
                                    sessions,
                                    desk,
                                    new SecurityHeaders("https".equals(origin.getScheme())),
                                    workers,
                                    registry));
        }
    }
}
