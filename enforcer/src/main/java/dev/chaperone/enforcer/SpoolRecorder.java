package dev.chaperone.enforcer;

import dev.chaperone.audit.v1.RecordingChanged;
import dev.chaperone.audit.v1.SessionClosed;
import dev.chaperone.audit.v1.SessionOpened;
import dev.chaperone.proto.ErrorCode;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Records into an encrypted spool on disk and ships it to Kafka.
 *
 * <p>An event is chained and hashed on its caller's thread ({@code EventChain}), waits in a bounded queue ({@code Spool}), is
 * written and synced together with whatever else waits ({@code SpoolWriter}), and only then completes its future. Another
 * thread ships durable frames ({@code KafkaShipper}). A process killed at any moment loses nothing whose future had
 * completed: the next one finds it in the spool and ships it.
 */
public final class SpoolRecorder implements Recorder {

    private static final Logger log = LoggerFactory.getLogger(SpoolRecorder.class);
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final RecordingConfig config;
    private final String enforcer;
    private final MeterRegistry registry;
    private final RecordSink.Opener sinks;
    private final SegmentFile.Opener files;
    private final Clock clock;
    private final Map<String, ClientSession> sessions = new ConcurrentHashMap<>();
    private final Object idle = new Object();
    private volatile @Nullable RecorderParts parts;
    private volatile boolean closed;

    /**
     * Does no I/O; call {@link #start} next.
     *
     * @param enforcer the enforcer's configured name, part of every event
     * @param meters receives the metrics of {@link RecordingMetric}
     */
    public SpoolRecorder(RecordingConfig config, String enforcer, MeterRegistry meters) {
        this(
                config,
                enforcer,
                meters,
                () -> KafkaRecordSink.open(config.kafka()),
                SegmentFile::create,
                Clock.systemUTC());
    }

    SpoolRecorder(
            RecordingConfig config,
            String enforcer,
            MeterRegistry registry,
            RecordSink.Opener sinks,
            SegmentFile.Opener files,
            Clock clock) {
        this.config = config;
        this.enforcer = enforcer;
        this.registry = registry;
        this.sinks = sinks;
        this.files = files;
        this.clock = clock;
    }

    /**
     * Loads the keys, recovers the spool, opens the control session and begins to ship. Kafka need not be there yet.
     *
     * @throws IllegalArgumentException when a key file is not what it should be
     * @throws IllegalStateException when another process owns the spool, the recorder was started before, or the disk fails
     * @throws RuntimeException when the spool is damaged; the message names the file and what to do
     */
    public synchronized void start() {
        if (parts != null || closed) {
            throw new IllegalStateException("a recorder is started once");
        }
        if (config.durability() == RecordingConfig.Durability.RELAXED) {
            log.warn("durability is RELAXED: records that the agent's data left for can be lost in a power failure");
        }
        RecorderParts started = RecorderParts.start(config, enforcer, registry, sinks, files, clock, this::report);
        started.meters().gauge(RecordingMetric.OPEN_SESSIONS, sessions::size);
        parts = started;
        started.shipper().start();
        long heartbeat = config.heartbeatInterval().toNanos();
        started.timer().scheduleAtFixedRate(() -> beat(started), heartbeat, heartbeat, TimeUnit.NANOSECONDS);
    }

    /**
     * Says whether events can be recorded now.
     *
     * @throws EnforcementException with RECORDING_UNAVAILABLE and the reason when they cannot
     */
    public void check() {
        EnforcementException refusal = parts().spool().refusal();
        if (refusal != null) {
            throw refusal;
        }
    }

    @Override
    public SessionRecorder open(SessionOpened.Builder facts) {
        RecorderParts current = parts();
        check();
        DataKeys.DataKey key = current.dataKeys().next();
        ClientSession session = new ClientSession(
                current.chain(key.sessionId(), false), key, (ended, last) -> ended(current, ended, last));
        facts.setKind(SessionOpened.Kind.KIND_CLIENT)
                .setWrappedDataKey(key.wrapped())
                .setAuditorKeyId(current.keys().auditorKeyId())
                .clearPreviousControlSession()
                .clearPreviousUnclean()
                .setDurability(config.durability().text())
                .setControlSession(current.control().sessionId());
        // The control session's entry goes into the queue first, so it is never the later one to be durable.
        throwIfRefused(current.control().started(key.sessionId()));
        sessions.put(key.sessionId(), session);
        CompletableFuture<Void> opened = session.opened(facts);
        if (opened.isCompletedExceptionally()) {
            ended(current, session, EventChain.NONE);
            throwIfRefused(opened);
        }
        return session;
    }

    /** Waits, within a bound, for what is being written, closes what is open, ships what it can, and stops. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        RecorderParts current = parts;
        if (current == null) {
            return;
        }
        current.timer().shutdownNow();
        SessionClosed shutdown = SessionClosed.newBuilder().setCause("shutdown").build();
        List.copyOf(sessions.values()).forEach(session -> session.close(shutdown));
        awaitSessionsEnded();
        current.close(PATIENCE);
    }

    private RecorderParts parts() {
        RecorderParts current = parts;
        if (current == null || closed) {
            throw new EnforcementException(
                    ErrorCode.RECORDING_UNAVAILABLE,
                    "the recorder of `" + enforcer + "` is " + (closed ? "closed" : "not started"));
        }
        return current;
    }

    private void ended(RecorderParts current, ClientSession session, EventChain.Head last) {
        if (sessions.containsKey(session.sessionId())) {
            unlessLate(current.control().ended(session.sessionId(), last));
            sessions.remove(session.sessionId());
            synchronized (idle) {
                idle.notifyAll();
            }
        }
    }

    private void awaitSessionsEnded() {
        long until = System.nanoTime() + PATIENCE.toNanos();
        synchronized (idle) {
            try {
                for (long left = PATIENCE.toMillis(); !sessions.isEmpty() && left > 0; ) {
                    idle.wait(left);
                    left = TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime());
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void beat(RecorderParts current) {
        // While the disk is broken control events pile up in memory; signs of life are the ones to do without.
        try {
            if (current.spool().writable()) {
                unlessLate(current.control().heartbeat(sessions.size()));
            }
        } catch (RuntimeException e) {
            log.error("a heartbeat failed", e); // thrown on, it would be the last one
        }
    }

    private void report(ControlSession control, RecordingChanged.Change change, String detail) {
        unlessLate(control.changed(change, detail));
    }

    @SuppressWarnings("FutureReturnValueIgnored")
    private static void unlessLate(CompletableFuture<Void> future) {
        future.whenComplete((done, failure) -> {
            if (failure != null) {
                log.warn("the control session misses an event: {}", failure.getMessage());
            }
        });
    }

    private static void throwIfRefused(CompletableFuture<Void> future) {
        if (future.isCompletedExceptionally()) {
            throw new EnforcementException(
                    ErrorCode.RECORDING_UNAVAILABLE, "the session cannot be recorded; try again later");
        }
    }
}
