package dev.chaperone.enforcer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What the spool durably holds: the writer extends it, the shipper reads it and has shipped segments removed. Keeps the
 * newest frames in memory, within a bound, so that a shipper that keeps up never reads the disk.
 */
final class SpoolLog {

    private static final int MOST_TAIL_BYTES = 16 * 1024 * 1024;

    private final Path directory;
    private final TreeMap<Long, SpoolRecovery.Segment> closed;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition extended = lock.newCondition();
    private final ArrayDeque<SpoolFrame> tail = new ArrayDeque<>();
    private int tailBytes;
    private SpoolPosition end;
    private long activeSize;

    SpoolLog(Path directory, SpoolRecovery recovery) {
        this.directory = directory;
        this.closed = new TreeMap<>(recovery.segments());
        this.end = new SpoolPosition(recovery.nextSegment(), 0);
    }

    /** Bytes on the disk. */
    long size() {
        lock.lock();
        try {
            return activeSize
                    + closed.values().stream()
                            .mapToLong(SpoolRecovery.Segment::size)
                            .sum();
        } finally {
            lock.unlock();
        }
    }

    /** Where the next frame will come to lie; everything before it is durable. */
    SpoolPosition end() {
        lock.lock();
        try {
            return end;
        } finally {
            lock.unlock();
        }
    }

    /** The writer committed frames, in order, to the segment it is writing. */
    void extended(List<SpoolFrame> frames, SpoolPosition newEnd, long size) {
        lock.lock();
        try {
            for (SpoolFrame frame : frames) {
                if (tailBytes + frame.size() <= MOST_TAIL_BYTES) {
                    tail.add(frame);
                    tailBytes += frame.size();
                }
            }
            end = newEnd;
            activeSize = size;
            extended.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** The writer is done with the segment it was writing. */
    void closed(long segment, long frames, long size) {
        lock.lock();
        try {
            closed.put(segment, new SpoolRecovery.Segment(frames, size));
            end = new SpoolPosition(segment + 1, 0);
            activeSize = 0;
        } finally {
            lock.unlock();
        }
    }

    /** Where to read on from a position: the same, or the beginning of the next segment when this one has no more. */
    SpoolPosition normalise(SpoolPosition position) {
        lock.lock();
        try {
            SpoolPosition next = position;
            SpoolRecovery.Segment segment = closed.get(next.segment());
            while (segment != null && next.frame() >= segment.frames()) {
                next = new SpoolPosition(next.segment() + 1, 0);
                segment = closed.get(next.segment());
            }
            return next;
        } finally {
            lock.unlock();
        }
    }

    /** The frame at a position if it is still in memory; forgets all before it. */
    @Nullable
    SpoolFrame poll(SpoolPosition position) {
        lock.lock();
        try {
            SpoolFrame first = tail.peek();
            while (first != null && first.position().compareTo(position) <= 0) {
                tail.poll();
                tailBytes -= first.size();
                if (first.position().equals(position)) {
                    return first;
                }
                first = tail.peek();
            }
            return null;
        } finally {
            lock.unlock();
        }
    }

    /** Ends a wait. */
    void wake() {
        lock.lock();
        try {
            extended.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Waits for a frame at a position, for {@link #wake} or for the time to be over; check again afterwards. */
    void awaitBeyond(SpoolPosition position, long nanos) throws InterruptedException {
        lock.lock();
        try {
            long left = nanos;
            boolean woken = false;
            while (end.compareTo(position) <= 0 && left > 0 && !woken) {
                left = extended.awaitNanos(left);
                woken = left > 0;
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Removes the closed segments that lie wholly before a position, which has been persisted as the cursor.
     *
     * @return whether any was removed
     */
    boolean remove(SpoolPosition unshipped) throws IOException {
        boolean removed = false;
        for (Map.Entry<Long, SpoolRecovery.Segment> first = firstClosed();
                first != null && first.getKey() < unshipped.segment();
                first = firstClosed()) {
            Files.deleteIfExists(SpoolFiles.segment(directory, first.getKey()));
            lock.lock();
            try {
                closed.remove(first.getKey());
            } finally {
                lock.unlock();
            }
            removed = true;
        }
        return removed;
    }

    /** Whether a closed segment lies wholly before a position. */
    boolean removable(SpoolPosition unshipped) {
        Map.Entry<Long, SpoolRecovery.Segment> first = firstClosed();
        return first != null && first.getKey() < unshipped.segment();
    }

    private Map.@Nullable Entry<Long, SpoolRecovery.Segment> firstClosed() {
        lock.lock();
        try {
            return closed.firstEntry();
        } finally {
            lock.unlock();
        }
    }
}
