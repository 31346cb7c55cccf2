package dev.chaperone.enforcer;

import com.google.protobuf.ByteString;
import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.Delivered;
import dev.chaperone.audit.v1.MaskedOriginal;
import dev.chaperone.audit.v1.MaskedOriginals;
import dev.chaperone.audit.v1.SessionClosed;
import dev.chaperone.audit.v1.SessionOpened;
import dev.chaperone.proto.AuditChain;
import dev.chaperone.proto.ErrorCode;
import java.security.GeneralSecurityException;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** One client session's record. Synchronized because the recorder may close it from its own thread at shutdown. */
final class ClientSession implements SessionRecorder {

    private static final Set<AuditEvent.BodyCase> RECORDABLE = EnumSet.of(
            AuditEvent.BodyCase.AUTHENTICATION_FAILED,
            AuditEvent.BodyCase.AUTHENTICATED,
            AuditEvent.BodyCase.OPERATION_DECIDED,
            AuditEvent.BodyCase.OPERATION_REPEATED,
            AuditEvent.BodyCase.OPERATION_HELD,
            AuditEvent.BodyCase.HOLD_ENDED,
            AuditEvent.BodyCase.RECEIVED,
            AuditEvent.BodyCase.DELIVERED,
            AuditEvent.BodyCase.OPERATION_COMPLETED);

    private final EventChain chain;
    private final DataKeys.DataKey dataKey;
    private final BiConsumer<ClientSession, EventChain.Head> ended;
    private volatile boolean failed;
    private @Nullable CompletableFuture<Void> closed;

    /** @param ended told once, with the last durable event, when the session is over */
    ClientSession(EventChain chain, DataKeys.DataKey dataKey, BiConsumer<ClientSession, EventChain.Head> ended) {
        this.chain = chain;
        this.dataKey = dataKey;
        this.ended = ended;
    }

    synchronized CompletableFuture<Void> opened(SessionOpened.Builder facts) {
        return noted(chain.append(AuditEvent.newBuilder().setSessionOpened(facts), true, false));
    }

    @Override
    public String sessionId() {
        return chain.sessionId();
    }

    @Override
    public synchronized CompletableFuture<Void> record(AuditEvent.Builder event) {
        if (!RECORDABLE.contains(event.getBodyCase())) {
            throw new IllegalArgumentException("an event with body `" + event.getBodyCase()
                    + "` is not a session's to record; sessions are opened and closed by their own methods");
        }
        CompletableFuture<Void> refusal = refusal();
        return refusal != null ? refusal : noted(chain.append(event, false, false));
    }

    @Override
    public synchronized CompletableFuture<Void> record(AuditEvent.Builder event, MaskedOriginals originals) {
        if (originals.getValuesCount() > 0 && refusal() == null) {
            Delivered.Builder delivered = event.hasOperationRepeated()
                    ? event.getOperationRepeatedBuilder().getDeliveredBuilder()
                    : event.getDeliveredBuilder();
            delivered.setOriginals(encrypted(originals));
            markMasked(delivered, originals);
        }
        return record(event);
    }

    /** Says where values were replaced, which the originals say too, but to the auditor alone. */
    private static void markMasked(Delivered.Builder delivered, MaskedOriginals originals) {
        int before = 0;
        for (MaskedOriginal original : originals.getValuesList()) {
            long row = original.getRow();
            if (row >= 0 && row <= Integer.MAX_VALUE) {
                delivered.addMaskedCells((int) row - before).addMaskedCells(original.getColumn());
                before = (int) row;
            }
        }
    }

    @Override
    public synchronized long lastSequence() {
        return chain.nextSequence() - 1;
    }

    @Override
    public CompletableFuture<Void> close(SessionClosed closing) {
        CompletableFuture<Void> future;
        synchronized (this) {
            if (closed != null) {
                return closed;
            }
            // Even a session that was refused for want of room gets its last word: its chain is whole up to there.
            future = chain.append(AuditEvent.newBuilder().setSessionClosed(closing), true, true);
            closed = future;
        }
        future.whenComplete((done, failure) -> ended.accept(this, chain.durable()));
        return future;
    }

    /** Remembers a failure; gives the future itself, so that callers see the failure unwrapped. */
    @SuppressWarnings("FutureReturnValueIgnored")
    private CompletableFuture<Void> noted(CompletableFuture<Void> future) {
        future.whenComplete((done, failure) -> {
            if (failure != null) {
                failed = true;
            }
        });
        return future;
    }

    private @Nullable CompletableFuture<Void> refusal() {
        if (closed != null) {
            return unavailable("the session's record is closed");
        }
        return failed ? unavailable("an earlier event of the session was not recorded") : null;
    }

    private ByteString encrypted(MaskedOriginals originals) {
        byte[] place = AuditChain.originalsAssociatedData(chain.sessionId(), chain.nextSequence());
        try {
            return ByteString.copyFrom(dataKey.aead().encrypt(originals.toByteArray(), place));
        } catch (GeneralSecurityException e) {
            throw new EnforcementException(ErrorCode.RECORDING_UNAVAILABLE, "originals cannot be encrypted", e);
        }
    }

    private static CompletableFuture<Void> unavailable(String why) {
        return CompletableFuture.failedFuture(
                new EnforcementException(ErrorCode.RECORDING_UNAVAILABLE, why + "; open a new session"));
    }
}
