package dev.chaperone.pdp.approval;

import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.ServerCredentials;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.TlsServerCredentials;
import io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What is reached of approvals from outside: {@link #forEnforcers()} is served where decisions are, to those who may ask for them;
 * people have an address of their own, at which they prove themselves with a token.
 */
public final class ApprovalServer implements AutoCloseable {

    private static final int MAX_METADATA_BYTES = 32 << 10;
    private static final int MAX_REQUEST_BYTES = 64 << 10;
    private static final int MAX_CALLS_PER_CONNECTION = 64;
    private static final long HANDSHAKE_SECONDS = 10;
    private static final long LEAST_KEEP_ALIVE_SECONDS = 5;
    private static final long KEEP_ALIVE_SECONDS = 20;
    private static final long DRAIN_SECONDS = 5;

    private final ApprovalsConfig.Listen listen;
    private final Followings followings = new Followings();
    private final Calls calls;
    private final EnforcerEndpoint enforcers;
    private final PeopleEndpoint people;
    private @Nullable Server server;

    /** Serves nothing to people before {@link #start()}. */
    public ApprovalServer(ApprovalsConfig.Listen listen, Approvals approvals, Identities identities) {
        this.listen = listen;
        this.calls = new Calls(
                approvals.config().store().connections(),
                approvals.config().limits().calls());
        this.enforcers = new EnforcerEndpoint(approvals, followings, calls);
        this.people = new PeopleEndpoint(approvals, identities, followings, calls, Clock.systemUTC());
    }

    /** What enforcers may call. Whoever serves it answers for it that only enforcers can. */
    public ServerServiceDefinition forEnforcers() {
        return ServerInterceptors.intercept(enforcers, new ProvenEnforcer());
    }

    /**
     * Listens for people.
     *
     * @throws UncheckedIOException when the address cannot be bound
     */
    public void start() {
        try {
            server = NettyServerBuilder.forAddress(
                            new InetSocketAddress(listen.address(), listen.port()), credentials(listen))
                    .directExecutor()
                    .maxInboundMessageSize(MAX_REQUEST_BYTES)
                    .maxInboundMetadataSize(MAX_METADATA_BYTES)
                    .maxConcurrentCallsPerConnection(MAX_CALLS_PER_CONNECTION)
                    .handshakeTimeout(HANDSHAKE_SECONDS, TimeUnit.SECONDS)
                    .permitKeepAliveTime(LEAST_KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
                    .permitKeepAliveWithoutCalls(true)
                    .keepAliveTime(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
                    .addService(ServerInterceptors.intercept(people, new Bearer()))
                    .build()
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "cannot listen on `" + listen.address() + ":" + listen.port() + "`: " + e.getMessage(), e);
        }
    }

    private static ServerCredentials credentials(ApprovalsConfig.Listen listen) {
        ApprovalsConfig.Tls tls = listen.tls();
        if (tls == null) {
            return InsecureServerCredentials.create();
        }
        try {
            return TlsServerCredentials.create(
                    tls.certificate().toFile(), tls.key().toFile());
        } catch (IOException e) {
            throw new UncheckedIOException("the `tls` files of `approvals` cannot be read: " + e.getMessage(), e);
        }
    }

    /** The port at which people are served. */
    public int port() {
        Server started = server;
        if (started == null) {
            throw new IllegalStateException("not started");
        }
        return started.getPort();
    }

    /** Ends the streams of enforcers and people, who look for another replica then; calls are answered still. */
    public void drain() {
        followings.drain();
    }

    @Override
    public void close() {
        drain();
        Server started = server;
        if (started != null) {
            started.shutdown();
            try {
                if (!started.awaitTermination(DRAIN_SECONDS, TimeUnit.SECONDS)) {
                    started.shutdownNow();
                }
            } catch (InterruptedException e) {
                started.shutdownNow();
                Thread.currentThread().interrupt();
            }
        }
        calls.close();
    }
}
