package dev.chaperone.pdp.approval;

import dev.chaperone.approval.v1.Approval;
import dev.chaperone.approval.v1.ApprovalServiceGrpc;
import dev.chaperone.approval.v1.CancelRequest;
import dev.chaperone.approval.v1.ConsumeRequest;
import dev.chaperone.approval.v1.CreateApprovalRequest;
import dev.chaperone.approval.v1.WatchApprovalRequest;
import io.grpc.stub.StreamObserver;

/** The service as enforcers reach it, where they reach decisions: nothing that a person decides can be called here. */
final class EnforcerEndpoint extends ApprovalServiceGrpc.ApprovalServiceImplBase {

    private final Approvals approvals;
    private final Followings followings;
    private final Calls calls;

    EnforcerEndpoint(Approvals approvals, Followings followings, Calls calls) {
        this.approvals = approvals;
        this.followings = followings;
        this.calls = calls;
    }

    @Override
    public void createApproval(CreateApprovalRequest request, StreamObserver<Approval> responses) {
        String enforcer = ProvenEnforcer.name();
        calls.answer(responses, () -> known(approvals.create(enforcer, request)));
    }

    @Override
    public void cancel(CancelRequest request, StreamObserver<Approval> responses) {
        String enforcer = ProvenEnforcer.name();
        calls.answer(responses, () -> known(approvals.cancel(enforcer, request.getId())));
    }

    @Override
    public void consume(ConsumeRequest request, StreamObserver<Approval> responses) {
        String enforcer = ProvenEnforcer.name();
        calls.answer(responses, () -> known(approvals.consume(enforcer, request)));
    }

    @Override
    public void watchApproval(WatchApprovalRequest request, StreamObserver<Approval> responses) {
        String enforcer = ProvenEnforcer.name();
        Following following = followings.open(responses, EnforcerEndpoint::nothingToExpect);
        calls.run(responses, () -> {
            try {
                // In this order, so that no change is missed in between.
                following.start(() -> approvals.watch(request.getId(), approval -> {
                    if (approval.getProvenEnforcer().equals(enforcer)) {
                        following.offer(known(approval));
                    }
                }));
                following.offer(known(approvals.find(enforcer, request.getId())));
            } catch (RuntimeException e) {
                following.refuse(e);
            }
        });
    }

    private static boolean nothingToExpect(Approval approval) {
        return switch (approval.getState()) {
            case STATE_PENDING, STATE_APPROVED -> false;
            default -> true;
        };
    }

    /** Without what the enforcer knows, which may be a megabyte. */
    private static Approval known(Approval approval) {
        return approval.toBuilder()
                .clearRequest()
                .clearDecision()
                .clearOperationText()
                .clearParameters()
                .build();
    }
}
