package dev.chaperone.pdp;

import dev.chaperone.decision.v1.DecisionServiceGrpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.ServerBuilder;
import io.grpc.ServerCredentials;
import io.grpc.ServerServiceDefinition;
import io.grpc.TlsServerCredentials;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The decision point: serves decisions, policy announcements and gRPC health. It is healthy from the moment a policy is in
 * force until it drains; before and after, every request is refused, which means deny.
 */
public final class DecisionServer implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(DecisionServer.class);

    private static final int MAX_METADATA_BYTES = 16 << 10;
    private static final long HANDSHAKE_SECONDS = 10;
    // Enforcers ask every 10 s whether we are still there; who asks much more often is sent away.
    private static final long LEAST_KEEP_ALIVE_SECONDS = 5;
    private static final long KEEP_ALIVE_SECONDS = 20;
    private static final long KEEP_ALIVE_TIMEOUT_SECONDS = 5;

    private final PdpConfig config;
    private final PolicyStore store;
    private final HealthStatusManager health = new HealthStatusManager();
    private final Enforcers enforcers = new Enforcers();
    private final PolicyWatchers watchers;
    private final DecisionEndpoint endpoint;
    private final List<Server> servers = new ArrayList<>();
    private final List<ServerServiceDefinition> more = new ArrayList<>();
    private final AtomicBoolean closed = new AtomicBoolean();

    /** A decision point that does nothing before {@link #start()}. */
    public DecisionServer(PdpConfig config, MeterRegistry registry) {
        this(config, new PolicyStore(config, registry), registry);
    }

    DecisionServer(PdpConfig config, PolicyStore store, MeterRegistry registry) {
        this.config = config;
        this.store = store;
        this.watchers = new PolicyWatchers(config.limits().maxWatchers(), enforcers);
        this.endpoint = new DecisionEndpoint(store, watchers, enforcers, registry);
        PdpMetric.WATCHERS.gauge(registry, watchers::count);
        health(ServingStatus.NOT_SERVING);
        store.onActivated(policy -> {
            watchers.announce(policy.version(), policy.digest(), policy.since());
            health(ServingStatus.SERVING);
        });
    }

    /** Serves something else to the same enforcers, from {@link #start()} on; its requests have the same bounds. */
    public void serve(ServerServiceDefinition service) {
        more.add(service);
    }

    /**
     * Listens, then takes the policy into force. Returns once decisions are made, which takes seconds; closes itself when
     * that fails.
     *
     * @throws PolicyLoadException when the policy or the catalog cannot be taken, with everything that is wrong
     * @throws UncheckedIOException when the address cannot be bound
     */
    public void start() {
        try {
            listen();
            store.start();
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /** Binds; health says NOT_SERVING. */
    void listen() {
        PdpConfig.Listen listen = config.listen();
        NettyServerBuilder network = NettyServerBuilder.forAddress(
                        new InetSocketAddress(listen.address(), listen.port()), credentials(listen))
                .maxConcurrentCallsPerConnection(config.limits().maxCallsPerConnection())
                .handshakeTimeout(HANDSHAKE_SECONDS, TimeUnit.SECONDS)
                .permitKeepAliveTime(LEAST_KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
                .permitKeepAliveWithoutCalls(true)
                .keepAliveTime(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
                .keepAliveTimeout(KEEP_ALIVE_TIMEOUT_SECONDS, TimeUnit.SECONDS);
        try {
            servers.add(serve(network));
            if (listen.inProcess() != null) {
                servers.add(serve(InProcessServerBuilder.forName(listen.inProcess())));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "cannot listen on `" + listen.address() + ":" + listen.port() + "`: " + e.getMessage(), e);
        }
        LOG.info("listening on {}:{}{}", listen.address(), port(), listen.plaintext() ? " without TLS" : "");
    }

    private Server serve(ServerBuilder<?> builder) throws IOException {
        more.forEach(builder::addService);
        return builder.directExecutor()
                .maxInboundMessageSize(
                        Math.toIntExact(config.limits().maxRequest().bytes()))
                .maxInboundMetadataSize(MAX_METADATA_BYTES)
                .addService(endpoint)
                .addService(health.getHealthService())
                .build()
                .start();
    }

    private static ServerCredentials credentials(PdpConfig.Listen listen) {
        PdpConfig.Tls tls = listen.tls();
        if (tls == null) {
            return InsecureServerCredentials.create();
        }
        try {
            TlsServerCredentials.Builder builder = TlsServerCredentials.newBuilder()
                    .keyManager(tls.certificate().toFile(), tls.key().toFile());
            if (tls.clientCa() != null) {
                builder.trustManager(tls.clientCa().toFile()).clientAuth(TlsServerCredentials.ClientAuth.REQUIRE);
            }
            return builder.build();
        } catch (IOException e) {
            throw new UncheckedIOException("the decision point's `tls` files cannot be read: " + e.getMessage(), e);
        }
    }

    private void health(ServingStatus status) {
        health.setStatus(HealthStatusManager.SERVICE_NAME_ALL_SERVICES, status);
        health.setStatus(DecisionServiceGrpc.SERVICE_NAME, status);
    }

    /** The port that is bound, which differs from the configured one where that is 0. */
    public int port() {
        return servers.get(0).getPort();
    }

    /** The policy in force and how it got there. */
    public PolicyStore policies() {
        return store;
    }

    /** The enforcers that this decision point hears of, by name. */
    public List<EnforcerStatus> enforcers() {
        return enforcers.list();
    }

    /** Drains: not healthy, no new requests, announcements ended, requests in progress answered; then stops. */
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        health.enterTerminalState();
        watchers.close();
        servers.forEach(Server::shutdown);
        long end = System.nanoTime() + config.drainTimeout().toNanos();
        for (Server server : servers) {
            try {
                if (!server.awaitTermination(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS)) {
                    LOG.warn("requests were still in progress after {}; they are cut off", config.drainTimeout());
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            server.shutdownNow();
        }
        store.close();
    }
}
