package dev.chaperone.enforcer;

import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.Delivered;
import dev.chaperone.audit.v1.MaskedOriginals;
import dev.chaperone.audit.v1.SessionClosed;
import java.util.concurrent.CompletableFuture;

/**
 * The record of one session. Used by one thread at a time (the session's event loop).
 *
 * <p>Each method gives a future that completes once the event, and every event before it, is durable: only then may bytes
 * that the event describes be released. Futures complete in the order of the calls, either before the call returns or on a
 * thread of the recorder: hop back to your own. A future that fails does so with an {@link EnforcementException} of code RECORDING_UNAVAILABLE, and every later
 * call of the session fails too: end the session.
 */
public interface SessionRecorder {

    /** The session's id, a UUID in text form. */
    String sessionId();

    /**
     * Records one event. The caller sets the body and the request number; the recorder sets session, sequence, previous
     * hash, time and enforcer.
     */
    CompletableFuture<Void> record(AuditEvent.Builder event);

    /**
     * Records an event that delivers part of a response, by itself or within a repeated operation, together with the originals
     * of what was masked in it, encrypted.
     */
    CompletableFuture<Void> record(AuditEvent.Builder event, MaskedOriginals originals);

    /** Records part of a response together with the originals of what was masked in it, encrypted. */
    default CompletableFuture<Void> record(long requestNumber, Delivered.Builder delivered, MaskedOriginals originals) {
        return record(AuditEvent.newBuilder().setRequestNumber(requestNumber).setDelivered(delivered), originals);
    }

    /** Sequence of the event that was taken last, whether or not it is durable yet. */
    long lastSequence();

    /** Records the end of the session; nothing can be recorded after it. A second call has no effect. */
    CompletableFuture<Void> close(SessionClosed closed);
}
