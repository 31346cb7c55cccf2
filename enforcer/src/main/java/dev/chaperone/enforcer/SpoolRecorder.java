package dev.chaperone.enforcer;

import dev.chaperone.audit.v1.SessionOpened;
import dev.chaperone.proto.ErrorCode;
import io.micrometer.core.instrument.MeterRegistry;

/** Records into an encrypted spool on disk and ships it to Kafka. */
public final class SpoolRecorder implements Recorder {

    private final RecordingConfig config;
    private final String enforcer;
    private final MeterRegistry meters;

    /**
     * Does no I/O; call {@link #start} next.
     *
     * @param enforcer the enforcer's configured name, part of every event
     * @param meters receives the metrics of {@link RecordingMetric}
     */
    public SpoolRecorder(RecordingConfig config, String enforcer, MeterRegistry meters) {
        this.config = config;
        this.enforcer = enforcer;
        this.meters = meters;
    }

    /**
     * Loads the keys, recovers the spool, opens the control session and begins to ship.
     *
     * @throws RuntimeException when keys cannot be used or the spool is damaged, saying which file and what to do
     */
    public void start() {
        RecordingKeys.load(config);
    }

    /**
     * Says whether events can be recorded now.
     *
     * @throws EnforcementException with RECORDING_UNAVAILABLE and the reason when they cannot
     */
    public void check() {
        throw notStarted();
    }

    @Override
    public SessionRecorder open(SessionOpened.Builder facts) {
        throw notStarted();
    }

    @Override
    public void close() {
        meters.close();
    }

    private EnforcementException notStarted() {
        return new EnforcementException(
                ErrorCode.RECORDING_UNAVAILABLE, "the recorder of `" + enforcer + "` is not started");
    }
}
