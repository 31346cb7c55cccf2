package dev.chaperone.enforcer;

import dev.chaperone.approval.v1.Approval;
import dev.chaperone.approval.v1.ApprovalServiceGrpc;
import dev.chaperone.approval.v1.CancelRequest;
import dev.chaperone.audit.v1.Vote;
import dev.chaperone.enforcer.HoldAnswer.Outcome;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One approval that is followed until people have decided ({@link HoldFollower}), and then redeemed ({@link HoldRedemption}). */
final class RemoteHold implements Hold, HoldFollower.Listener {

    static final String NO_VALID_ANSWER = "the approval service gave no valid answer";

    private static final Logger LOG = LoggerFactory.getLogger(RemoteHold.class);
    private static final long CALL_SECONDS = 5;

    /** How long past its time the service may take to say that it has lapsed, and how long redeeming may be tried. */
    private static final Duration GRACE = Duration.ofSeconds(15);

    private final HoldService service;
    private final HeldApproval held;
    private final Consumer<RemoteHold> ended;
    private final HoldFollower follower;
    private final CompletableFuture<HoldAnswer> answer = new CompletableFuture<>();

    // Guarded by this.
    private @Nullable HoldRedemption redemption;

    /** @param ended is told once there is an answer */
    RemoteHold(HoldService service, HeldApproval held, Consumer<RemoteHold> ended) {
        this.service = service;
        this.held = held;
        this.ended = ended;
        this.follower = new HoldFollower(service, held, held.expiresAt().plus(GRACE), this);
    }

    @Override
    public String id() {
        return held.id();
    }

    @Override
    public String url() {
        return held.url();
    }

    @Override
    public boolean grantedBefore() {
        return held.grantedBefore();
    }

    @Override
    public Instant expiresAt() {
        return held.expiresAt();
    }

    @Override
    public CompletionStage<HoldAnswer> answer() {
        return answer.copy();
    }

    /** Begins to follow it. */
    void follow() {
        follower.follow();
    }

    @Override
    public void seen(Approval approval) {
        if (!held.is(approval)) {
            ended(Outcome.UNAVAILABLE, NO_VALID_ANSWER);
            return;
        }
        switch (approval.getState()) {
            case STATE_PENDING -> LOG.debug("`{}` waits", held.id());
            case STATE_APPROVED -> redeem(approval);
            case STATE_DENIED -> conclude(decided(Outcome.DENIED, approval));
            case STATE_EXPIRED -> ended(Outcome.EXPIRED, "");
            case STATE_CANCELLED -> ended(Outcome.WITHDRAWN, "");
            case STATE_CONSUMED -> ended(Outcome.UNAVAILABLE, "the grant is used up");
            default -> ended(Outcome.UNAVAILABLE, NO_VALID_ANSWER);
        }
    }

    /** No decision outlives the token of whoever asks: whoever comes back with a new one finds the grant as it is. */
    private void redeem(Approval approved) {
        if (!Instant.now().isBefore(held.callerUntil())) {
            ended(
                    Outcome.EXPIRED,
                    "it is granted, but the token of this session has expired meanwhile; connect with a new one");
            return;
        }
        HoldRedemption begun;
        synchronized (this) {
            if (answer.isDone() || redemption != null) {
                return;
            }
            begun = new HoldRedemption(service, held, Instant.now().plus(GRACE), new HoldRedemption.Listener() {
                @Override
                public void redeemed() {
                    conclude(decided(Outcome.GRANTED, approved));
                }

                @Override
                public void refused(String words) {
                    ended(Outcome.UNAVAILABLE, words);
                }
            });
            redemption = begun;
        }
        follower.stop();
        begun.redeem();
    }

    /** Who decided and why, for the one who waits and for the record. */
    private static HoldAnswer decided(Outcome outcome, Approval approval) {
        boolean approve = outcome == Outcome.GRANTED;
        StringBuilder words = new StringBuilder();
        for (Vote vote : approval.getVotesList()) {
            if (vote.getApprove() == approve) {
                words.append(words.isEmpty() ? "" : "; ")
                        .append(vote.getVoter().getSubject())
                        .append(vote.getBreakGlass() ? " (breaking the glass): " : ": ")
                        .append(vote.getJustification());
            }
        }
        return new HoldAnswer(outcome, words.toString(), approval.getVotesList(), approval.getBreakGlass());
    }

    @Override
    public void withdraw() {
        if (conclude(HoldAnswer.of(Outcome.WITHDRAWN))) {
            ApprovalServiceGrpc.newStub(service.calls())
                    .withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS)
                    .cancel(CancelRequest.newBuilder().setId(held.id()).build(), new Cancelled());
        }
    }

    @Override
    public void ended(Outcome outcome, String words) {
        conclude(new HoldAnswer(outcome, words));
    }

    private boolean conclude(HoldAnswer with) {
        if (!answer.complete(with)) {
            return false;
        }
        follower.stop();
        synchronized (this) {
            if (redemption != null) {
                redemption.stop();
            }
        }
        ended.accept(this);
        return true;
    }

    /** Nobody waits for a cancellation; what is not cancelled lapses. */
    private final class Cancelled implements StreamObserver<Approval> {

        @Override
        public void onNext(Approval value) {
            LOG.debug("`{}` is withdrawn", held.id());
        }

        @Override
        public void onError(Throwable failure) {
            LOG.debug("`{}` could not be withdrawn; it lapses: {}", held.id(), Status.fromThrowable(failure));
        }

        @Override
        public void onCompleted() {
            LOG.debug("`{}` was taken back", held.id());
        }
    }
}
