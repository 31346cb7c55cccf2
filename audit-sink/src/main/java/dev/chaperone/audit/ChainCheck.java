package dev.chaperone.audit;

import com.google.protobuf.ByteString;
import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.AuditEvent.BodyCase;
import dev.chaperone.audit.v1.SessionOpened;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.proto.AuditChain;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The integrity of what is there: every event hashes into its session's chain at its place, and heads are signed by a trusted
 * key. Sees entries once, in the ledger's order.
 */
final class ChainCheck {

    /** Records that arrive a second time are compared with the first in another pass; so many at most. */
    static final int MAX_REPEATED = 100_000;

    /** A record for a place that has passed already: a repetition, a fork or a record out of order. */
    record Repeated(LedgerItem.Entry place, ByteString hash) {}

    private final TrustedKeys keys;
    private final Findings findings;
    private final Map<String, SessionState> sessions = new HashMap<>();
    private final List<Repeated> repeated = new ArrayList<>();
    private int lastPartition = -1;
    private long lastOffset = -1;

    ChainCheck(TrustedKeys keys, Findings findings) {
        this.keys = keys;
        this.findings = findings;
    }

    /** State by session id. */
    Map<String, SessionState> sessions() {
        return sessions;
    }

    /** Records to compare with the first ones of their places. */
    List<Repeated> repeated() {
        return repeated;
    }

    /** Checks one entry; false when it is no new event, so that nothing else should count it. */
    boolean check(LedgerItem.Entry entry) {
        checkOffset(entry);
        AuditEvent event = entry.event();
        byte[] hash = AuditChain.hash(entry.record().getEvent().toByteArray());
        checkSignature(entry, hash);
        SessionState state = sessions.computeIfAbsent(event.getSessionId(), SessionState::new);
        if (event.getSequence() < state.nextSequence) {
            if (repeated.size() < MAX_REPEATED) {
                repeated.add(new Repeated(entry, ByteString.copyFrom(hash)));
            } else {
                findings.fail(Finding.at(entry, "more than " + MAX_REPEATED + " records come out of order"));
            }
            return false;
        }
        checkLink(entry, state);
        checkShape(entry, state);
        follow(entry, state, hash);
        return true;
    }

    private void checkOffset(LedgerItem.Entry entry) {
        if (entry.partition() != lastPartition) {
            lastPartition = entry.partition();
            lastOffset = -1;
        }
        if (entry.offset() <= lastOffset) {
            findings.fail(Finding.at(
                    entry, "the record stands behind offset " + lastOffset + "; offsets of a partition only grow"));
        }
        lastOffset = Math.max(lastOffset, entry.offset());
    }

    private void checkSignature(LedgerItem.Entry entry, byte[] hash) {
        ByteString signature = entry.record().getHeadSignature();
        if (signature.isEmpty()) {
            if (mustBeSigned(entry.event().getBodyCase())) {
                findings.fail(Finding.at(
                        entry, "the event is a `" + name(entry.event().getBodyCase()) + "`, which must be signed"));
            }
            return;
        }
        String keyId = entry.record().getKeyId();
        if (!keys.trusts(keyId)) {
            findings.fail(Finding.at(
                    entry,
                    "the head is signed by key `" + keyId + "`, which is not trusted; expected one of " + keys.ids()));
            return;
        }
        byte[] message = AuditChain.headMessage(
                entry.event().getSessionId(), entry.event().getSequence(), hash);
        if (!keys.verifies(keyId, message, signature)) {
            findings.fail(Finding.at(entry, "the head signature does not match the event, whose hash is " + hex(hash)));
        }
    }

    private void checkLink(LedgerItem.Entry entry, SessionState state) {
        AuditEvent event = entry.event();
        if (event.getSequence() > state.nextSequence) {
            findings.fail(Finding.at(
                    entry,
                    "expected sequence " + state.nextSequence + "; " + (event.getSequence() - state.nextSequence)
                            + " events are missing before this one"));
        } else if (!event.getPreviousHash().equals(state.lastHash)) {
            findings.fail(Finding.at(
                    entry,
                    state.lastHash.isEmpty()
                            ? "the first event names a predecessor, "
                                    + hex(event.getPreviousHash().toByteArray())
                            : "the event names predecessor "
                                    + hex(event.getPreviousHash().toByteArray())
                                    + "; the predecessor in the ledger hashes to "
                                    + hex(state.lastHash.toByteArray())));
        }
    }

    private void checkShape(LedgerItem.Entry entry, SessionState state) {
        BodyCase body = entry.event().getBodyCase();
        if (state.closed) {
            findings.fail(Finding.at(entry, "the event follows the end of its session"));
        }
        if ((body == BodyCase.SESSION_OPENED) != (entry.event().getSequence() == 0)) {
            findings.fail(Finding.at(entry, "a session begins with `session_opened` at sequence 0, and only there"));
        }
        boolean forControl = body == BodyCase.SESSION_STARTED
                || body == BodyCase.SESSION_ENDED
                || body == BodyCase.RECORDING_CHANGED;
        if (forControl && state.opened && !state.control) {
            findings.fail(Finding.at(entry, "`" + name(body) + "` belongs into a control session"));
        }
        if (body == BodyCase.OPERATION_REPEATED
                && !state.decided(entry.event().getOperationRepeated().getDecidedSequence())) {
            findings.fail(Finding.at(
                    entry,
                    "the event repeats the decision of sequence "
                            + entry.event().getOperationRepeated().getDecidedSequence()
                            + ", which is no permitted operation of the session"));
        }
        if (entry.event().getTime().getSeconds() < state.lastSeconds - 1) {
            findings.note(
                    Finding.at(
                            entry,
                            "the event is dated before its predecessor; the enforcer's clock was set back, or dates are false"));
        }
    }

    private static void follow(LedgerItem.Entry entry, SessionState state, byte[] hash) {
        AuditEvent event = entry.event();
        state.nextSequence = event.getSequence() + 1;
        state.lastHash = ByteString.copyFrom(hash);
        state.lastSeconds = event.getTime().getSeconds();
        if (event.getBodyCase() == BodyCase.SESSION_OPENED) {
            SessionOpened opened = event.getSessionOpened();
            state.opened = true;
            state.control = opened.getKind() == SessionOpened.Kind.KIND_CONTROL;
            state.controlSession = opened.getControlSession();
            if (state.control) {
                state.facts = new SessionState.ControlFacts(event.getEnforcer(), opened);
            }
        }
        if (event.getBodyCase() == BodyCase.OPERATION_DECIDED
                && event.getOperationDecided().getEnforced() == Effect.EFFECT_PERMIT) {
            state.decidedAt(event.getSequence());
        }
        state.closed = event.getBodyCase() == BodyCase.SESSION_CLOSED;
        if (!entry.record().getHeadSignature().isEmpty()) {
            state.lastSigned = event.getSequence();
            if (state.facts != null) {
                state.facts.lastSignedSeconds = state.lastSeconds;
            }
        }
    }

    private static boolean mustBeSigned(BodyCase body) {
        return body == BodyCase.SESSION_OPENED || body == BodyCase.HEARTBEAT || body == BodyCase.SESSION_CLOSED;
    }

    private static String name(BodyCase body) {
        return body.name().toLowerCase(Locale.ROOT);
    }

    private static String hex(byte[] hash) {
        return hash.length == 0 ? "nothing" : HexFormat.of().formatHex(hash);
    }
}
