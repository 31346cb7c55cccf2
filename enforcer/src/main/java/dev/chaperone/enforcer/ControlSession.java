package dev.chaperone.enforcer;

import com.google.protobuf.ByteString;
import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.Heartbeat;
import dev.chaperone.audit.v1.RecordingChanged;
import dev.chaperone.audit.v1.SessionClosed;
import dev.chaperone.audit.v1.SessionEnded;
import dev.chaperone.audit.v1.SessionOpened;
import dev.chaperone.audit.v1.SessionStarted;
import java.util.concurrent.CompletableFuture;

/** The chain that lists the process's sessions. Any thread may call it; it never waits for the disk. */
final class ControlSession {

    private final EventChain chain;
    private boolean closed;

    ControlSession(EventChain chain) {
        this.chain = chain;
    }

    String sessionId() {
        return chain.sessionId();
    }

    synchronized CompletableFuture<Void> opened(ControlState state, String durability) {
        SessionOpened.Builder opened = SessionOpened.newBuilder()
                .setKind(SessionOpened.Kind.KIND_CONTROL)
                .setPreviousControlSession(state.previous())
                .setPreviousUnclean(state.previousUnclean())
                .setDurability(durability);
        return append(AuditEvent.newBuilder().setSessionOpened(opened), true);
    }

    synchronized CompletableFuture<Void> started(String sessionId) {
        return append(
                AuditEvent.newBuilder()
                        .setSessionStarted(SessionStarted.newBuilder().setSessionId(sessionId)),
                false);
    }

    synchronized CompletableFuture<Void> ended(String sessionId, EventChain.Head last) {
        SessionEnded.Builder ended = SessionEnded.newBuilder()
                .setSessionId(sessionId)
                .setLastSequence(last.sequence())
                .setLastHash(ByteString.copyFrom(last.hash()));
        return append(AuditEvent.newBuilder().setSessionEnded(ended), false);
    }

    synchronized CompletableFuture<Void> changed(RecordingChanged.Change change, String detail) {
        RecordingChanged.Builder changed =
                RecordingChanged.newBuilder().setChange(change).setDetail(detail);
        return append(AuditEvent.newBuilder().setRecordingChanged(changed), false);
    }

    synchronized CompletableFuture<Void> heartbeat(int openSessions) {
        return append(
                AuditEvent.newBuilder().setHeartbeat(Heartbeat.newBuilder().setOpenSessions(openSessions)), true);
    }

    synchronized CompletableFuture<Void> close(String cause) {
        CompletableFuture<Void> future = append(
                AuditEvent.newBuilder()
                        .setSessionClosed(SessionClosed.newBuilder().setCause(cause)),
                true);
        closed = true;
        return future;
    }

    private CompletableFuture<Void> append(AuditEvent.Builder event, boolean signed) {
        if (closed) {
            return CompletableFuture.failedFuture(new IllegalStateException("the control session is closed"));
        }
        return chain.append(event, signed, true);
    }
}
