package dev.chaperone.audit;

import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.ServerBuilder;
import io.grpc.ServerCredentials;
import io.grpc.ServerInterceptors;
import io.grpc.TlsServerCredentials;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Answers questions about the ledger that a sink writes: for consoles, over mutual TLS or within one process. */
public final class EvidenceServer implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(EvidenceServer.class);

    private static final int MAX_METADATA_BYTES = 16 << 10;
    private static final int MAX_REQUEST_BYTES = 64 << 10;
    private static final int MAX_CALLS_PER_CONNECTION = 64;
    private static final long HANDSHAKE_SECONDS = 10;
    private static final long LEAST_KEEP_ALIVE_SECONDS = 5;
    private static final long STOP_SECONDS = 5;

    private final EvidenceConfig config;
    private final Path ledger;
    private final AccessLog accesses;
    private final SessionIndex index;
    private final Verification verification;
    private final EvidenceCalls calls = new EvidenceCalls();
    private final EvidenceEndpoint endpoint;
    private final List<Server> servers = new ArrayList<>();

    private EvidenceServer(EvidenceConfig config, Path ledger, AuditSink sink, AccessLog accesses) {
        this.config = config;
        this.ledger = ledger;
        this.accesses = accesses;
        this.index = new SessionIndex(ledger, config.maxSessions());
        this.verification = new Verification(ledger, config.keys());
        this.endpoint = new EvidenceEndpoint(
                ledger, index, accesses, verification, new LedgerState(ledger, sink), calls, sink.meters());
    }

    /**
     * Listens, and begins to read the ledger.
     *
     * @param sink that writes the ledger; somebody else starts and closes it
     * @throws IOException when the address cannot be bound, a key cannot be read, or accesses cannot be put on record
     */
    public static EvidenceServer start(EvidenceConfig config, Path ledger, AuditSink sink) throws IOException {
        if (!config.keys().isEmpty()) {
            TrustedKeys.read(config.keys());
        }
        EvidenceServer server = new EvidenceServer(config, ledger, sink, AccessLog.open(ledger, Clock.systemUTC()));
        try {
            server.index.start();
            server.listen();
            return server;
        } catch (IOException | RuntimeException e) {
            server.close();
            throw e;
        }
    }

    private void listen() throws IOException {
        EvidenceConfig.Listen listen = config.listen();
        if (listen != null) {
            servers.add(serve(NettyServerBuilder.forAddress(
                            new InetSocketAddress(listen.address(), listen.port()), credentials(listen))
                    .maxConcurrentCallsPerConnection(MAX_CALLS_PER_CONNECTION)
                    .handshakeTimeout(HANDSHAKE_SECONDS, TimeUnit.SECONDS)
                    .permitKeepAliveTime(LEAST_KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
                    .permitKeepAliveWithoutCalls(true)));
            log.info(
                    "evidence is served on {}:{}{}",
                    listen.address(),
                    port(),
                    listen.plaintext() ? " to this machine, without TLS" : "");
        }
        if (config.inProcess() != null) {
            servers.add(serve(InProcessServerBuilder.forName(config.inProcess())));
        }
    }

    private Server serve(ServerBuilder<?> builder) throws IOException {
        return builder.directExecutor()
                .maxInboundMessageSize(MAX_REQUEST_BYTES)
                .maxInboundMetadataSize(MAX_METADATA_BYTES)
                .addService(ServerInterceptors.intercept(endpoint, new Caller()))
                .build()
                .start();
    }

    private static ServerCredentials credentials(EvidenceConfig.Listen listen) throws IOException {
        EvidenceConfig.Tls tls = listen.tls();
        return tls == null
                ? InsecureServerCredentials.create()
                : TlsServerCredentials.newBuilder()
                        .keyManager(tls.certificate().toFile(), tls.key().toFile())
                        .trustManager(tls.clientCa().toFile())
                        .clientAuth(TlsServerCredentials.ClientAuth.REQUIRE)
                        .build();
    }

    /** The port that is bound; 0 when only this process is served. */
    public int port() {
        return config.listen() == null || servers.isEmpty() ? 0 : servers.get(0).getPort();
    }

    /**
     * Whether questions are answered.
     *
     * @throws IllegalStateException with the reason when they are not
     */
    public void check() {
        if (servers.stream().anyMatch(Server::isShutdown)) {
            throw new IllegalStateException("evidence is not served any more");
        }
        String failure = index.failure();
        if (!failure.isEmpty()) {
            throw new IllegalStateException("sessions cannot be searched: " + failure);
        }
    }

    /** Where accesses are put on record. */
    public Path accessFile() {
        return ledger.resolve(AccessLog.FILE);
    }

    @Override
    public void close() {
        servers.forEach(Server::shutdown);
        verification.close();
        for (Server server : servers) {
            try {
                if (!server.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS)) {
                    server.shutdownNow();
                }
            } catch (InterruptedException e) {
                server.shutdownNow();
                Thread.currentThread().interrupt();
            }
        }
        calls.close();
        index.close();
        try {
            accesses.close();
        } catch (IOException e) {
            log.warn("the record of accesses was not closed in order", e);
        }
    }
}
