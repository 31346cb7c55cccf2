package dev.chaperone.enforcer;

import dev.chaperone.audit.v1.SessionOpened;

/** Writes down what an enforcer does, before anyone learns the outcome. */
public interface Recorder extends AutoCloseable {

    /**
     * How many payload bytes a caller puts into one Delivered event: the response is recorded and released in pieces of at
     * most this size. Only a protocol message that is larger by itself may exceed it, up to {@link #MAX_EVENT}.
     */
    int MAX_PAYLOAD = 512 * 1024;

    /**
     * The largest serialized event, originals included, in bytes. Recording a larger one fails with RECORDING_UNAVAILABLE,
     * so what it describes is refused.
     */
    int MAX_EVENT = 8 * 1024 * 1024;

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
