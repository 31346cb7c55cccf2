package dev.chaperone.enforcer;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Entries on their way to the spool's writer, within bounds, and the reasons for taking no more. Nobody who offers an entry
 * waits; only the writer does.
 */
final class SpoolQueue {

    /** Why client entries are refused. */
    enum Reason {
        FULL("the spool is full"),
        BROKEN("the spool cannot be written"),
        STALLED("kafka does not acknowledge records");

        private final String text;

        Reason(String text) {
            this.text = text;
        }

        String text() {
            return text;
        }
    }

    static final String CLOSED = "the recorder is closed";

    private static final String CROWDED = "too much is waiting for the spool's disk";
    private static final long MOST_GROUP_BYTES = 4L * 1024 * 1024;
    private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final long mostQueued;
    private final long mostSpooled;
    private final LongSupplier onDisk;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition arrived = lock.newCondition();
    private final ArrayDeque<SpoolEntry> queue = new ArrayDeque<>();
    private final EnumSet<Reason> reasons = EnumSet.noneOf(Reason.class);
    private long queued;
    private boolean closed;

    /** @param onDisk bytes that the spool holds already */
    SpoolQueue(RecordingConfig config, LongSupplier onDisk) {
        this.mostQueued = config.queueSize().bytes();
        this.mostSpooled = config.maxSpool().bytes();
        this.onDisk = onDisk;
    }

    /**
     * What became of an offer.
     *
     * @param refusal why it was not taken; null when it was
     * @param becameFull whether it is the first that found the spool full
     * @param claimed whether whoever offered it is to write it, and to say {@link #done}
     */
    record Offer(@Nullable String refusal, boolean becameFull, boolean claimed) {}

    /**
     * Takes an entry or not.
     *
     * @param unbounded beyond the bounds too: control entries and last words, whose number the open sessions bound
     * @param claiming whether to leave it to its caller when nothing else waits or is being written
     */
    Offer offer(SpoolEntry entry, boolean unbounded, boolean claiming) {
        lock.lock();
        try {
            boolean wasAccepting = reasons.isEmpty();
            String refusal = closed ? CLOSED : unbounded ? null : refusalOf(entry.size());
            boolean claimed = refusal == null && claiming && queued == 0;
            if (refusal == null) {
                queued += entry.size();
                if (!claimed) {
                    queue.add(entry);
                    arrived.signal();
                }
            }
            return new Offer(refusal, wasAccepting && !reasons.isEmpty(), claimed);
        } finally {
            lock.unlock();
        }
    }

    /** Why client entries are refused now; null when they are not. */
    @Nullable
    String refusal() {
        lock.lock();
        try {
            return closed ? CLOSED : reasons.isEmpty() ? null : first();
        } finally {
            lock.unlock();
        }
    }

    /** Whether control entries are taken and have a disk to go to. */
    boolean writable() {
        lock.lock();
        try {
            return !closed && !reasons.contains(Reason.BROKEN);
        } finally {
            lock.unlock();
        }
    }

    /** Bytes that wait or are being written. */
    long bytes() {
        lock.lock();
        try {
            return queued;
        } finally {
            lock.unlock();
        }
    }

    /** Whether this is the first reason to refuse. */
    boolean raise(Reason reason) {
        lock.lock();
        try {
            boolean first = reasons.isEmpty();
            reasons.add(reason);
            return first;
        } finally {
            lock.unlock();
        }
    }

    /** Whether this was the last reason to refuse. */
    boolean clear(Reason reason) {
        lock.lock();
        try {
            return reasons.remove(reason) && reasons.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits for entries and takes as many as make a group.
     *
     * @param retrying whether to return with none after a while, so that a broken disk is tried again
     * @return null when the queue is closed and empty
     */
    @Nullable
    List<SpoolEntry> take(BooleanSupplier retrying) throws InterruptedException {
        lock.lock();
        try {
            long left = RETRY_NANOS;
            while (queue.isEmpty() && !closed) {
                if (!retrying.getAsBoolean()) {
                    arrived.await();
                } else if (left > 0) {
                    left = arrived.awaitNanos(left);
                } else {
                    return List.of();
                }
            }
            return queue.isEmpty() ? null : group();
        } finally {
            lock.unlock();
        }
    }

    /** What {@link #take} gave is written, or failed. */
    void done(List<SpoolEntry> group) {
        long bytes = group.stream().mapToLong(SpoolEntry::size).sum();
        lock.lock();
        try {
            queued -= bytes;
        } finally {
            lock.unlock();
        }
    }

    /** Has {@link #take} look again whether to go on waiting. */
    void wake() {
        lock.lock();
        try {
            arrived.signal();
        } finally {
            lock.unlock();
        }
    }

    /** Takes nothing more. */
    void close() {
        lock.lock();
        try {
            closed = true;
            arrived.signal();
        } finally {
            lock.unlock();
        }
    }

    /** Gives up what nobody will take. */
    List<SpoolEntry> drain() {
        lock.lock();
        try {
            List<SpoolEntry> left = new ArrayList<>(queue);
            queue.clear();
            queued = 0;
            return left;
        } finally {
            lock.unlock();
        }
    }

    private List<SpoolEntry> group() {
        List<SpoolEntry> group = new ArrayList<>();
        long bytes = 0;
        SpoolEntry next = queue.peek();
        while (next != null && (group.isEmpty() || bytes + next.size() <= MOST_GROUP_BYTES)) {
            group.add(queue.remove());
            bytes += next.size();
            next = queue.peek();
        }
        return group;
    }

    private @Nullable String refusalOf(long size) {
        if (!reasons.isEmpty()) {
            return first();
        }
        if (queued + size > mostQueued) {
            return CROWDED;
        }
        if (onDisk.getAsLong() + queued + size > mostSpooled) {
            reasons.add(Reason.FULL);
            return Reason.FULL.text;
        }
        return null;
    }

    private String first() {
        return reasons.iterator().next().text;
    }
}
