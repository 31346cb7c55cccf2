package dev.chaperone.postgres;

import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.MaskedOriginals;
import dev.chaperone.audit.v1.SessionClosed;
import dev.chaperone.audit.v1.SessionOpened;
import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.enforcer.Recorder;
import dev.chaperone.enforcer.SessionRecorder;
import dev.chaperone.proto.ErrorCode;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;

/** Keeps events in memory, completes on a thread of its own as a real recorder does, and fails when told to. */
final class TestingRecorder implements Recorder {

    /** One event as it was recorded; originals are kept in the clear. */
    record Event(String session, AuditEvent event, MaskedOriginals originals) {}

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final List<Event> events = new CopyOnWriteArrayList<>();
    private final ExecutorService disk = Executors.newSingleThreadExecutor(task -> {
        Thread thread = new Thread(task, "testing-recorder");
        thread.setDaemon(true);
        return thread;
    });
    private volatile Predicate<AuditEvent> failing = event -> false;
    private volatile boolean keeping = true;
    private final AtomicInteger generation = new AtomicInteger();

    /** From now on events like this cannot be recorded, nor anything after them. */
    void failOn(Predicate<AuditEvent> which) {
        failing = which;
    }

    /** From now on nothing is kept, for runs that record more than fits. */
    void keepNothing() {
        keeping = false;
    }

    /** What was recorded, oldest first. */
    List<Event> events() {
        return events;
    }

    /**
     * Begins anew for another test: forgets what was recorded, fails no more, and does not keep what the sessions of tests
     * before still have to say.
     */
    void reset() {
        generation.incrementAndGet();
        forget();
    }

    /** Forgets what was recorded, what is still on its way to be recorded included, and fails no more. */
    void forget() {
        CompletableFuture.runAsync(events::clear, disk).join();
        failing = event -> false;
    }

    List<Event> of(Predicate<AuditEvent> which) {
        return events.stream().filter(event -> which.test(event.event())).toList();
    }

    /** The first event like this; waits for it, since the end of an operation is recorded while its answer is on its way. */
    AuditEvent await(Predicate<AuditEvent> which) {
        long until = System.nanoTime() + PATIENCE.toNanos();
        while (System.nanoTime() < until) {
            List<Event> found = of(which);
            if (!found.isEmpty()) {
                return found.get(0).event();
            }
            LockSupport.parkNanos(1_000_000);
        }
        throw new AssertionError("not recorded within " + PATIENCE);
    }

    @Override
    public SessionRecorder open(SessionOpened.Builder facts) {
        Session session = new Session(UUID.randomUUID().toString());
        session.record(AuditEvent.newBuilder().setSessionOpened(facts));
        return session;
    }

    @Override
    public void close() {
        disk.shutdown();
    }

    private final class Session implements SessionRecorder {

        private final String id;
        private final int born = generation.get();
        private long sequence = -1;
        private boolean broken;

        Session(String id) {
            this.id = id;
        }

        @Override
        public String sessionId() {
            return id;
        }

        @Override
        public CompletableFuture<Void> record(AuditEvent.Builder event) {
            return write(event.setSequence(sequence + 1).build(), MaskedOriginals.getDefaultInstance());
        }

        @Override
        public CompletableFuture<Void> record(AuditEvent.Builder event, MaskedOriginals originals) {
            return write(event.setSequence(sequence + 1).build(), originals);
        }

        @Override
        public long lastSequence() {
            return sequence;
        }

        @Override
        public CompletableFuture<Void> close(SessionClosed closed) {
            return write(
                    AuditEvent.newBuilder().setSessionClosed(closed).build(), MaskedOriginals.getDefaultInstance());
        }

        private CompletableFuture<Void> write(AuditEvent event, MaskedOriginals originals) {
            CompletableFuture<Void> written = new CompletableFuture<>();
            sequence++;
            disk.execute(() -> {
                broken |= failing.test(event);
                if (broken) {
                    written.completeExceptionally(
                            new EnforcementException(ErrorCode.RECORDING_UNAVAILABLE, "the disk is full"));
                } else {
                    if (keeping && born == generation.get()) {
                        events.add(new Event(id, event, originals));
                    }
                    written.complete(null);
                }
            });
            return written;
        }
    }
}
