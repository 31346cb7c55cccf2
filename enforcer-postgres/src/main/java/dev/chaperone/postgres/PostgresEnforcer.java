package dev.chaperone.postgres;

import dev.chaperone.decision.v1.Mask;
import dev.chaperone.enforcer.Authenticator;
import dev.chaperone.enforcer.DecisionClient;
import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.enforcer.MaskingFunction;
import dev.chaperone.enforcer.Recorder;
import dev.chaperone.postgres.analysis.CatalogLoader;
import dev.chaperone.postgres.analysis.CatalogService;
import dev.chaperone.postgres.wire.FrontendDecoder;
import dev.chaperone.proto.ErrorCode;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.net.InetSocketAddress;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The PostgreSQL enforcer: listens for clients, and guards one upstream database.
 *
 * <p>It owns none of its collaborators: close them after the enforcer.
 */
public final class PostgresEnforcer implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(PostgresEnforcer.class);

    /** Room for a token: issuers that list groups make long ones. */
    private static final int LONGEST_PASSWORD = 32 << 10;

    private static final Duration CATALOG_INTERVAL = Duration.ofMinutes(1);

    private final PostgresConfig config;
    private final String enforcerName;
    private final Authenticator authenticator;
    private final DecisionClient decisions;
    private final Recorder recorder;
    private final Function<Mask, MaskingFunction> masks;
    private final MeterRegistry meters;
    private final Sessions sessions = new Sessions();
    private final UpstreamJdbc jdbc;
    private @Nullable EventLoopGroup group;
    private @Nullable CatalogService catalog;
    private @Nullable Channel listener;

    /**
     * Makes an enforcer that does nothing yet.
     *
     * @param enforcerName the configured name, as it appears in decisions and records
     * @param masks gives the function that a mask obligation names; throws {@code EnforcementException} for one that it does
     *     not know
     */
    public PostgresEnforcer(
            PostgresConfig config,
            String enforcerName,
            Authenticator authenticator,
            DecisionClient decisions,
            Recorder recorder,
            Function<Mask, MaskingFunction> masks,
            MeterRegistry meters) {
        this.config = config;
        this.enforcerName = enforcerName;
        this.authenticator = authenticator;
        this.decisions = decisions;
        this.recorder = recorder;
        this.masks = masks;
        this.meters = meters;
        this.jdbc = new UpstreamJdbc(config);
    }

    /**
     * Checks the upstream and its role, then listens. Blocks until both are done.
     *
     * @throws EnforcementException when the upstream cannot be reached, or its role may do more than the configuration allows
     */
    public void start() {
        SslContext tls = Tls.server(config.listen());
        checkRole();
        try {
            catalog = CatalogService.start(new CatalogLoader(jdbc::open), CATALOG_INTERVAL);
        } catch (IllegalStateException e) {
            throw new EnforcementException(
                    ErrorCode.UPSTREAM_UNAVAILABLE,
                    "the catalog of upstream `" + config.upstream().name() + "` cannot be read: " + e.getMessage(),
                    e);
        }
        UpstreamConnector connector = new UpstreamConnector(config);
        Services services = new Services(
                config,
                enforcerName,
                authenticator,
                decisions,
                recorder,
                masks,
                meters,
                new Analyses(catalog),
                connector,
                sessions);
        Gauge.builder(PostgresMetric.SESSIONS.metric(), sessions, Sessions::size)
                .description(PostgresMetric.SESSIONS.description())
                .register(meters);
        EventLoopGroup loops =
                new MultiThreadIoEventLoopGroup(0, new DefaultThreadFactory("postgres"), NioIoHandler.newFactory());
        group = loops;
        listener = listen(loops, services, tls);
        LOG.info("guarding upstream `{}` on port {}", config.upstream().name(), port());
    }

    private void checkRole() {
        try (Connection connection = jdbc.open()) {
            RoleCheck.check(connection, config.upstream());
        } catch (SQLException e) {
            throw new EnforcementException(
                    ErrorCode.UPSTREAM_UNAVAILABLE,
                    "upstream `" + config.upstream().name() + "` at "
                            + config.upstream().host() + ":" + config.upstream().port()
                            + " does not let the enforcer in: " + e.getMessage(),
                    e);
        }
    }

    private Channel listen(EventLoopGroup loops, Services services, @Nullable SslContext tls) {
        var bound = new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.SO_KEEPALIVE, true)
                .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, new WriteBufferWaterMark(256 << 10, 1 << 20))
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        FrontendDecoder decoder = new FrontendDecoder(
                                (int) config.bounds().startupPacket().bytes(), LONGEST_PASSWORD, (int)
                                        config.bounds().clientMessage().bytes());
                        channel.pipeline().addLast(decoder).addLast(new ClientHandler(services, tls, decoder));
                    }
                })
                .bind(config.listen().host(), config.listen().port())
                .awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new EnforcementException(
                    ErrorCode.INTERNAL,
                    "cannot listen on " + config.listen().host() + ":"
                            + config.listen().port() + ": " + bound.cause().getMessage(),
                    bound.cause());
        }
        return bound.channel();
    }

    /**
     * Whether a new session could be served now. Blocks for at most the connect timeout.
     *
     * @throws EnforcementException saying what is wrong
     */
    public void check() {
        Channel listening = listener;
        if (listening == null || !listening.isActive()) {
            throw new EnforcementException(ErrorCode.OVERLOADED, "the PostgreSQL enforcer does not listen");
        }
        try (Connection connection = jdbc.open()) {
            if (!connection.isValid(
                    (int) Math.max(1, config.bounds().connectTimeout().toSeconds()))) {
                throw new EnforcementException(
                        ErrorCode.UPSTREAM_UNAVAILABLE,
                        "upstream `" + config.upstream().name() + "` does not answer");
            }
        } catch (SQLException e) {
            throw new EnforcementException(
                    ErrorCode.UPSTREAM_UNAVAILABLE,
                    "upstream `" + config.upstream().name() + "` cannot be reached: " + e.getMessage(),
                    e);
        }
    }

    /** The TCP port that is listened on; the configured one before {@link #start}. */
    public int port() {
        Channel listening = listener;
        return listening != null && listening.localAddress() instanceof InetSocketAddress address
                ? address.getPort()
                : config.listen().port();
    }

    /** Refuses new sessions, lets running requests finish within the configured bound, then ends every session. */
    @Override
    public void close() {
        sessions.drain();
        if (listener != null) {
            listener.close().awaitUninterruptibly();
        }
        await(
                sessions.all().stream().map(Session::drain).toList(),
                config.bounds().drain());
        await(sessions.all().stream().map(Session::shutDown).toList(), Duration.ofSeconds(5));
        if (group != null) {
            group.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly();
        }
        if (catalog != null) {
            catalog.close();
        }
    }

    private static void await(List<CompletableFuture<Void>> ended, Duration most) {
        try {
            CompletableFuture.allOf(ended.toArray(CompletableFuture[]::new))
                    .get(most.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            LOG.warn("sessions are still busy after {}", most);
        } catch (ExecutionException e) {
            LOG.warn("a session did not end in order", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
