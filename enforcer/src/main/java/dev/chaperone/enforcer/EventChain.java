package dev.chaperone.enforcer;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import com.google.protobuf.UnsafeByteOperations;
import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.AuditRecord;
import dev.chaperone.proto.AuditChain;
import dev.chaperone.proto.ErrorCode;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;

/**
 * Links one session's events and hands them to the spool. Whoever owns a chain lets one thread at a time append; the spool's
 * writer reports what became of them.
 */
final class EventChain {

    /** What a session that has no durable event yet has as its last one. */
    static final Head NONE = new Head(-1, new byte[0]);

    /**
     * One event's place in its chain.
     *
     * @param sequence from 0; -1 for none
     * @param hash 32 bytes; empty for none
     */
    record Head(long sequence, byte[] hash) {}

    private final String sessionId;
    private final byte[] key;
    private final String enforcer;
    private final boolean control;
    private final HeadSigner signer;
    private final Spool spool;
    private final Clock clock;
    private Head last = NONE;
    private volatile Head durable = NONE;
    private volatile boolean broken;

    EventChain(String sessionId, String enforcer, boolean control, HeadSigner signer, Spool spool, Clock clock) {
        this.sessionId = sessionId;
        this.key = sessionId.getBytes(StandardCharsets.UTF_8);
        this.enforcer = enforcer;
        this.control = control;
        this.signer = signer;
        this.spool = spool;
        this.clock = clock;
    }

    String sessionId() {
        return sessionId;
    }

    /** The sequence that the next event gets. */
    long nextSequence() {
        return last.sequence() + 1;
    }

    /** The last event that is durable. */
    Head durable() {
        return durable;
    }

    /** Whether an event was lost on its way to the disk: the chain cannot be continued. */
    boolean broken() {
        return broken;
    }

    /**
     * Adds an event. When it cannot be recorded the future fails at once and the chain is as before.
     *
     * @param lastWord accepted even when the spool is full: it ends a session
     */
    CompletableFuture<Void> append(AuditEvent.Builder event, boolean signed, boolean lastWord) {
        if (broken) {
            return CompletableFuture.failedFuture(
                    new EnforcementException(ErrorCode.RECORDING_UNAVAILABLE, "an earlier event was not recorded"));
        }
        long sequence = nextSequence();
        byte[] bytes = event.setSessionId(sessionId)
                .setSequence(sequence)
                .setPreviousHash(UnsafeByteOperations.unsafeWrap(last.hash()))
                .setTime(now())
                .setEnforcer(enforcer)
                .build()
                .toByteArray();
        if (bytes.length > Recorder.MAX_EVENT) {
            return CompletableFuture.failedFuture(new EnforcementException(
                    ErrorCode.RECORDING_UNAVAILABLE,
                    "an event of `" + bytes.length + "` bytes exceeds the `" + Recorder.MAX_EVENT
                            + "` bytes that can be recorded; ask for less at once"));
        }
        Head head = new Head(sequence, AuditChain.hash(bytes));
        SpoolEntry entry = new SpoolEntry(
                this, head, key, record(bytes, head, signed), control, new CompletableFuture<>(), System.nanoTime());
        EnforcementException refusal = spool.offer(entry, lastWord);
        if (refusal != null) {
            return CompletableFuture.failedFuture(refusal);
        }
        last = head;
        return entry.future();
    }

    /** Called by the spool's writer, in order. */
    void becameDurable(Head head) {
        durable = head;
    }

    /** Called by the spool's writer when an event could not be written. */
    void breakOff() {
        broken = true;
    }

    private byte[] record(byte[] bytes, Head head, boolean signed) {
        AuditRecord.Builder record = AuditRecord.newBuilder().setEvent(UnsafeByteOperations.unsafeWrap(bytes));
        if (signed) {
            record.setHeadSignature(ByteString.copyFrom(signer.sign(sessionId, head.sequence(), head.hash())))
                    .setKeyId(signer.keyId());
        }
        return record.build().toByteArray();
    }

    private Timestamp now() {
        Instant now = clock.instant();
        return Timestamp.newBuilder()
                .setSeconds(now.getEpochSecond())
                .setNanos(now.getNano())
                .build();
    }
}
