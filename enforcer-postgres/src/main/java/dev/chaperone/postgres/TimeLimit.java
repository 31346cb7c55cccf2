package dev.chaperone.postgres;

import io.netty.util.concurrent.ScheduledFuture;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** The longest time that the server may work on one statement; what people take to decide on it does not count. */
final class TimeLimit {

    private final Session session;
    private @Nullable Duration left;
    private @Nullable ScheduledFuture<?> timer;
    private long since;
    private boolean over;

    /** @param most null for no limit */
    TimeLimit(Session session, @Nullable Duration most) {
        this.session = session;
        this.left = most;
    }

    /** The server works, or goes on working. */
    void start() {
        if (left != null) {
            since = System.nanoTime();
            timer = session.schedule(
                    () -> {
                        over = true;
                        session.running().cancel();
                    },
                    left.isNegative() ? Duration.ZERO : left);
        }
    }

    /** The server does nothing. */
    void pause() {
        if (timer != null && left != null) {
            timer.cancel(false);
            timer = null;
            left = left.minusNanos(System.nanoTime() - since);
        }
    }

    /** True when the server has been told to end it since there was no time left. */
    boolean over() {
        return over;
    }
}
