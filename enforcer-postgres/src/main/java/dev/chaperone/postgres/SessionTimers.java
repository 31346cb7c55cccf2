package dev.chaperone.postgres;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** What one session does because of the time. Used on the session's event loop only. */
final class SessionTimers {

    /** How long the record of a request waits for its answer, at most twice. */
    private static final Duration LATE = Duration.ofMillis(200);

    private final EventLoop loop;
    private final Requests requests;
    private final Outbox outbox;
    private final BooleanSupplier open;
    private @Nullable ScheduledFuture<?> idle;
    private @Nullable ScheduledFuture<?> record;

    SessionTimers(EventLoop loop, Requests requests, Outbox outbox, BooleanSupplier open) {
        this.loop = loop;
        this.requests = requests;
        this.outbox = outbox;
        this.open = open;
    }

    /** Calls back when no request has come for so long. */
    void watchIdle(Duration most, Runnable expired) {
        if (!most.isZero()) {
            watchIdle(most.toNanos(), most.toNanos(), expired);
        }
    }

    private void watchIdle(long most, long nanos, Runnable expired) {
        idle = loop.schedule(
                () -> {
                    long left = most - (System.nanoTime() - requests.lastActive());
                    if (left > 0 || requests.busy()) {
                        watchIdle(most, Math.max(left, TimeUnit.SECONDS.toNanos(1)), expired);
                    } else {
                        expired.run();
                    }
                },
                nanos,
                TimeUnit.NANOSECONDS);
    }

    /** What is asked again is recorded with its answer, unless that takes so long that the record should not wait for it. */
    void watchRecord() {
        if (record == null && outbox.waiting() >= 0) {
            record = schedule(this::recordIfLate, LATE);
        }
    }

    private void recordIfLate() {
        record = null;
        if (!open.getAsBoolean()) {
            return;
        }
        if (outbox.waiting() > LATE.toNanos() / 2) {
            outbox.recordRequest();
        }
        if (System.nanoTime() - requests.lastActive() < LATE.toNanos()) {
            record = schedule(this::recordIfLate, LATE);
        } else {
            watchRecord();
        }
    }

    ScheduledFuture<?> schedule(Runnable task, Duration delay) {
        long nanos = delay.compareTo(Duration.ofDays(365)) > 0 ? TimeUnit.DAYS.toNanos(365) : delay.toNanos();
        return loop.schedule(task, nanos, TimeUnit.NANOSECONDS);
    }

    /** The session is over. */
    void stop() {
        if (idle != null) {
            idle.cancel(false);
        }
        if (record != null) {
            record.cancel(false);
        }
    }
}
