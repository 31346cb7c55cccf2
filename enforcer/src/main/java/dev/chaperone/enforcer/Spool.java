package dev.chaperone.enforcer;

import dev.chaperone.proto.ErrorCode;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The write-ahead log in front of Kafka. Entries wait in a bounded queue; one thread writes whatever has accumulated as one
 * group with one sync, and only then completes their futures, in order. Nobody who offers an entry ever waits.
 *
 * <p>It refuses while it is full, while the disk is broken and, when records count as written only with Kafka's
 * acknowledgement, while Kafka gives none.
 */
final class Spool implements AutoCloseable {

    /** Told about refusing and accepting, on any thread, with no lock held. */
    interface Listener {
        void refusing(String why);

        void accepting();
    }

    private enum Reason {
        FULL("the spool is full"),
        BROKEN("the spool cannot be written"),
        STALLED("kafka does not acknowledge records");

        private final String text;

        Reason(String text) {
            this.text = text;
        }
    }

    private static final Logger log = LoggerFactory.getLogger(Spool.class);
    private static final long MOST_GROUP_BYTES = 4L * 1024 * 1024;
    private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final RecordingConfig config;
    private final SpoolWriter writer;
    private final SpoolLog spoolLog;
    private final QuorumGate gate;
    private final RecorderMeters meters;
    private final Listener listener;
    private final Thread thread;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition arrived = lock.newCondition();
    private final ArrayDeque<SpoolEntry> queue = new ArrayDeque<>();
    private final EnumSet<Reason> reasons = EnumSet.noneOf(Reason.class);
    private long queued;
    private boolean closed;

    Spool(RecordingConfig config, SpoolWriter writer, SpoolLog spoolLog, RecorderMeters meters, Listener listener) {
        this.config = config;
        this.writer = writer;
        this.spoolLog = spoolLog;
        this.gate = new QuorumGate(config.durability() == RecordingConfig.Durability.QUORUM, meters);
        this.meters = meters;
        this.listener = listener;
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
     * @param lastWord accepted beyond the bounds, as control entries are: their number is bounded by the open sessions
     */
    @Nullable
    EnforcementException offer(SpoolEntry entry, boolean lastWord) {
        boolean full = false;
        String refusal;
        lock.lock();
        try {
            boolean wasAccepting = reasons.isEmpty();
            refusal = closed ? "the recorder is closed" : entry.control() || lastWord ? null : refusal(entry.size());
            if (refusal == null) {
                queue.add(entry);
                queued += entry.size();
                arrived.signal();
            }
            full = wasAccepting && !reasons.isEmpty();
        } finally {
            lock.unlock();
        }
        if (full) {
            listener.refusing(Reason.FULL.text);
        }
        if (refusal == null) {
            return null;
        }
        meters.refused();
        return unavailable(refusal);
    }

    /** Why nothing can be recorded now; null when it can. */
    @Nullable
    EnforcementException refusal() {
        lock.lock();
        try {
            if (closed) {
                return unavailable("the recorder is closed");
            }
            return reasons.isEmpty() ? null : unavailable(reason());
        } finally {
            lock.unlock();
        }
    }

    /** Whether the disk takes what is written, as far as is known. */
    boolean writable() {
        lock.lock();
        try {
            return !closed && !reasons.contains(Reason.BROKEN);
        } finally {
            lock.unlock();
        }
    }

    /** Bytes waiting to be written. */
    long queued() {
        lock.lock();
        try {
            return queued;
        } finally {
            lock.unlock();
        }
    }

    /** Bytes on the disk and on the way there. */
    long size() {
        return spoolLog.size() + queued();
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
            raise(Reason.STALLED, Reason.STALLED.text);
            gate.fail(unavailable(Reason.STALLED.text));
        }
    }

    /** Kafka takes records again. */
    void resumed() {
        clear(Reason.STALLED);
    }

