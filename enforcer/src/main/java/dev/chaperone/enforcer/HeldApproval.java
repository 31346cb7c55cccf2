package dev.chaperone.enforcer;

import com.google.protobuf.ByteString;
import dev.chaperone.approval.v1.Approval;
import dev.chaperone.approval.v1.State;
import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.Principal;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What an enforcer keeps of an approval that it has asked for.
 *
 * @param id of the approval
 * @param url where people decide; empty when no such place is known
 * @param grantedBefore whether people had decided before it was asked for
 * @param digest of exactly what would run
 * @param sessionId session in which it would
 * @param expiresAt when it lapses
 * @param callerUntil when the token of whoever asks stops being valid
 */
record HeldApproval(
        String id,
        String url,
        boolean grantedBefore,
        ByteString digest,
        String sessionId,
        Instant expiresAt,
        Instant callerUntil) {

    /** What the service has opened for that digest; null when it has opened something else, or nothing that waits. */
    static @Nullable HeldApproval of(Approval created, ByteString digest, DecideRequest asked) {
        boolean usable = created.getId().matches("[A-Za-z0-9-]{1,64}")
                && created.getDigest().equals(digest)
                && created.hasExpiresAt()
                && (created.getState() == State.STATE_PENDING || created.getState() == State.STATE_APPROVED);
        return usable
                ? new HeldApproval(
                        created.getId(),
                        created.getUrl(),
                        created.getState() == State.STATE_APPROVED,
                        digest,
                        asked.getContext().getSessionId(),
                        Instant.ofEpochSecond(
                                created.getExpiresAt().getSeconds(),
                                created.getExpiresAt().getNanos()),
                        callerUntil(asked.getPrincipal()))
                : null;
    }

    private static Instant callerUntil(Principal caller) {
        return caller.hasExpiresAt()
                ? Instant.ofEpochSecond(caller.getExpiresAt().getSeconds())
                : Instant.MAX;
    }

    /** Whether the service speaks of this one, and of exactly what would run. */
    boolean is(Approval approval) {
        return approval.getId().equals(id) && approval.getDigest().equals(digest);
    }
}
