package dev.chaperone.pdp.approval;

import dev.chaperone.approval.v1.Approval;
import dev.chaperone.approval.v1.ApprovalServiceGrpc;
import dev.chaperone.approval.v1.ApproveRequest;
import dev.chaperone.approval.v1.DenyRequest;
import dev.chaperone.approval.v1.GetApprovalRequest;
import dev.chaperone.approval.v1.ListApprovalsRequest;
import dev.chaperone.approval.v1.ListApprovalsResponse;
import dev.chaperone.approval.v1.WatchApprovalsRequest;
import dev.chaperone.decision.v1.Principal;
import dev.chaperone.pdp.approval.ApprovalException.Problem;
import io.grpc.stub.StreamObserver;
import java.time.Clock;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Function;

/** The service as people reach it: each call's token is verified in that call, and nothing that enforcers do can be called. */
final class PeopleEndpoint extends ApprovalServiceGrpc.ApprovalServiceImplBase {

    private final Approvals approvals;
    private final Identities identities;
    private final Followings followings;
    private final Calls calls;
    private final Clock clock;

    PeopleEndpoint(Approvals approvals, Identities identities, Followings followings, Calls calls, Clock clock) {
        this.approvals = approvals;
        this.followings = followings;
        this.identities = identities;
        this.calls = calls;
        this.clock = clock;
    }

    @Override
    public void getApproval(GetApprovalRequest request, StreamObserver<Approval> responses) {
        answer(responses, person -> approvals.get(person, request.getId()));
    }

    @Override
    public void listApprovals(ListApprovalsRequest request, StreamObserver<ListApprovalsResponse> responses) {
        answer(responses, person -> approvals.list(person, request));
    }

    @Override
    public void approve(ApproveRequest request, StreamObserver<Approval> responses) {
        answer(responses, person -> approvals.approve(person, request));
    }

    @Override
    public void deny(DenyRequest request, StreamObserver<Approval> responses) {
        answer(responses, person -> approvals.deny(person, request));
    }

    @Override
    public void watchApprovals(WatchApprovalsRequest request, StreamObserver<Approval> responses) {
        Following following = followings.open(responses, approval -> false);
        authenticated(responses, person -> {
            try {
                following.start(() -> approvals.watchAll(person, approval -> {
                    if (person.hasExpiresAt() && !clock.instant().isBefore(Times.instant(person.getExpiresAt()))) {
                        following.refuse(unauthenticated("the token has expired; sign in again"));
                    } else {
                        following.offer(approval);
                    }
                }));
            } catch (RuntimeException e) {
                following.refuse(e);
            }
        });
    }

    private <A> void answer(StreamObserver<A> responses, Function<Principal, A> work) {
        authenticated(responses, person -> calls.answer(responses, () -> work.apply(person)));
    }

    private void authenticated(StreamObserver<?> responses, Consumer<Principal> then) {
        String token = Bearer.token();
        if (token.isEmpty()) {
            Calls.refuse(
                    responses,
                    unauthenticated("this takes one `authorization: Bearer …` with a token of the identity provider"));
            return;
        }
        CompletionStage<Principal> verified = identities.verify(token);
        verified.whenComplete((person, failure) -> {
            if (person != null) {
                then.accept(person);
            } else {
                Throwable cause = failure instanceof CompletionException && failure.getCause() != null
                        ? failure.getCause()
                        : failure;
                Calls.refuse(responses, cause == null ? unauthenticated("the token does not verify") : cause);
            }
        });
    }

    private static ApprovalException unauthenticated(String why) {
        return new ApprovalException(Problem.UNAUTHENTICATED, why);
    }
}
