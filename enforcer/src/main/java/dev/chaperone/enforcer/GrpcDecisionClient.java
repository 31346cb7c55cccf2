package dev.chaperone.enforcer;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.DecideResponse;
import dev.chaperone.decision.v1.DecisionServiceGrpc;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks decision points over gRPC, with a deadline, and keeps what may be kept.
 *
 * <p>An outcome that had to be asked for completes on a thread of the channel: hop back to your own and never block in a
 * callback. A kept one is complete when {@link #decide} returns.
 */
public final class GrpcDecisionClient implements DecisionClient {

    private static final Logger LOG = LoggerFactory.getLogger(GrpcDecisionClient.class);
    private static final long CLOSE_SECONDS = 5;

    private final ManagedChannel channel;
    private final DecisionServiceGrpc.DecisionServiceStub stub;
    private final long deadlineNanos;
    private final int maxInFlight;
    private final DecisionCache cache;
    private final PolicyWatch watch;
    private final DecisionMeters meters;
    private final AtomicInteger inFlight = new AtomicInteger();
    private final AtomicBoolean closed = new AtomicBoolean();

    private GrpcDecisionClient(DecisionClientConfig config, String enforcer, MeterRegistry registry) {
        channel = DecisionChannels.open(config);
        stub = DecisionServiceGrpc.newStub(channel);
        deadlineNanos = config.deadline().toNanos();
        maxInFlight = config.maxInFlight();
        cache = new DecisionCache(config.cache(), InstantSource.system(), Ticker.systemTicker());
        meters = new DecisionMeters(registry, inFlight);
        watch = new PolicyWatch(channel, enforcer, cache, meters);
    }

    /**
     * Starts a client. Connecting goes on in the background; until it succeeds every request is denied.
     *
     * @param enforcer this enforcer's configured name, for the decision point's log
     * @throws IllegalArgumentException when a certificate or key file cannot be used
     */
    public static GrpcDecisionClient connect(DecisionClientConfig config, String enforcer, MeterRegistry registry) {
        GrpcDecisionClient client = new GrpcDecisionClient(config, enforcer, registry);
        client.watch.start();
        return client;
    }

    @Override
    public CompletionStage<Outcome> decide(DecideRequest request) {
        long started = System.nanoTime();
        DecisionCache.Lookup lookup = cache.lookup(request);
        if (lookup.hit() != null) {
            Outcome outcome = new Outcome(lookup.hit(), true, null);
            meters.decided(outcome, System.nanoTime() - started);
            return CompletableFuture.completedFuture(outcome);
        }
        CompletableFuture<Outcome> future = new CompletableFuture<>();
        if (inFlight.incrementAndGet() > maxInFlight) {
            finish(future, DecisionAnswers.unavailable("too many requests wait for the decision point"), started);
            return future;
        }
        Answer answer = new Answer(future, lookup, started);
        try {
            stub.withDeadlineAfter(deadlineNanos, TimeUnit.NANOSECONDS).decide(request, answer);
        } catch (RuntimeException e) {
            answer.onError(e);
        }
        return future;
    }

    @Override
    public @Nullable Kept kept(DecideRequest request) {
        Kept kept = cache.kept(request);
        if (kept == null) {
            return null;
        }
        Outcome outcome = new Outcome(kept.decision(), true, null);
        return new Kept(kept.decision(), () -> {
            boolean holds = kept.again().getAsBoolean();
            if (holds) {
                meters.decided(outcome, 0);
            }
            return holds;
        });
    }

    /** True while policy announcements are followed, which is when the decision point is known to be there. */
    public boolean isConnected() {
        return watch.isConnected();
    }

    private void finish(CompletableFuture<Outcome> future, Outcome outcome, long started) {
        inFlight.decrementAndGet();
        meters.decided(outcome, System.nanoTime() - started);
        future.complete(outcome);
    }

    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        watch.close();
        channel.shutdownNow();
        try {
            if (!channel.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
                LOG.warn("connections to the decision point did not close within {} s", CLOSE_SECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Waits for one answer. */
    private final class Answer implements StreamObserver<DecideResponse> {

        private final CompletableFuture<Outcome> future;
        private final DecisionCache.Lookup lookup;
        private final long started;
        private final AtomicBoolean done = new AtomicBoolean();
        private @Nullable DecideResponse response;

        Answer(CompletableFuture<Outcome> future, DecisionCache.Lookup lookup, long started) {
            this.future = future;
            this.lookup = lookup;
            this.started = started;
        }

        @Override
        public void onNext(DecideResponse value) {
            response = value;
        }

        @Override
        public void onCompleted() {
            if (done.compareAndSet(false, true)) {
                Outcome outcome = response == null
                        ? DecisionAnswers.unavailable("the decision point answered without a decision")
                        : DecisionAnswers.check(response);
                lookup.offer(outcome);
                finish(future, outcome, started);
            }
        }

        @Override
        public void onError(Throwable failure) {
            if (done.compareAndSet(false, true)) {
                Status status = Status.fromThrowable(failure);
                LOG.debug("no decision: {}", status);
                finish(future, DecisionAnswers.unavailable(why(status)), started);
            }
        }

        private static String why(Status status) {
            return switch (status.getCode()) {
                case DEADLINE_EXCEEDED -> "the decision point did not answer in time";
                case INVALID_ARGUMENT -> "the decision point could not use the request";
                case RESOURCE_EXHAUSTED -> "the request or its answer is larger than the decision point takes";
                case UNAUTHENTICATED, PERMISSION_DENIED -> "the decision point does not accept this enforcer";
                default -> "the decision point cannot be reached or failed";
            };
        }
    }
}
