package dev.chaperone.enforcer;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * Decides when an entry that is on the disk counts as recorded: at once, or, behind a closed gate, when Kafka has
 * acknowledged it. Control entries never wait for Kafka: they report on it.
 */
final class QuorumGate {

    private record Held(SpoolPosition position, SpoolEntry entry) {}

    private final boolean closed;
    private final RecorderMeters meters;
    private final ArrayDeque<Held> held = new ArrayDeque<>();

    QuorumGate(boolean closed, RecorderMeters meters) {
        this.closed = closed;
        this.meters = meters;
    }

    boolean closed() {
        return closed;
    }

    /** Notes entries before anyone can ship, and so acknowledge, them. */
    synchronized void hold(SpoolWriter.Outcome group) {
        group.written().forEach(entry -> entry.chain().becameDurable(entry.head()));
        if (closed) {
            for (int i = 0; i < group.written().size(); i++) {
                if (!group.written().get(i).control()) {
                    held.add(new Held(
                            group.frames().get(i).position(), group.written().get(i)));
                }
            }
        }
    }

    /** Entries are on the disk. */
    void written(List<SpoolEntry> entries) {
        meters.committed(entries.size());
        for (SpoolEntry entry : entries) {
            if (!closed || entry.control()) {
                complete(entry);
            }
        }
    }

    /** Kafka has everything before a position. */
    void acknowledged(SpoolPosition unshipped) {
        List<SpoolEntry> released = new ArrayList<>();
        synchronized (this) {
            while (!held.isEmpty() && held.peek().position().compareTo(unshipped) < 0) {
                released.add(held.remove().entry());
            }
        }
        released.forEach(this::complete);
    }

    /** Nobody will acknowledge what is held. */
    void fail(EnforcementException cause) {
        List<Held> failed;
        synchronized (this) {
            failed = new ArrayList<>(held);
            held.clear();
        }
        failed.forEach(one -> {
            meters.refused();
            one.entry().future().completeExceptionally(cause);
        });
    }

    private void complete(SpoolEntry entry) {
        meters.appended(entry.since());
        entry.future().complete(null);
    }
}
