package dev.chaperone.postgres;

import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.OperationCompleted.Outcome;
import io.netty.channel.EventLoop;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** What the database is doing for one session, and the record of its end. Used on the session's event loop only. */
final class Running {

    private final Services services;
    private final EventLoop loop;
    private final UpstreamConnection upstream;
    private final UpstreamLink link;
    private final Outbox outbox;
    private @Nullable Portal running;
    private @Nullable Ruling opening;
    private @Nullable Holding holding;
    private CompletableFuture<Void> lastCancellation = CompletableFuture.completedFuture(null);

    Running(Services services, EventLoop loop, UpstreamConnection upstream, UpstreamLink link, Outbox outbox) {
        this.services = services;
        this.loop = loop;
        this.upstream = upstream;
        this.link = link;
        this.outbox = outbox;
    }

    /** The portal whose Execute is going on, null when none is. */
    void running(@Nullable Portal portal) {
        running = portal;
    }

    /** The permitted statement that is being made ready to run; null when none is. */
    void opening(@Nullable Ruling ruling) {
        opening = ruling;
    }

    /** What waits for people; null when nothing does. */
    void holding(@Nullable Holding waiting) {
        holding = waiting;
    }

    /** True while a statement is made ready to run, or runs. */
    boolean busy() {
        return running != null || opening != null;
    }

    /** Records the end of a portal. */
    void completed(Portal portal, Outcome outcome, String code) {
        if (portal.completed()) {
            return;
        }
        portal.complete();
        Map<String, Long> found = portal.finds().byName();
        found.forEach((detector, times) -> services.meters()
                .counter(PostgresMetric.DETECTED, "detector", detector)
                .increment(times));
        AuditEvent.Builder completed = Outbox.completion(
                portal.ruling().request(), outcome, code, portal.rows(), portal.bytes(), portal.began());
        completed.getOperationCompletedBuilder().putAllDetected(found);
        outbox.complete(completed);
    }

    /** A portal goes away; if it has not run to its end, that is its end. */
    void abandoned(Portal portal) {
        completed(portal, Outcome.OUTCOME_ABORTED, "");
    }

    /** Records that what is going on has not come to its end. */
    void aborted(String code) {
        if (running != null) {
            completed(running, Outcome.OUTCOME_ABORTED, code);
        } else if (opening != null) {
            outbox.complete(
                    Outbox.completion(opening.request(), Outcome.OUTCOME_ABORTED, code, 0, 0, System.nanoTime()));
        }
    }

    /** Asks the server to cancel what it is doing for this session; what is asked of it next waits until it has done so. */
    CompletableFuture<Void> cancel() {
        CompletableFuture<Void> sent = services.connector().cancel(loop, upstream.key());
        link.holdUntil(sent);
        lastCancellation = sent;
        if (holding != null) {
            holding.withdraw();
        }
        return sent;
    }

    /** Completes when the server has been told of the last cancellation. */
    CompletableFuture<Void> lastCancellation() {
        return lastCancellation;
    }
}
