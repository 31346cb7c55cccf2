package dev.chaperone.pdp.approval;

import dev.chaperone.approval.v1.Approval;
import dev.chaperone.pdp.approval.ApprovalException.Problem;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One stream of approvals. For a caller that does not read, the newest state of each approval waits, of so many approvals at
 * most; one that falls further behind is sent away, and begins anew.
 */
final class Following {

    private static final int MOST_WAITING = 200;
    private static final int REMEMBERED = 2_000;

    private final ServerCallStreamObserver<Approval> stream;
    private final Predicate<Approval> last;
    private final Consumer<Following> ended;

    // Guarded by this.
    private final Map<String, Approval> waiting = new LinkedHashMap<>();
    private final Map<String, Long> sent = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Long> eldest) {
            return size() > REMEMBERED;
        }
    };
    private @Nullable Subscription subscription;
    private boolean over;

    /**
     * To be made on the thread of the call, before it returns.
     *
     * @param last whether the stream ends after this one
     * @param ended is told once it is over
     */
    Following(ServerCallStreamObserver<Approval> stream, Predicate<Approval> last, Consumer<Following> ended) {
        this.stream = stream;
        this.last = last;
        this.ended = ended;
        stream.setOnCancelHandler(this::stop);
        // Whoever ends the call, be it without a word to this: it is over.
        stream.setOnCloseHandler(this::stop);
        stream.setOnReadyHandler(this::send);
    }

    /** Begins to follow; at once over when the caller has gone already. */
    void start(Supplier<Subscription> subscribe) {
        Subscription opened = subscribe.get();
        synchronized (this) {
            subscription = opened;
            if (over) {
                opened.close();
            }
        }
    }

    /** Sends a state as soon as the caller reads, unless a newer one was sent. */
    void offer(Approval approval) {
        synchronized (this) {
            if (over || sent.getOrDefault(approval.getId(), 0L) >= approval.getRevision()) {
                return;
            }
            Approval queued = waiting.get(approval.getId());
            if (queued == null || queued.getRevision() < approval.getRevision()) {
                waiting.put(approval.getId(), approval);
            }
            if (waiting.size() > MOST_WAITING) {
                stop();
                Calls.refuse(
                        stream, new ApprovalException(Problem.TOO_MANY, "you read too slowly; list, and watch again"));
                return;
            }
        }
        send();
    }

    private synchronized void send() {
        while (!over && stream.isReady() && !waiting.isEmpty()) {
            Approval next = waiting.values().iterator().next();
            waiting.remove(next.getId());
            sent.put(next.getId(), next.getRevision());
            stream.onNext(next);
            if (last.test(next)) {
                stop();
                stream.onCompleted();
            }
        }
    }

    /** Ends it with a refusal. */
    synchronized void refuse(RuntimeException why) {
        if (!over) {
            stop();
            Calls.refuse(stream, why);
        }
    }

    private synchronized void stop() {
        over = true;
        waiting.clear();
        ended.accept(this);
        if (subscription != null) {
            subscription.close();
        }
    }
}
