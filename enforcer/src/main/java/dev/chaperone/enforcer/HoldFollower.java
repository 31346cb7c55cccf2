package dev.chaperone.enforcer;

import dev.chaperone.approval.v1.Approval;
import dev.chaperone.approval.v1.ApprovalServiceGrpc;
import dev.chaperone.approval.v1.WatchApprovalRequest;
import dev.chaperone.enforcer.HoldAnswer.Outcome;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Follows one approval until it is told to stop, over as many streams as that takes: one that breaks decides nothing. */
final class HoldFollower {

    private static final Logger LOG = LoggerFactory.getLogger(HoldFollower.class);

    private final HoldService service;
    private final HeldApproval held;
    private final Instant until;
    private final Listener listener;
    private final HoldPauses pauses;

    // Guarded by this.
    private @Nullable Stream current;
    private boolean stopped;

    /** Who is told, on threads of the channels. */
    interface Listener {

        /** What the service says of the approval, whatever that is. */
        void seen(Approval approval);

        /** Nothing more will be seen. */
        void ended(Outcome outcome, String words);
    }

    /** @param until when a service that does not answer is not waited for any longer */
    HoldFollower(HoldService service, HeldApproval held, Instant until, Listener listener) {
        this.service = service;
        this.held = held;
        this.until = until;
        this.listener = listener;
        this.pauses = new HoldPauses(service.scheduler());
    }

    void follow() {
        Stream stream = new Stream();
        synchronized (this) {
            if (stopped) {
                return;
            }
            current = stream;
        }
        ApprovalServiceGrpc.newStub(service.watches())
                .withWaitForReady()
                .watchApproval(
                        WatchApprovalRequest.newBuilder().setId(held.id()).build(), stream);
        if (!isCurrent(stream)) {
            stream.cancel(); // stopped before there was anything to cancel
        }
    }

    void stop() {
        Stream stream;
        synchronized (this) {
            stopped = true;
            stream = current;
            current = null;
        }
        if (stream != null) {
            stream.cancel();
        }
    }

    private synchronized boolean isCurrent(Stream stream) {
        return stream == current;
    }

    private void seen(Stream stream, Approval approval) {
        if (isCurrent(stream)) {
            pauses.reset();
            listener.seen(approval);
        }
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
                listener.ended(Outcome.UNAVAILABLE, GrpcHoldGate.words(status));
            default -> {
                LOG.debug("`{}` is followed anew: {}", held.id(), status);
                if (Instant.now().isAfter(until)) {
                    listener.ended(Outcome.EXPIRED, "");
                } else if (!pauses.later(this::follow)) {
                    listener.ended(Outcome.UNAVAILABLE, "the enforcer stops");
                }
            }
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
}
