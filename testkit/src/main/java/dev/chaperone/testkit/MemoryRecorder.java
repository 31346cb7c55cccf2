package dev.chaperone.testkit;

import com.google.protobuf.ByteString;
import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.AuditEvent.BodyCase;
import dev.chaperone.audit.v1.Delivered;
import dev.chaperone.audit.v1.MaskedOriginals;
import dev.chaperone.audit.v1.SessionClosed;
import dev.chaperone.audit.v1.SessionOpened;
import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.enforcer.Recorder;
import dev.chaperone.enforcer.SessionRecorder;
import dev.chaperone.proto.AuditEvents;
import dev.chaperone.proto.ErrorCode;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A recorder that remembers what it is given, in the order it was given, and fails when told to. Originals stay readable in
 * {@code Delivered.originals}, so that a test can look at them.
 */
public final class MemoryRecorder implements Recorder {

    private final List<AuditEvent> events = new ArrayList<>();
    private @Nullable BodyCase failing;

    /** Makes every attempt to record an event of this kind fail, as when the disk is full. */
    public synchronized void failOn(BodyCase kind) {
        failing = kind;
    }

    /** Everything that was recorded so far. */
    public synchronized List<AuditEvent> events() {
        return List.copyOf(events);
    }

    /** Kinds of everything that was recorded so far. */
    public List<BodyCase> kinds() {
        return events().stream().map(AuditEvent::getBodyCase).toList();
    }

    /** Every payload that was recorded as delivered, one behind the other. */
    public ByteString delivered() {
        return events().stream()
                .map(AuditEvents::delivered)
                .filter(Objects::nonNull)
                .map(Delivered::getPayload)
                .reduce(ByteString.EMPTY, ByteString::concat);
    }

    @Override
    public SessionRecorder open(SessionOpened.Builder facts) {
        Session session = new Session();
        if (add(session.id, AuditEvent.newBuilder().setSessionOpened(facts)).isCompletedExceptionally()) {
            throw unavailable();
        }
        return session;
    }

    @Override
    public void close() {}

    private synchronized CompletableFuture<Void> add(String session, AuditEvent.Builder event) {
        if (event.getBodyCase() == failing) {
            return CompletableFuture.failedFuture(unavailable());
        }
        events.add(event.setSessionId(session).build());
        return CompletableFuture.completedFuture(null);
    }

    private static EnforcementException unavailable() {
        return new EnforcementException(ErrorCode.RECORDING_UNAVAILABLE, "the test lets recording fail");
    }

    private final class Session implements SessionRecorder {

        private final String id = UUID.randomUUID().toString();

        @Override
        public String sessionId() {
            return id;
        }

        @Override
        public CompletableFuture<Void> record(AuditEvent.Builder event) {
            return add(id, event);
        }

        @Override
        public CompletableFuture<Void> record(AuditEvent.Builder event, MaskedOriginals originals) {
            if (originals.getValuesCount() > 0) {
                Delivered.Builder delivered = event.hasOperationRepeated()
                        ? event.getOperationRepeatedBuilder().getDeliveredBuilder()
                        : event.getDeliveredBuilder();
                delivered.setOriginals(originals.toByteString());
            }
            return add(id, event);
        }

        @Override
        public long lastSequence() {
            return events().stream()
                            .filter(event -> event.getSessionId().equals(id))
                            .count()
                    - 1;
        }

        @Override
        public CompletableFuture<Void> close(SessionClosed closed) {
            return add(id, AuditEvent.newBuilder().setSessionClosed(closed));
        }
    }
}
