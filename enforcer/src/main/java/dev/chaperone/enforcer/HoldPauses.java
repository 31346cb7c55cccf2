package dev.chaperone.enforcer;

import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/** Tries again after pauses that grow, each a little other than everybody else's. */
final class HoldPauses {

    private static final long FIRST_MILLIS = 50;
    private static final long LONGEST_MILLIS = 1_000;

    private final ScheduledExecutorService scheduler;
    private long millis = FIRST_MILLIS;

    HoldPauses(ScheduledExecutorService scheduler) {
        this.scheduler = scheduler;
    }

    /** It went well: the next pause is a short one. */
    synchronized void reset() {
        millis = FIRST_MILLIS;
    }

    /** Does something after the next pause; false when the enforcer stops and nothing is done any more. */
    synchronized boolean later(Runnable work) {
        long pause = millis / 2 + ThreadLocalRandom.current().nextLong(millis);
        millis = Math.min(millis * 2, LONGEST_MILLIS);
        try {
            scheduler.schedule(work, pause, TimeUnit.MILLISECONDS);
            return true;
        } catch (RejectedExecutionException e) {
            return false;
        }
    }
}
