package dev.chaperone.enforcer;

import com.google.protobuf.ByteString;
import dev.chaperone.approval.v1.Approval;
import dev.chaperone.approval.v1.ApprovalServiceGrpc;
import dev.chaperone.approval.v1.CancelRequest;
import dev.chaperone.approval.v1.ConsumeRequest;
import dev.chaperone.approval.v1.State;
import dev.chaperone.approval.v1.WatchApprovalRequest;
import dev.chaperone.audit.v1.Vote;
import dev.chaperone.enforcer.HoldAnswer.Outcome;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One approval that is followed until people have decided, over as many streams as that takes, and then redeemed. A stream that
 * breaks decides nothing; a redemption whose answer is lost is asked for again under the same id, for a bounded time.
 */
final class RemoteHold implements Hold {

    private static final Logger LOG = LoggerFactory.getLogger(RemoteHold.class);
    private static final long FIRST_PAUSE_MILLIS = 50;
    private static final long LONGEST_PAUSE_MILLIS = 1_000;
    private static final long CALL_SECONDS = 5;

    /** How long past its time the service may take to say that it has lapsed, and how long redeeming may be tried. */
    private static final Duration GRACE = Duration.ofSeconds(15);

    private final ManagedChannel calls;
    private final ManagedChannel watches;
    private final ScheduledExecutorService scheduler;
    private final String id;
    private final String url;
    private final boolean grantedBefore;
    private final ByteString digest;
    private final String sessionId;
    private final Instant expiresAt;
    private final Consumer<RemoteHold> ended;
    private final String consumptionId = UUID.randomUUID().toString();
    private final CompletableFuture<HoldAnswer> answer = new CompletableFuture<>();

    // Guarded by this.
    private @Nullable Stream current;
    private @Nullable Instant redeemUntil;
    private Approval said = Approval.getDefaultInstance();
    private long pauseMillis = FIRST_PAUSE_MILLIS;

    RemoteHold(
            ManagedChannel calls,
            ManagedChannel watches,
            ScheduledExecutorService scheduler,
            Approval created,
            String sessionId,
            Consumer<RemoteHold> ended) {
        this.calls = calls;
        this.watches = watches;
        this.scheduler = scheduler;
        this.id = created.getId();
        this.url = created.getUrl();
        this.grantedBefore = created.getState() == State.STATE_APPROVED;
        this.digest = created.getDigest();
        this.sessionId = sessionId;
        this.expiresAt = Instant.ofEpochSecond(
                created.getExpiresAt().getSeconds(), created.getExpiresAt().getNanos());
        this.ended = ended;
    }

    @Override
    public String id() {
        return id;
    }

    @Override
    public String url() {
        return url;
    }

    @Override
    public boolean grantedBefore() {
        return grantedBefore;
    }

    @Override
    public Instant expiresAt() {
        return expiresAt;
    }

    @Override
    public CompletionStage<HoldAnswer> answer() {
        return answer.copy();
    }

    /** Begins to follow it. */
    void follow() {
        Stream stream = new Stream();
        synchronized (this) {
            if (answer.isDone() || redeemUntil != null) {
                return;
            }
            current = stream;
        }
        ApprovalServiceGrpc.newStub(watches)
                .withWaitForReady()
                .watchApproval(WatchApprovalRequest.newBuilder().setId(id).build(), stream);
    }

    private void seen(Stream stream, Approval approval) {
        synchronized (this) {
            if (stream != current) {
                return;
            }
            pauseMillis = FIRST_PAUSE_MILLIS;
        }
        if (!approval.getId().equals(id) || !approval.getDigest().equals(digest)) {
            conclude(Outcome.UNAVAILABLE, "the approval service gave no valid answer");
            return;
        }
        switch (approval.getState()) {
            case STATE_PENDING -> LOG.debug("`{}` waits", id);
            case STATE_APPROVED -> redeem(approval);
            case STATE_DENIED -> conclude(decided(Outcome.DENIED, approval));
            case STATE_EXPIRED -> conclude(Outcome.EXPIRED, "");
            case STATE_CANCELLED -> conclude(Outcome.WITHDRAWN, "");
            case STATE_CONSUMED -> conclude(Outcome.UNAVAILABLE, "the grant is used up");
            default -> conclude(Outcome.UNAVAILABLE, "the approval service gave no valid answer");
        }
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

    private void lost(Stream stream, Status status) {
        synchronized (this) {
            if (stream != current) {
                return;
            }
            current = null;
        }
        switch (status.getCode()) {
            case NOT_FOUND, INVALID_ARGUMENT, UNIMPLEMENTED, PERMISSION_DENIED, UNAUTHENTICATED ->
                conclude(Outcome.UNAVAILABLE, GrpcHoldGate.words(status));
            default -> {
                LOG.debug("`{}` is followed anew: {}", id, status);
                if (Instant.now().isAfter(expiresAt.plus(GRACE))) {
                    conclude(Outcome.EXPIRED, "");
                } else {
                    later(this::follow);
                }
            }
        }
    }

    private void redeem(Approval approval) {
        synchronized (this) {
            if (answer.isDone() || redeemUntil != null) {
                return;
            }
            said = approval;
            redeemUntil = Instant.now().plus(GRACE);
        }
        stopFollowing();
        consume();
    }

    private void consume() {
        if (answer.isDone()) {
            return;
        }
        ApprovalServiceGrpc.newStub(calls)
                .withWaitForReady()
                .withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS)
                .consume(
                        ConsumeRequest.newBuilder()
                                .setId(id)
                                .setDigest(digest)
                                .setSessionId(sessionId)
                                .setConsumptionId(consumptionId)
                                .build(),
                        new Redeemed());
    }

