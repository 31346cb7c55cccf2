package dev.chaperone.enforcer;

import dev.chaperone.decision.v1.DecisionServiceGrpc;
import dev.chaperone.decision.v1.WatchPolicyRequest;
import dev.chaperone.decision.v1.WatchPolicyResponse;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows the decision point's policy announcements and tells the cache. The stream is opened again whenever it ends: at
 * once after a long one, with growing pauses after short ones.
 */
final class PolicyWatch implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(PolicyWatch.class);
    private static final long FIRST_PAUSE_MILLIS = 50;
    private static final long LONGEST_PAUSE_MILLIS = 5_000;
    private static final int DIGEST_BYTES = 32;

    private final ManagedChannel channel;
    private final WatchPolicyRequest request;
    private final DecisionCache cache;
    private final DecisionMeters meters;
    private final ScheduledExecutorService scheduler;
    private final Object lock = new Object();

    // Guarded by lock.
    private @Nullable Stream current;
    private boolean closed;
    private long pauseMillis = FIRST_PAUSE_MILLIS;

    private volatile boolean connected;

    PolicyWatch(ManagedChannel channel, String enforcer, DecisionCache cache, DecisionMeters meters) {
        this.channel = channel;
        this.request = WatchPolicyRequest.newBuilder().setEnforcer(enforcer).build();
        this.cache = cache;
        this.meters = meters;
        this.scheduler = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread thread = new Thread(task, "chaperone-policy-watch");
            thread.setDaemon(true);
            return thread;
        });
    }

    void start() {
        open();
        // The channel's own pauses between attempts grow to two minutes; an enforcer that denies everything cannot
        // wait.
        scheduler.scheduleWithFixedDelay(
                this::hurry, LONGEST_PAUSE_MILLIS, LONGEST_PAUSE_MILLIS, TimeUnit.MILLISECONDS);
    }

    boolean isConnected() {
        return connected;
    }

    private void hurry() {
        if (!connected) {
            channel.resetConnectBackoff();
        }
    }

    private void open() {
        Stream stream = new Stream();
        synchronized (lock) {
            if (closed) {
                return;
            }
            current = stream;
        }
        DecisionServiceGrpc.newStub(channel).withWaitForReady().watchPolicy(request, stream);
    }

    private void announced(Stream stream, WatchPolicyResponse policy) {
        if (policy.getPolicyVersion().isEmpty() || policy.getPolicyDigest().size() != DIGEST_BYTES) {
            stream.cancel("the announcement names no policy");
            return;
        }
        synchronized (lock) {
            if (stream != current) {
                return;
            }
            pauseMillis = FIRST_PAUSE_MILLIS;
            if (cache.announced(policy)) {
                meters.cacheEmptied(DecisionMeters.Cause.POLICY);
            }
            if (!connected) {
                LOG.info("following the decision point's policy, now `{}`", policy.getPolicyVersion());
            }
            connected = true;
            meters.watching(true);
        }
    }

    private void ended(Stream stream, Status status) {
        synchronized (lock) {
            if (stream != current) {
                return;
            }
            current = null;
            cache.lost();
            meters.watching(false);
            if (connected && !closed) {
                meters.cacheEmptied(DecisionMeters.Cause.LOST);
                LOG.warn("policy announcements ended with {}; nothing is cached until they are back", status.getCode());
            } else {
                LOG.debug("no policy announcements: {}", status);
            }
            connected = false;
            if (closed) {
                return;
            }
            long jittered = pauseMillis / 2 + ThreadLocalRandom.current().nextLong(pauseMillis);
            pauseMillis = Math.min(pauseMillis * 2, LONGEST_PAUSE_MILLIS);
            scheduler.schedule(this::open, jittered, TimeUnit.MILLISECONDS);
        }
    }

    @Override
    public void close() {
        Stream stream;
        synchronized (lock) {
            closed = true;
            stream = current;
            cache.lost();
        }
        scheduler.shutdownNow();
        if (stream != null) {
            stream.cancel("the enforcer stops");
        }
    }

    /** One stream of announcements. */
    private final class Stream implements ClientResponseObserver<WatchPolicyRequest, WatchPolicyResponse> {

        private volatile @Nullable ClientCallStreamObserver<WatchPolicyRequest> call;

        @Override
        public void beforeStart(ClientCallStreamObserver<WatchPolicyRequest> requestStream) {
            call = requestStream;
        }

        @Override
        public void onNext(WatchPolicyResponse policy) {
            announced(this, policy);
        }

        @Override
        public void onError(Throwable failure) {
            ended(this, Status.fromThrowable(failure));
        }

        @Override
        public void onCompleted() {
            ended(this, Status.OK);
        }

        void cancel(String why) {
            ClientCallStreamObserver<WatchPolicyRequest> started = call;
            if (started != null) {
                started.cancel(why, null);
            }
        }
    }
}
