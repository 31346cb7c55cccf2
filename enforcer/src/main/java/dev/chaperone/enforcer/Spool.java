package dev.chaperone.enforcer;

import dev.chaperone.enforcer.SpoolQueue.Reason;
import dev.chaperone.proto.ErrorCode;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The write-ahead log in front of Kafka. Entries wait in a bounded queue; one thread writes whatever has accumulated as one
 * group with one sync, and only then completes their futures, in order. Nobody who offers an entry ever waits. Where nothing
 * is synced, an entry that finds nothing before it is written by whoever offers it: handing a few bytes to the operating
 * system takes less than waking a thread to do it.
 *
 * <p>It refuses while it is full, while the disk is broken and, when records count as written only with Kafka's
 * acknowledgement, while Kafka gives none.
 */
final class Spool implements AutoCloseable {

    /** Told about refusing and accepting, on any thread, with no lock of the spool held. */
    interface Listener {
        void refusing(String why);

        void accepting();
    }

    private static final Logger log = LoggerFactory.getLogger(Spool.class);

    /** Longest entry that is written by whoever offers it. */
    private static final long FEW_BYTES = 64 * 1024;

    private final RecordingConfig config;
    private final SpoolWriter writer;
    private final SpoolLog spoolLog;
    private final SpoolQueue queue;
    private final QuorumGate gate;
    private final RecorderMeters meters;
    private final Listener listener;
    private final boolean direct;
    private final Thread thread;
    /** Held by whoever writes. */
    private final ReentrantLock writing = new ReentrantLock();

    Spool(RecordingConfig config, SpoolWriter writer, SpoolLog spoolLog, RecorderMeters meters, Listener listener) {
        this.config = config;
        this.writer = writer;
        this.spoolLog = spoolLog;
        this.queue = new SpoolQueue(config, spoolLog::size);
        this.gate = new QuorumGate(config.durability() == RecordingConfig.Durability.QUORUM, meters);
        this.meters = meters;
        this.listener = listener;
        this.direct = config.durability() == RecordingConfig.Durability.RELAXED;
        this.thread = new Thread(this::run, "chaperone-spool");
        this.thread.setDaemon(true);
    }

    /** Begins the first segment and the writing thread. */
    void start() throws IOException {
        writer.open();
        thread.start();
    }

    /**
     * Takes an entry, or says why not. Never waits.
     *
     * @param lastWord taken beyond the bounds, as control entries are
     */
    @Nullable
    EnforcementException offer(SpoolEntry entry, boolean lastWord) {
        SpoolQueue.Offer offer = direct && entry.size() <= FEW_BYTES && writing.tryLock()
                ? offerOrWrite(entry, lastWord)
                : queue.offer(entry, entry.control() || lastWord, false);
        if (offer.becameFull()) {
            listener.refusing(Reason.FULL.text());
        }
        if (offer.refusal() == null) {
            return null;
        }
        meters.refused();
        return unavailable(offer.refusal());
    }

    /** Why nothing can be recorded now; null when it can. */
    @Nullable
    EnforcementException refusal() {
        String why = queue.refusal();
        return why == null ? null : unavailable(why);
    }

    /** Whether the disk takes what is written, as far as is known. */
    boolean writable() {
        return queue.writable();
    }

    /** Bytes waiting to be written. */
    long queued() {
        return queue.bytes();
    }

    /** Bytes on the disk and on the way there. */
    long size() {
        return spoolLog.size() + queued();
    }

    /** Everything before it is durable. */
    SpoolPosition end() {
        return spoolLog.end();
    }

    /** Kafka has everything before a position. */
    void acknowledged(SpoolPosition unshipped) {
        gate.acknowledged(unshipped);
    }

    /** Accepts again once there is room. */
    void refresh() {
        if (size() <= config.maxSpool().bytes() / 8 * 7) {
            clear(Reason.FULL);
        }
    }

