package dev.chaperone.enforcer;

import dev.chaperone.audit.v1.RecordingChanged;
import dev.chaperone.audit.v1.RecordingChanged.Change;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a started recorder consists of, wired by hand; closed in the reverse order. */
final class RecorderParts {

    /** Told what the control session should say. */
    interface Reporter {
        void report(ControlSession control, Change change, String detail);
    }

    private static final Logger log = LoggerFactory.getLogger(RecorderParts.class);
    private static final Duration DRAIN = Duration.ofSeconds(5);
    private static final Duration BRIEF = Duration.ofSeconds(2);

    private final RecordingConfig config;
    private final String enforcer;
    private final Clock clock;
    private final RecordingKeys keys;
    private final SpoolDirectory directory;
    private final Reporter reporter;
    private final RecorderMeters meters;
    private final Spool spool;
    private final KafkaShipper shipper;
    private final ControlSession control;
    private final ControlState state;
    private final ScheduledExecutorService timer;
    private final DataKeys dataKeys;
    private final AtomicReference<@Nullable ControlSession> reporting = new AtomicReference<>();

    private RecorderParts(
            RecordingConfig config,
            String enforcer,
            MeterRegistry registry,
            RecordSink.Opener sinks,
            SegmentFile.Opener files,
            Clock clock,
            Reporter reporter,
            RecordingKeys keys,
            SpoolDirectory directory) {
        this.config = config;
        this.enforcer = enforcer;
        this.clock = clock;
        this.reporter = reporter;
        this.keys = keys;
        this.directory = directory;
        SpoolRecovery recovery = directory.recovery();
        this.meters = new RecorderMeters(registry);
        SpoolLog spoolLog = new SpoolLog(directory.path(), recovery);
        SpoolWriter writer = new SpoolWriter(config, keys.spool(), files, recovery, spoolLog);
        this.spool = new Spool(config, writer, spoolLog, meters, new Refusals());
        this.shipper = new KafkaShipper(
                config,
                spool,
                spoolLog,
                new SpoolReader(directory.path(), keys.spool(), spoolLog),
                directory.cursor(),
                recovery.unshipped(),
                sinks,
                meters,
                new Stalls());
        this.control = new ControlSession(chain(UUID.randomUUID().toString(), true));
        this.state = directory.successor(control.sessionId());
        this.timer = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread thread = new Thread(task, "chaperone-recorder-timer");
            thread.setDaemon(true);
            return thread;
        });
        this.dataKeys = new DataKeys(keys, timer);
        meters.gauge(RecordingMetric.SPOOL_BYTES, spool::size);
        meters.gauge(RecordingMetric.QUEUE_BYTES, spool::queued);
        meters.gauge(RecordingMetric.STALLED, () -> shipper.stalled() ? 1 : 0);
        meters.gauge(RecordingMetric.REFUSING, () -> spool.refusal() == null ? 0 : 1);
    }

    static RecorderParts start(
            RecordingConfig config,
            String enforcer,
            MeterRegistry registry,
            RecordSink.Opener sinks,
            SegmentFile.Opener files,
            Clock clock,
            Reporter reporter) {
        RecordingKeys keys = RecordingKeys.load(config);
        try {
            RecorderParts parts = new RecorderParts(
                    config,
                    enforcer,
                    registry,
                    sinks,
                    files,
                    clock,
                    reporter,
                    keys,
                    SpoolDirectory.open(config.spoolDirectory(), keys.spool()));
            parts.openControlSession();
            return parts;
        } catch (IOException e) {
            throw new IllegalStateException(
                    "cannot record to spool-directory `" + config.spoolDirectory() + "`: " + e.getMessage(), e);
        }
    }

    EventChain chain(String sessionId, boolean isControl) {
        return new EventChain(sessionId, enforcer, isControl, keys.signer(), spool, clock);
    }

    RecordingKeys keys() {
        return keys;
    }

    RecorderMeters meters() {
        return meters;
    }

    Spool spool() {
        return spool;
    }

    KafkaShipper shipper() {
        return shipper;
    }

    ControlSession control() {
        return control;
    }

    ScheduledExecutorService timer() {
        return timer;
    }

    DataKeys dataKeys() {
        return dataKeys;
    }

    /** Closes the control session, ships what can be shipped in a few seconds, and releases everything. */
    void close(Duration patience) {
        try {
            // A broken disk may come back within a try or two; a working one may be slow.
            await(control.close("shutdown"), spool.writable() ? patience : BRIEF);
            // What is not synced may still be lost.
            boolean durable = config.durability() != RecordingConfig.Durability.RELAXED;
            state.closed(durable ? spool.end() : SpoolPosition.BEGINNING).write(config.spoolDirectory(), keys.spool());
        } catch (IOException e) {
            log.error("cannot close the control session; the next one will say that this one ended uncleanly", e);
        }
        shipper.close(DRAIN);
        release();
    }

    private void openControlSession() throws IOException {
        boolean opened = false;
        try {
            state.write(config.spoolDirectory(), keys.spool());
            spool.start();
            await(control.opened(state, config.durability().text()), Duration.ofSeconds(30));
            state.open().write(config.spoolDirectory(), keys.spool());
            reporting.set(control);
            dataKeys.refill();
            opened = true;
        } finally {
            if (!opened) {
                release();
            }
        }
    }

    private static void await(CompletableFuture<Void> future, Duration patience) throws IOException {
        try {
            future.get(patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while the control session was written", e);
        } catch (ExecutionException | TimeoutException e) {
            throw new IOException("the control session could not be written", e);
        }
    }

    private void report(Change change, String detail) {
        ControlSession session = reporting.get();
        if (session != null) {
            reporter.report(session, change, detail);
        }
    }

    private void release() {
        spool.close();
        timer.shutdownNow();
        meters.close();
        try {
            directory.close();
        } catch (IOException e) {
            log.warn("cannot release the spool directory", e);
        }
    }

    private final class Refusals implements Spool.Listener {
        @Override
        public void refusing(String why) {
            log.error("refusing to record: {}", why);
            report(RecordingChanged.Change.CHANGE_REFUSING, why);
        }

        @Override
        public void accepting() {
            log.info("recording again");
            report(RecordingChanged.Change.CHANGE_ACCEPTING, "");
        }
    }

    private final class Stalls implements KafkaShipper.Listener {
        @Override
        public void stalled(String why) {
            log.warn("shipping is stalled, the spool absorbs: {}", why);
            report(RecordingChanged.Change.CHANGE_SHIPPING_STALLED, why);
        }

        @Override
        public void resumed() {
            log.info("shipping goes on");
            report(RecordingChanged.Change.CHANGE_SHIPPING_RESUMED, "");
        }
    }
}
