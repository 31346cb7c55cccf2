package dev.chaperone.pdp.console;

import dev.chaperone.approval.v1.ApproveRequest;
import dev.chaperone.approval.v1.DenyRequest;
import dev.chaperone.approval.v1.ListApprovalsRequest;
import dev.chaperone.approval.v1.State;
import dev.chaperone.decision.v1.Principal;
import dev.chaperone.decision.v1.PrincipalKind;
import dev.chaperone.pdp.approval.ApprovalException;
import dev.chaperone.pdp.approval.Approvals;
import dev.chaperone.pdp.approval.Subscription;
import dev.chaperone.pdp.console.DeskException.Problem;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The approvals of this process's service. Whoever signed in to the console is a human in person, with the groups of this moment. */
public final class ServiceDesk implements ApprovalDesk {

    private static final int MOST_PENDING = 500;
    private static final int MOST_DECIDED = 100;
    private static final int MOST_BEFORE = 10;

    private final Approvals approvals;

    /** A desk at a service that somebody else starts and closes. */
    public ServiceDesk(Approvals approvals) {
        this.approvals = approvals;
    }

    @Override
    public List<HeldOperation> list(Person person) {
        List<HeldOperation> found = new ArrayList<>(list(person, MOST_PENDING, State.STATE_PENDING));
        found.addAll(list(
                person,
                MOST_DECIDED,
                State.STATE_APPROVED,
                State.STATE_DENIED,
                State.STATE_EXPIRED,
                State.STATE_CANCELLED,
                State.STATE_CONSUMED));
        return found;
    }

    private List<HeldOperation> list(Person person, int most, State... states) {
        ListApprovalsRequest.Builder request =
                ListApprovalsRequest.newBuilder().addAllStates(List.of(states)).setPageSize(most);
        List<HeldOperation> found = new ArrayList<>();
        do {
            ListApprovalsRequest next = request.build();
            var page = answer(() -> approvals.list(principal(person), next));
            page.getApprovalsList().forEach(approval -> found.add(HeldOperations.listed(approval)));
            request.setPageToken(page.getNextPageToken()).setPageSize(most - found.size());
        } while (found.size() < most && !request.getPageToken().isEmpty());
        return found;
    }

    @Override
    public HeldOperation find(Person person, String id) {
        return HeldOperations.of(answer(() -> approvals.get(principal(person), id)));
    }

    @Override
    public List<HeldOperation> before(Person person, HeldOperation held) {
        ListApprovalsRequest request = ListApprovalsRequest.newBuilder()
                .setSubject(held.requester().subject())
                .setPageSize(MOST_BEFORE + 1)
                .build();
        return answer(() -> approvals.list(principal(person), request)).getApprovalsList().stream()
                .filter(other -> !other.getId().equals(held.id()))
                .filter(other -> other.getRequest()
                        .getPrincipal()
                        .getIssuer()
                        .equals(held.requester().issuer()))
                .limit(MOST_BEFORE)
                .map(HeldOperations::of)
                .toList();
    }

    @Override
    public HeldOperation vote(Person person, Ballot ballot) {
        return HeldOperations.of(answer(() -> ballot.approve()
                ? approvals.approve(
                        principal(person),
                        ApproveRequest.newBuilder()
                                .setId(ballot.id())
                                .setJustification(ballot.justification())
                                .setRevision(ballot.revision())
                                .setBreakGlass(ballot.breakGlass())
                                .build())
                : approvals.deny(
                        principal(person),
                        DenyRequest.newBuilder()
                                .setId(ballot.id())
                                .setJustification(ballot.justification())
                                .setRevision(ballot.revision())
                                .build())));
    }

    @Override
    public Following follow(Person person, Runnable changed) {
        Subscription subscription = answer(() -> approvals.watchAll(principal(person), approval -> changed.run()));
        return subscription::close;
    }

    /** A person as services know them. */
    static Principal principal(Person person) {
        return Principal.newBuilder()
                .setKind(PrincipalKind.PRINCIPAL_KIND_HUMAN)
                .setIssuer(person.issuer())
                .setSubject(person.subject())
                .addAllGroups(person.groups())
                .build();
    }

    /** What the service answers, or its refusal in the console's words. */
    static <T extends @Nullable Object> T answer(Supplier<T> work) {
        try {
            return work.get();
        } catch (ApprovalException e) {
            throw new DeskException(problem(e.problem()), String.valueOf(e.getMessage()));
        }
    }

    private static Problem problem(ApprovalException.Problem problem) {
        return switch (problem) {
            case UNAUTHENTICATED -> Problem.UNKNOWN_PERSON;
            case NOT_FOUND -> Problem.NOT_FOUND;
            case INVALID -> Problem.INVALID;
            case FORBIDDEN -> Problem.FORBIDDEN;
            case CONFLICT -> Problem.CONFLICT;
            case TOO_MANY -> Problem.TOO_MANY;
            case UNAVAILABLE -> Problem.UNAVAILABLE;
        };
    }
}