    /** Takes nothing more, writes what is waiting, and stops. */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            arrived.signal();
        } finally {
            lock.unlock();
        }
        try {
            if (thread.getState() == Thread.State.NEW) {
                return; // never started
            }
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

    private @Nullable String refusal(long size) {
        if (!reasons.isEmpty()) {
            return reason();
        }
        if (queued + size > config.queueSize().bytes()) {
            return "too much is waiting for the spool's disk";
        }
        if (spoolLog.size() + queued + size > config.maxSpool().bytes()) {
            reasons.add(Reason.FULL);
            return Reason.FULL.text;
        }
        return null;
    }

    private String reason() {
        return reasons.iterator().next().text;
    }

    private void raise(Reason reason, String why) {
        boolean first;
        lock.lock();
        try {
            first = reasons.isEmpty();
            reasons.add(reason);
        } finally {
            lock.unlock();
        }
        if (first) {
            listener.refusing(why);
        }
    }

    private void clear(Reason reason) {
        boolean last;
        lock.lock();
        try {
            last = reasons.remove(reason) && reasons.isEmpty();
        } finally {
            lock.unlock();
        }
        if (last) {
            listener.accepting();
        }
    }

    private void run() {
        try {
            List<SpoolEntry> group = take();
            while (group != null) {
                write(group);
                group = take();
            }
            if (writer.broken()) {
                write(List.of());
            }
            writer.close();
        } catch (Throwable e) { // a defect or no memory: whoever waits must hear of it
            log.error("the spool's writer failed; nothing more can be recorded until the process is restarted", e);
        } finally {
            end();
        }
    }

    private @Nullable List<SpoolEntry> take() throws InterruptedException {
        lock.lock();
        try {
            long left = RETRY_NANOS;
            while (queue.isEmpty() && !closed) {
                if (!writer.broken()) {
                    arrived.await();
                } else if (left > 0) {
                    left = arrived.awaitNanos(left);
                } else {
                    return List.of();
                }
            }
            if (queue.isEmpty()) {
                return null;
            }
            List<SpoolEntry> group = new ArrayList<>();
            long bytes = 0;
            while (!queue.isEmpty() && (group.isEmpty() || bytes + queue.peek().size() <= MOST_GROUP_BYTES)) {
                SpoolEntry entry = queue.remove();
                group.add(entry);
                bytes += entry.size();
            }
            return group;
        } finally {
            lock.unlock();
        }
    }

    private void write(List<SpoolEntry> group) {
        SpoolWriter.Outcome outcome;
        try {
            outcome = writer.write(group, gate::hold);
        } catch (Throwable e) {
            fail(group);
            throw e;
        }
        long bytes = group.stream().mapToLong(SpoolEntry::size).sum();
        lock.lock();
        try {
            queued -= bytes;
        } finally {
            lock.unlock();
        }
        if (outcome.cause() == null) {
            clear(Reason.BROKEN);
            gate.written(outcome.written());
        } else {
            log.error("the spool cannot be written; refusing until it can", outcome.cause());
            raise(
                    Reason.BROKEN,
                    Reason.BROKEN.text + ": " + outcome.cause().getClass().getSimpleName());
        }
        fail(outcome.failed());
        writer.rollIfFull();
    }

    private void end() {
        List<SpoolEntry> left;
        lock.lock();
        try {
            closed = true;
            left = new ArrayList<>(queue);
            queue.clear();
            queued = 0;
        } finally {
            lock.unlock();
        }
        fail(writer.unwritten());
        fail(left);
        gate.fail(unavailable("the recorder is closed"));
    }

    private void fail(List<SpoolEntry> entries) {
        entries.forEach(entry -> {
            entry.chain().breakOff();
            meters.refused();
            entry.future().completeExceptionally(unavailable(Reason.BROKEN.text));
        });
    }

    private static EnforcementException unavailable(String why) {
        return new EnforcementException(
                ErrorCode.RECORDING_UNAVAILABLE, "the exchange cannot be recorded: " + why + "; try again later");
    }
}
