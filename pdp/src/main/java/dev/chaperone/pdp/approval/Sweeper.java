package dev.chaperone.pdp.approval;

import static dev.chaperone.pdp.approval.ApprovalRecords.name;

import dev.chaperone.approval.v1.Approval;
import dev.chaperone.approval.v1.ApprovalEvent.Kind;
import dev.chaperone.approval.v1.State;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jooq.impl.DSL;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells of approvals that have lapsed, and forgets those that have been over for long. Nothing depends on its being in time:
 * what has lapsed can neither be granted nor redeemed from that moment on.
 */
final class Sweeper implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Sweeper.class);
    private static final long EVERY_MILLIS = 500;
    private static final int AT_A_TIME = 200;

    private final Database database;
    private final ApprovalRecords records;
    private final Steps steps;
    private final Outbox outbox;
    private final Duration keep;
    private final ScheduledExecutorService scheduler = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "chaperone-approvals-sweeper");
        thread.setDaemon(true);
        return thread;
    });

    Sweeper(Database database, ApprovalRecords records, Steps steps, Outbox outbox, Duration keep) {
        this.database = database;
        this.records = records;
        this.steps = steps;
        this.outbox = outbox;
        this.keep = keep;
    }

    void start() {
        scheduler.scheduleWithFixedDelay(guarded(this::lapse), EVERY_MILLIS, EVERY_MILLIS, TimeUnit.MILLISECONDS);
        scheduler.scheduleWithFixedDelay(guarded(this::forget), 1, 60, TimeUnit.MINUTES);
        scheduler.scheduleWithFixedDelay(guarded(() -> outbox.forget(keep)), 1, 1, TimeUnit.MINUTES);
    }

    private static Runnable guarded(Runnable work) {
        return () -> {
            try {
                work.run();
            } catch (RuntimeException e) {
                LOG.warn("approvals that have lapsed cannot be looked for now: {}", e.getMessage());
            }
        };
    }

    private void lapse() {
        List<Approval> lapsed = database.read(sql -> records.page(
                        sql,
                        Db.Approvals.STATE
                                .in(name(State.STATE_PENDING), name(State.STATE_APPROVED))
                                .and(Steps.usable().not()),
                        AT_A_TIME)
                .approvals());
        for (Approval approval : lapsed) {
            // Another replica may be faster, which is as good.
            database.transaction(sql -> steps.take(
                            sql,
                            approval,
                            State.STATE_EXPIRED,
                            Map.of(),
                            Steps.usable().not(),
                            new Steps.Told(Kind.KIND_EXPIRED))
                    != null);
        }
    }

    private void forget() {
        database.transaction(sql -> sql.deleteFrom(Db.Approvals.TABLE)
                .where(Db.Approvals.STATE.notIn(name(State.STATE_PENDING), name(State.STATE_APPROVED)))
                .and(DSL.condition("{0} < {1}", Db.Approvals.CHANGED_AT, Steps.in(keep.negated())))
                .execute());
    }

    @Override
    public void close() {
        scheduler.shutdownNow();
        try {
            if (!scheduler.awaitTermination(5, TimeUnit.SECONDS)) {
                LOG.warn("looking for lapsed approvals did not stop in time");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
