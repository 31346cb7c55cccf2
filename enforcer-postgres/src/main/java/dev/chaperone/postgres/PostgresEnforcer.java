package dev.chaperone.postgres;

import dev.chaperone.decision.v1.Mask;
import dev.chaperone.enforcer.Authenticator;
import dev.chaperone.enforcer.DecisionClient;
import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.enforcer.HoldGate;
import dev.chaperone.enforcer.MaskingFunction;
import dev.chaperone.enforcer.Recorder;
import dev.chaperone.enforcer.Zones;
import dev.chaperone.enforcer.detect.Detectors;
import dev.chaperone.postgres.wire.FrontendDecoder;
import dev.chaperone.proto.ErrorCode;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.ssl.SslContext;
import java.time.Duration;
import java.util.ArrayList;
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
 * The PostgreSQL enforcer: listens for clients, and guards the upstream databases that they may choose from.
 *
 * <p>It owns none of its collaborators: close them after the enforcer.
 */
public final class PostgresEnforcer implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(PostgresEnforcer.class);

    /** Room for a token: issuers that list groups make long ones. */
    private static final int LONGEST_PASSWORD = 32 << 10;

    private final PostgresConfig config;
    private final String enforcerName;
    private final Authenticator authenticator;
    private final DecisionClient decisions;
    private final HoldGate holds;
    private final Recorder recorder;
    private final Function<Mask, MaskingFunction> masks;
    private final Detectors detectors;
    private final MeterRegistry meters;
    private final Sessions sessions;
    private final List<Upstream> upstreams = new ArrayList<>();
    private @Nullable EventLoopGroup group;
    private @Nullable Listeners listeners;

    /**
     * Makes an enforcer that does nothing yet, and that has nobody to ask about what a policy holds.
     *
     * @param enforcerName the configured name, as it appears in decisions and records
     * @param masks gives the function that a mask obligation names; throws {@code EnforcementException} for one that it does
     *     not know
     * @param detectors give the nets that detection obligations name
     */
    public PostgresEnforcer(
            PostgresConfig config,
            String enforcerName,
            Authenticator authenticator,
            DecisionClient decisions,
            Recorder recorder,
            Function<Mask, MaskingFunction> masks,
            Detectors detectors,
            MeterRegistry meters) {
        this(config, enforcerName, authenticator, decisions, HoldGate.NONE, recorder, masks, detectors, meters);
    }

    /**
     * Makes an enforcer that does nothing yet.
     *
     * @param enforcerName the configured name, as it appears in decisions and records
     * @param holds who is asked about what a policy holds
     * @param masks gives the function that a mask obligation names; throws {@code EnforcementException} for one that it does
     *     not know
     * @param detectors give the nets that detection obligations name
     */
    public PostgresEnforcer(
            PostgresConfig config,
            String enforcerName,
            Authenticator authenticator,
            DecisionClient decisions,
            HoldGate holds,
            Recorder recorder,
            Function<Mask, MaskingFunction> masks,
            Detectors detectors,
            MeterRegistry meters) {
        this.config = config;
        this.enforcerName = enforcerName;
        this.authenticator = authenticator;
        this.decisions = decisions;
        this.holds = holds;
        this.recorder = recorder;
        this.masks = masks;
        this.detectors = detectors;
        this.meters = meters;
        this.sessions = new Sessions(config.bounds().sessions());
    }

    /**
     * Checks each upstream and the enforcer's role in it, then listens. Blocks until both are done.
     *
     * @throws EnforcementException when an upstream cannot be reached, or the role may do more than the configuration allows
     */
    public void start() {
        SslContext tls = Tls.server(config.listen());
        List<Services> services = new ArrayList<>();
        config.upstreams().forEach((name, upstream) -> services.add(start(name, upstream)));
        Front front = new Front(
                config,
                authenticator,
                recorder,
                PostgresMeters.of(meters, enforcerName, ""),
                sessions,
                new Upstreams(services),
                new Zones(config.zones()));
        EventLoopGroup loops = Transport.loops();
        group = loops;
        Listeners opened = Listeners.open(loops, config.listen(), connections(front, tls));
        listeners = opened;
        LOG.info(
                "guarding {} on {}",
                String.join(", ", config.upstreams().keySet()),
                String.join(" and ", opened.addresses()));
    }

    private Services start(String name, PostgresConfig.Upstream upstream) {
        Upstream started = Upstream.start(name, upstream, config.bounds());
        upstreams.add(started);
        PostgresMeters of = PostgresMeters.of(meters, enforcerName, name);
        of.gauge(PostgresMetric.SESSIONS, sessions, all -> all.size(started));
        return new Services(
                config,
                enforcerName,
                authenticator,
                decisions,
                holds,
                recorder,
                masks,
                detectors,
                of,
                started,
                sessions);
    }

    private ChannelInitializer<Channel> connections(Front front, @Nullable SslContext tls) {
        PostgresConfig.Bounds bounds = config.bounds();
        return new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                // As with a server, there is no TLS over a Unix socket.
                SslContext offered = channel instanceof SocketChannel ? tls : null;
                if (offered != null) {
                    channel.pipeline().addLast(new TlsDetector(offered));
                }
                FrontendDecoder decoder =
                        new FrontendDecoder((int) bounds.startupPacket().bytes(), LONGEST_PASSWORD, (int)
                                bounds.clientMessage().bytes());
                channel.pipeline().addLast(decoder).addLast(new ClientHandler(front, offered, decoder));
            }
        };
    }

    /**
     * Whether new sessions could be served now, with every upstream. Blocks for at most the connect timeout each.
     *
     * @throws EnforcementException naming everything that is wrong
     */
    public void check() {
        Listeners open = listeners;
        if (open == null || !open.listening()) {
            throw new EnforcementException(ErrorCode.OVERLOADED, "the PostgreSQL enforcer does not listen");
        }
        List<String> wrong = new ArrayList<>();
        for (Upstream upstream : upstreams) {
            try {
                upstream.check(config.bounds().connectTimeout());
            } catch (EnforcementException e) {
                wrong.add(String.valueOf(e.getMessage()));
            }
        }
        if (!wrong.isEmpty()) {
            throw new EnforcementException(ErrorCode.UPSTREAM_UNAVAILABLE, String.join("; ", wrong));
        }
    }

    /** The port that is listened on, also the number in the Unix socket's name; the configured one before {@link #start}. */
    public int port() {
        return listeners == null ? config.listen().port() : listeners.port();
    }

    /** Where it listens, for people; nowhere before {@link #start}. */
    public List<String> addresses() {
        return listeners == null ? List.of() : listeners.addresses();
    }

    /** Refuses new sessions, lets running requests finish within the configured bound, then ends every session. */
    @Override
    public void close() {
        sessions.drain();
        if (listeners != null) {
            listeners.close();
        }
        await(
                sessions.all().stream().map(Session::drain).toList(),
                config.bounds().drain());
        await(sessions.all().stream().map(Session::shutDown).toList(), Duration.ofSeconds(5));
        if (group != null) {
            group.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly();
        }
        upstreams.forEach(Upstream::close);
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