    private void notRedeemed(Status status) {
        boolean again = switch (status.getCode()) {
            case UNAVAILABLE, DEADLINE_EXCEEDED, INTERNAL, UNKNOWN, CANCELLED, ABORTED, RESOURCE_EXHAUSTED -> true;
            default -> false;
        };
        Instant until;
        synchronized (this) {
            until = redeemUntil;
        }
        if (again && until != null && Instant.now().isBefore(until)) {
            later(this::consume);
        } else {
            conclude(Outcome.UNAVAILABLE, GrpcHoldGate.words(status));
        }
    }

    private void later(Runnable work) {
        long pause;
        synchronized (this) {
            pause = pauseMillis / 2 + ThreadLocalRandom.current().nextLong(pauseMillis);
            pauseMillis = Math.min(pauseMillis * 2, LONGEST_PAUSE_MILLIS);
        }
        try {
            scheduler.schedule(work, pause, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            conclude(Outcome.UNAVAILABLE, "the enforcer stops");
        }
    }

    @Override
    public void withdraw() {
        if (conclude(Outcome.WITHDRAWN, "")) {
            ApprovalServiceGrpc.newStub(calls)
                    .withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS)
                    .cancel(CancelRequest.newBuilder().setId(id).build(), new Cancelled());
        }
    }

    private boolean conclude(Outcome outcome, String words) {
        return conclude(new HoldAnswer(outcome, words));
    }

    private boolean conclude(HoldAnswer with) {
        boolean first = answer.complete(with);
        if (first) {
            stopFollowing();
            ended.accept(this);
        }
        return first;
    }

    private void stopFollowing() {
        Stream stream;
        synchronized (this) {
            stream = current;
            current = null;
        }
        if (stream != null) {
            stream.cancel();
        }
    }

    /** One stream of the approval's states. */
    private final class Stream implements ClientResponseObserver<WatchApprovalRequest, Approval> {

        private volatile @Nullable ClientCallStreamObserver<WatchApprovalRequest> call;

        @Override
        public void beforeStart(ClientCallStreamObserver<WatchApprovalRequest> requestStream) {
            call = requestStream;
        }

        @Override
        public void onNext(Approval approval) {
            seen(this, approval);
        }

        @Override
        public void onError(Throwable failure) {
            lost(this, Status.fromThrowable(failure));
        }

        @Override
        public void onCompleted() {
            lost(this, Status.OK);
        }

        void cancel() {
            ClientCallStreamObserver<WatchApprovalRequest> started = call;
            if (started != null) {
                started.cancel("decided", null);
            }
        }
    }

    /** Waits for the grant to be redeemed. */
    private final class Redeemed implements StreamObserver<Approval> {

        private @Nullable Approval approval;

        @Override
        public void onNext(Approval value) {
            approval = value;
        }

        @Override
        public void onError(Throwable failure) {
            notRedeemed(Status.fromThrowable(failure));
        }

        @Override
        public void onCompleted() {
            Approval redeemed = approval;
            if (redeemed != null
                    && redeemed.getId().equals(id)
                    && redeemed.getDigest().equals(digest)
                    && redeemed.getUses() > 0) {
                Approval granted;
                synchronized (RemoteHold.this) {
                    granted = said;
                }
                conclude(decided(Outcome.GRANTED, granted));
            } else {
                conclude(Outcome.UNAVAILABLE, "the approval service gave no valid answer");
            }
        }
    }

    /** Nobody waits for a cancellation; what is not cancelled lapses. */
    private final class Cancelled implements StreamObserver<Approval> {

        @Override
        public void onNext(Approval value) {
            LOG.debug("`{}` is withdrawn", id);
        }

        @Override
        public void onError(Throwable failure) {
            LOG.debug("`{}` could not be withdrawn; it lapses: {}", id, Status.fromThrowable(failure));
        }

        @Override
        public void onCompleted() {
            LOG.debug("`{}` was taken back", id);
        }
    }
}
