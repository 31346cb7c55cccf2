package dev.chaperone.enforcer;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends durable frames to Kafka in order and forgets nothing that is not acknowledged. How far Kafka has everything is kept
 * in a cursor file that trails behind: after a restart the frames from there on are sent again, and the ledger drops what it
 * has already by session and sequence. When a sink fails, another is opened and everything unacknowledged is sent again.
 */
final class KafkaShipper implements AutoCloseable {

    /** Told about Kafka's absence and return, on the shipper's thread. */
    interface Listener {
        void stalled(String why);

        void resumed();
    }

    private static final Logger log = LoggerFactory.getLogger(KafkaShipper.class);
    private static final int MOST_IN_FLIGHT = 10_000;
    private static final long MOST_IN_FLIGHT_BYTES = 32L * 1024 * 1024;
    private static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
    private static final long BUSY_NANOS = TimeUnit.MILLISECONDS.toNanos(5);
    private static final long CURSOR_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long MOST_BACKOFF_MILLIS = 10_000;

    private final Duration stallAfter;
    private final Spool spool;
    private final SpoolLog spoolLog;
    private final SpoolReader reader;
    private final SpoolCursor cursor;
    private final RecordSink.Opener sinks;
    private final RecorderMeters meters;
    private final Listener listener;
    private final Thread thread;
    private final Object monitor = new Object();
    private final ArrayDeque<InFlight> inFlight = new ArrayDeque<>();
    private long inFlightBytes;
    private SpoolPosition unshipped;
    private SpoolPosition persisted;
    private long persistedAt = System.nanoTime();
    private long backoffMillis;
    private boolean failing;
    private volatile boolean stalled;
    private volatile long drainUntil;
    private volatile boolean closing;