    /** Kafka takes nothing. */
    void stalled() {
        if (gate.closed()) {
            raise(Reason.STALLED, Reason.STALLED.text());
            gate.fail(unavailable(Reason.STALLED.text()));
        }
    }

    /** Kafka takes records again. */
    void resumed() {
        clear(Reason.STALLED);
    }

    /** Takes nothing more, writes what is waiting, and stops. */
    @Override
    public void close() {
        queue.close();
        if (thread.getState() == Thread.State.NEW) {
            return; // never started
        }
        try {
            thread.join(TimeUnit.SECONDS.toMillis(10));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (thread.isAlive()) {
            log.error(
                    "the spool's disk does not answer; giving up on {} bytes that nobody was told are recorded",
                    queued());
        }
    }

    private void raise(Reason reason, String why) {
        if (queue.raise(reason)) {
            listener.refusing(why);
        }
    }

    private void clear(Reason reason) {
        if (queue.clear(reason)) {
            listener.accepting();
        }
    }

    /** Called with the lock, which it gives back. */
    private SpoolQueue.Offer offerOrWrite(SpoolEntry entry, boolean lastWord) {
        List<SpoolEntry> group = List.of(entry);
        SpoolQueue.Offer offer;
        SpoolWriter.Outcome outcome = null;
        try {
            offer = queue.offer(entry, entry.control() || lastWord, writer.ready());
            if (offer.claimed()) {
                outcome = put(group);
            }
        } catch (Throwable e) {
            queue.close(); // the thread fails what is left
            throw e;
        } finally {
            writing.unlock();
        }
        if (outcome != null) {
            written(group, outcome);
            if (outcome.cause() != null) {
                queue.wake(); // to try again is the thread's part
            }
        }
        return offer;
    }

    private void run() {
        try {
            List<SpoolEntry> group = queue.take(writer::broken);
            while (group != null) {
                write(group);
                group = queue.take(writer::broken);
            }
            if (writer.broken()) {
                write(List.of());
            }
            close(writer);
        } catch (Throwable e) { // a defect or no memory: whoever waits must hear of it
            log.error("the spool's writer failed; nothing more can be recorded until the process is restarted", e);
        } finally {
            queue.close();
            fail(writer.unwritten());
            fail(queue.drain());
            gate.fail(unavailable(SpoolQueue.CLOSED));
        }
    }

    private void write(List<SpoolEntry> group) {
        SpoolWriter.Outcome outcome;
        writing.lock();
        try {
            outcome = put(group);
        } finally {
            writing.unlock();
        }
        written(group, outcome);
        writing.lock();
        try {
            writer.rollIfFull();
        } finally {
            writing.unlock();
        }
    }

    private void close(SpoolWriter last) {
        writing.lock();
        try {
            last.close();
        } finally {
            writing.unlock();
        }
    }

    private SpoolWriter.Outcome put(List<SpoolEntry> group) {
        try {
            return writer.write(group, gate::hold);
        } catch (Throwable e) {
            fail(group);
            throw e;
        }
    }

    private void written(List<SpoolEntry> group, SpoolWriter.Outcome outcome) {
        if (outcome.cause() == null) {
            clear(Reason.BROKEN);
            gate.written(outcome.written());
        } else {
            log.error("the spool cannot be written; refusing until it can", outcome.cause());
            raise(
                    Reason.BROKEN,
                    Reason.BROKEN.text() + ": " + outcome.cause().getClass().getSimpleName());
        }
        fail(outcome.failed());
        // Only now: whoever finds nothing before its entry may be told of it at once, and futures complete in order.
        queue.done(group);
    }

    private void fail(List<SpoolEntry> entries) {
        entries.forEach(entry -> {
            entry.chain().breakOff();
            meters.refused();
            entry.future().completeExceptionally(unavailable(Reason.BROKEN.text()));
        });
    }

    private static EnforcementException unavailable(String why) {
        return new EnforcementException(
                ErrorCode.RECORDING_UNAVAILABLE, "the exchange cannot be recorded: " + why + "; try again later");
    }
}
