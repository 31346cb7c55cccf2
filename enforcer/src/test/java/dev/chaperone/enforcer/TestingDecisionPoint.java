package dev.chaperone.enforcer;

import com.google.protobuf.ByteString;
import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.DecideResponse;
import dev.chaperone.decision.v1.DecisionServiceGrpc;
import dev.chaperone.decision.v1.WatchPolicyRequest;
import dev.chaperone.decision.v1.WatchPolicyResponse;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A gRPC server that answers whatever a test wants, rightly or wrongly. */
final class TestingDecisionPoint extends DecisionServiceGrpc.DecisionServiceImplBase implements AutoCloseable {

    static final ByteString DIGEST = digest(1);

    private final Server server;
    private final AtomicInteger asked = new AtomicInteger();
    private final Set<StreamObserver<WatchPolicyResponse>> watchers = new HashSet<>();
    private volatile @Nullable Function<DecideRequest, DecideResponse> answer;
    private volatile Status failure = Status.OK;
    private volatile Status watchFailure = Status.OK;
    private @Nullable WatchPolicyResponse policy;

    TestingDecisionPoint() {
        this(0);
    }

    TestingDecisionPoint(int port) {
        try {
            server = NettyServerBuilder.forAddress(
                            new InetSocketAddress("127.0.0.1", port), InsecureServerCredentials.create())
                    .permitKeepAliveTime(1, TimeUnit.SECONDS)
                    .permitKeepAliveWithoutCalls(true)
                    .addService(this)
                    .build()
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static ByteString digest(int seed) {
        byte[] digest = new byte[32];
        digest[31] = (byte) seed;
        return ByteString.copyFrom(digest);
    }

    int port() {
        return server.getPort();
    }

    String target() {
        return "127.0.0.1:" + port();
    }

    /** Requests that arrived here. */
    int asked() {
        return asked.get();
    }

    void answer(Function<DecideRequest, DecideResponse> how) {
        answer = how;
    }

    /** Takes requests and never answers them. */
    void fallSilent() {
        answer = null;
    }

    void fail(Status with) {
        failure = with;
    }

    synchronized void announce(String version, ByteString digest) {
        policy = WatchPolicyResponse.newBuilder()
                .setPolicyVersion(version)
                .setPolicyDigest(digest)
                .build();
        List.copyOf(watchers).forEach(watcher -> watcher.onNext(policy));
    }

    /** Ends every stream of announcements, and every new one until {@link #takeWatchers()}. */
    synchronized void dropWatchers() {
        watchFailure = Status.UNAVAILABLE;
        watchers.forEach(watcher -> watcher.onError(Status.UNAVAILABLE.asException()));
        watchers.clear();
    }

    void takeWatchers() {
        watchFailure = Status.OK;
    }

    @Override
    public void decide(DecideRequest request, StreamObserver<DecideResponse> responses) {
        asked.incrementAndGet();
        Function<DecideRequest, DecideResponse> how = answer;
        if (!failure.isOk()) {
            responses.onError(failure.asException());
        } else if (how != null) {
            responses.onNext(how.apply(request));
            responses.onCompleted();
        }
    }

    @Override
    public synchronized void watchPolicy(WatchPolicyRequest request, StreamObserver<WatchPolicyResponse> responses) {
        if (!watchFailure.isOk()) {
            responses.onError(watchFailure.asException());
            return;
        }
        watchers.add(responses);
        if (policy != null) {
            responses.onNext(policy);
        }
    }

    @Override
    public void close() {
        server.shutdownNow();
        try {
            if (!server.awaitTermination(10, TimeUnit.SECONDS)) {
                throw new IllegalStateException("the testing decision point did not stop");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Waits until a condition holds, at most half a minute. */
    static void await(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("never happened: " + what);
            }
            LockSupport.parkNanos(Duration.ofMillis(2).toNanos());
        }
    }
}
