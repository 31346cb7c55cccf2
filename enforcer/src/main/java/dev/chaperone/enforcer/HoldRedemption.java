package dev.chaperone.enforcer;

import dev.chaperone.approval.v1.Approval;
import dev.chaperone.approval.v1.ApprovalServiceGrpc;
import dev.chaperone.approval.v1.ConsumeRequest;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Redeems one grant. Asks again for a bounded time while the answer is lost, under the same id, which counts once. */
final class HoldRedemption {

    private static final long CALL_SECONDS = 5;

    private final HoldService service;
    private final HeldApproval held;
    private final Instant until;
    private final Listener listener;
    private final HoldPauses pauses;
    private final String consumptionId = UUID.randomUUID().toString();
    private volatile boolean stopped;

    /** Who is told, on threads of the channels. */
    interface Listener {

        /** The service has said so for this very hold. */
        void redeemed();

        /** It is not, and will not be. */
        void refused(String words);
    }

    /** @param until when it is not tried again */
    HoldRedemption(HoldService service, HeldApproval held, Instant until, Listener listener) {
        this.service = service;
        this.held = held;
        this.until = until;
        this.listener = listener;
        this.pauses = new HoldPauses(service.scheduler());
    }

    void redeem() {
        if (stopped) {
            return;
        }
        ApprovalServiceGrpc.newStub(service.calls())
                .withWaitForReady()
                .withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS)
                .consume(
                        ConsumeRequest.newBuilder()
                                .setId(held.id())
                                .setDigest(held.digest())
                                .setSessionId(held.sessionId())
                                .setConsumptionId(consumptionId)
                                .build(),
                        new Answer());
    }

    /** It is not asked for again; what is on its way may still count. */
    void stop() {
        stopped = true;
    }

    private void failed(Status status) {
        boolean again = switch (status.getCode()) {
            case UNAVAILABLE, DEADLINE_EXCEEDED, INTERNAL, UNKNOWN, CANCELLED, ABORTED, RESOURCE_EXHAUSTED -> true;
            default -> false;
        };
        if (!again || !Instant.now().isBefore(until)) {
            listener.refused(GrpcHoldGate.words(status));
        } else if (!pauses.later(this::redeem)) {
            listener.refused("the enforcer stops");
        }
    }

    private final class Answer implements StreamObserver<Approval> {

        private @Nullable Approval approval;

        @Override
        public void onNext(Approval value) {
            approval = value;
        }

        @Override
        public void onError(Throwable failure) {
            failed(Status.fromThrowable(failure));
        }

        @Override
        public void onCompleted() {
            Approval redeemed = approval;
            if (redeemed != null && held.is(redeemed) && redeemed.getUses() > 0) {
                listener.redeemed();
            } else {
                listener.refused(RemoteHold.NO_VALID_ANSWER);
            }
        }
    }
}
