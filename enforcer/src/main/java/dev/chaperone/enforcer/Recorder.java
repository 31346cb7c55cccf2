package dev.chaperone.enforcer;

import dev.chaperone.audit.v1.SessionOpened;

/** Writes down what an enforcer does, before anyone learns the outcome. */
public interface Recorder extends AutoCloseable {

    /**
     * Opens a client session: draws its id and data key, writes its SessionOpened event and announces it in the control
     * session.
     *
     * @param facts protocol, addresses, upstream and transport; the recorder fills in the rest
     * @throws EnforcementException with RECORDING_UNAVAILABLE when nothing can be recorded now; refuse the client
     */
    SessionRecorder open(SessionOpened.Builder facts);

    /** Waits for what is being written, closes the control session, stops. */
    @Override
    void close();
}