    KafkaShipper(
            RecordingConfig config,
            Spool spool,
            SpoolLog spoolLog,
            SpoolReader reader,
            SpoolCursor cursor,
            SpoolPosition unshipped,
            RecordSink.Opener sinks,
            RecorderMeters meters,
            Listener listener) {
        this.stallAfter = config.kafka().stallAfter();
        this.spool = spool;
        this.spoolLog = spoolLog;
        this.reader = reader;
        this.cursor = cursor;
        this.unshipped = unshipped;
        this.persisted = unshipped;
        this.sinks = sinks;
        this.meters = meters;
        this.listener = listener;
        this.thread = new Thread(this::run, "chaperone-shipper");
        this.thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    boolean stalled() {
        return stalled;
    }

    /** Ships what is in the spool for at most {@code drain}, then stops; the rest is sent after the next start. */
    void close(Duration drain) {
        drainUntil = System.nanoTime() + drain.toNanos();
        closing = true;
        wake();
        try {
            thread.join(drain.plusSeconds(20).toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        close(Duration.ZERO);
    }

    /** One record that was handed to the sink. */
    private final class InFlight implements RecordSink.Callback {

        private final SpoolPosition position;
        private final int size;
        private final long since = System.nanoTime();
        private final AtomicReference<Exception> failures;
        private boolean done;

        InFlight(SpoolFrame frame, AtomicReference<Exception> failures) {
            this.position = frame.position();
            this.size = frame.size();
            this.failures = failures;
        }

        @Override
        public void acknowledged() {
            synchronized (monitor) {
                done = true;
                monitor.notifyAll();
            }
            spoolLog.wake();
        }

        @Override
        public void failed(Exception cause) {
            failures.compareAndSet(null, cause);
            wake();
        }
    }

    private void run() {
        try {
            while (!finished()) {
                shipUntilFailure();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Throwable e) { // the spool goes on absorbing, then refuses: nothing is lost
            log.error("the shipper failed; records stay in the spool until the process is restarted", e);
            stall("the shipper failed: " + e.getClass().getSimpleName());
        } finally {
            end();
        }
    }

    private void shipUntilFailure() throws InterruptedException {
        AtomicReference<Exception> failure = new AtomicReference<>();
        try (RecordSink sink = sinks.open()) {
            pump(sink, failure);
        } catch (InterruptedException | SpoolCorruptException e) {
            throw e;
        } catch (Exception e) {
            failure.compareAndSet(null, e);
        }
        Exception cause = failure.get();
        advance();
        synchronized (monitor) {
            inFlight.clear();
            inFlightBytes = 0;
        }
        if (cause != null && !finished()) {
            log.warn("cannot ship records: {}; trying again", describe(cause));
            stall(describe(cause));
            backOff();
        }
    }

    private void pump(RecordSink sink, AtomicReference<Exception> failure) throws InterruptedException, IOException {
        SpoolPosition next = unshipped;
        while (failure.get() == null && !finished()) {
            advance();
            housekeeping(false);
            // The end of a segment that has just been removed is not known as an end any more.
            next = spoolLog.normalise(next.compareTo(unshipped) < 0 ? unshipped : next);
            if (crowded()) {
                awaitAcknowledgement();
                continue;
            }
            SpoolFrame frame = reader.read(next);
            if (frame != null) {
                send(sink, frame, failure);
                next = next.next();
            } else {
                spoolLog.awaitBeyond(next, busy() ? BUSY_NANOS : TICK_NANOS);
            }
        }
    }

    private void send(RecordSink sink, SpoolFrame frame, AtomicReference<Exception> failure) {
        InFlight record = new InFlight(frame, failure);
        synchronized (monitor) {
            inFlight.add(record);
            inFlightBytes += record.size;
        }
        sink.send(frame.key(), frame.record(), record);
    }

    /** Moves over everything at the front that is acknowledged. */
    private void advance() {
        SpoolPosition before = unshipped;
        boolean late;
        synchronized (monitor) {
            while (!inFlight.isEmpty() && inFlight.peek().done) {
                InFlight done = inFlight.remove();
                inFlightBytes -= done.size;
                unshipped = done.position.next();
                meters.shipped();
            }
            InFlight oldest = inFlight.peek();
            late = oldest != null && System.nanoTime() - oldest.since > stallAfter.toNanos();
        }
        unshipped = spoolLog.normalise(unshipped);
        if (!before.equals(unshipped)) {
            spool.acknowledged(unshipped);
            backoffMillis = 0;
            resume();
        } else if (late) {
            stall("no acknowledgement for " + stallAfter.toMillis() + " ms");
        }
    }

    /** Persists the cursor now and then, and before segments go. A disk that refuses that is asked again later. */
    private void housekeeping(boolean now) {
        boolean due = now || System.nanoTime() - persistedAt > CURSOR_NANOS;
        try {
            if (due || spoolLog.removable(unshipped) && !failing) {
                persist();
                spoolLog.remove(persisted);
                failing = false;
            }
        } catch (IOException e) {
            if (!failing) {
                log.warn("cannot persist how far records were shipped, or remove what was; trying again", e);
            }
            failing = true;
        }
        spool.refresh();
    }

    private void persist() throws IOException {
        persistedAt = System.nanoTime();
        if (!unshipped.equals(persisted)) {
            cursor.move(unshipped);
            persisted = unshipped;
        }
    }

    private boolean finished() {
        boolean empty = unshipped.compareTo(spoolLog.end()) >= 0;
        return closing && (empty || stalled || System.nanoTime() - drainUntil >= 0);
    }

    private boolean crowded() {
        synchronized (monitor) {
            return inFlight.size() >= MOST_IN_FLIGHT || inFlightBytes >= MOST_IN_FLIGHT_BYTES;
        }
    }

    private boolean busy() {
        synchronized (monitor) {
            return !inFlight.isEmpty();
        }
    }

    private void awaitAcknowledgement() throws InterruptedException {
        synchronized (monitor) {
            InFlight oldest = inFlight.peek();
            if (oldest != null && !oldest.done) {
                TimeUnit.NANOSECONDS.timedWait(monitor, TICK_NANOS);
            }
        }
    }

    private void backOff() throws InterruptedException {
        backoffMillis = Math.min(MOST_BACKOFF_MILLIS, Math.max(100, backoffMillis * 2));
        long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(backoffMillis);
        synchronized (monitor) {
            for (long left = backoffMillis; left > 0 && !closing; ) {
                monitor.wait(left);
                left = TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime());
            }
        }
    }

    private void wake() {
        synchronized (monitor) {
            monitor.notifyAll();
        }
    }

    private void stall(String why) {
        if (!stalled) {
            stalled = true;
            spool.stalled();
            listener.stalled(why);
        }
    }

    private void resume() {
        if (stalled) {
            stalled = false;
            spool.resumed();
            listener.resumed();
        }
    }

    private void end() {
        housekeeping(true);
        try (reader;
                cursor) {
            log.debug("shipped up to {}", persisted);
        } catch (IOException e) {
            log.warn("cannot close the spool's files", e);
        }
    }

    private static String describe(@Nullable Exception cause) {
        return cause == null
                ? "unknown"
                : cause.getMessage() == null
                        ? cause.getClass().getSimpleName()
                        : cause.getClass().getSimpleName() + ": " + cause.getMessage();
    }
}
