package dev.chaperone.pdp;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import dev.chaperone.decision.v1.WatchPolicyResponse;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Enforcers that follow policy changes. For one that does not read, only the newest announcement waits: older ones mean
 * nothing once there is another.
 */
final class PolicyWatchers {

    private static final Logger LOG = LoggerFactory.getLogger(PolicyWatchers.class);

    private final int most;
    private final Enforcers enforcers;
    private final Object lock = new Object();

    // Guarded by lock.
    private final Set<Watcher> watchers = new HashSet<>();
    private boolean closed;

    private volatile @Nullable WatchPolicyResponse newest;

    PolicyWatchers(int most, Enforcers enforcers) {
        this.most = most;
        this.enforcers = enforcers;
    }

    int count() {
        synchronized (lock) {
            return watchers.size();
        }
    }

    /** Tells everybody of the policy now in force. */
    void announce(String version, ByteString digest, Instant since) {
        WatchPolicyResponse announcement = WatchPolicyResponse.newBuilder()
                .setPolicyVersion(version)
                .setPolicyDigest(digest)
                .setActiveSince(Timestamp.newBuilder()
                        .setSeconds(since.getEpochSecond())
                        .setNanos(since.getNano()))
                .build();
        List<Watcher> all;
        synchronized (lock) {
            newest = announcement;
            all = List.copyOf(watchers);
        }
        all.forEach(Watcher::send);
    }

    /**
     * Takes a stream in and tells it of the policy in force, if there is one yet.
     *
     * @return false when there are too many already
     */
    boolean add(String enforcer, ServerCallStreamObserver<WatchPolicyResponse> stream) {
        Watcher watcher = new Watcher(enforcer, stream);
        stream.setOnCancelHandler(() -> remove(watcher));
        stream.setOnReadyHandler(watcher::send);
        synchronized (lock) {
            if (watchers.size() >= most) {
                return false;
            }
            if (closed) {
                stream.onError(draining());
                return true;
            }
            watchers.add(watcher);
            watcher.following = enforcers.follows(enforcer);
        }
        LOG.debug("enforcer `{}` follows policy changes", enforcer);
        watcher.send();
        return true;
    }

    private void remove(Watcher watcher) {
        synchronized (lock) {
            watchers.remove(watcher);
        }
        watcher.left();
        LOG.debug("enforcer `{}` does not follow policy changes any more", watcher.enforcer);
    }

    /** Ends every stream, so that enforcers look for another decision point. */
    void close() {
        List<Watcher> all;
        synchronized (lock) {
            closed = true;
            all = List.copyOf(watchers);
            watchers.clear();
        }
        all.forEach(Watcher::end);
        all.forEach(Watcher::left);
    }

    private static RuntimeException draining() {
        return Status.UNAVAILABLE
                .withDescription("the decision point is draining")
                .asRuntimeException();
    }

    /** One enforcer's stream, which is not safe for use by several threads by itself. */
    private final class Watcher {

        private final String enforcer;
        private final ServerCallStreamObserver<WatchPolicyResponse> stream;
        private volatile Enforcers.@Nullable Following following;
        private @Nullable WatchPolicyResponse sent;
        private boolean ended;

        Watcher(String enforcer, ServerCallStreamObserver<WatchPolicyResponse> stream) {
            this.enforcer = enforcer;
            this.stream = stream;
        }

        /** Sends the newest announcement unless it was sent; one that cannot take it now is told when it can. */
        synchronized void send() {
            WatchPolicyResponse announcement = newest;
            if (announcement != null && announcement != sent && !ended && stream.isReady() && !stream.isCancelled()) {
                sent = announcement;
                stream.onNext(announcement);
                Enforcers.Following known = following;
                if (known != null) {
                    known.announced(announcement.getPolicyVersion());
                }
            }
        }

        void left() {
            Enforcers.Following known = following;
            if (known != null) {
                known.ended();
            }
        }

        synchronized void end() {
            if (!ended && !stream.isCancelled()) {
                ended = true;
                stream.onError(draining());
            }
        }
    }
}
