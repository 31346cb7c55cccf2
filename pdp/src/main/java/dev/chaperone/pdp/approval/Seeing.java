package dev.chaperone.pdp.approval;

import dev.chaperone.approval.v1.Approval;
import dev.chaperone.approval.v1.ListApprovalsRequest;
import dev.chaperone.approval.v1.ListApprovalsResponse;
import dev.chaperone.decision.v1.Principal;
import dev.chaperone.decision.v1.PrincipalKind;
import dev.chaperone.pdp.approval.ApprovalException.Problem;
import java.util.List;
import org.jooq.Condition;
import org.jooq.DSLContext;
import org.jooq.impl.DSL;

/**
 * Who sees an approval: whoever asked for it, people of a group that may decide on it, and auditors. Whoever does not see it does
 * not learn that there is one.
 */
final class Seeing {

    private static final int PAGE = 50;
    private static final int LONGEST_PAGE = 500;

    private final List<String> auditorGroups;

    Seeing(List<String> auditorGroups) {
        this.auditorGroups = auditorGroups;
    }

    static ApprovalException nothing() {
        return new ApprovalException(Problem.NOT_FOUND, "there is no such approval, or none that you may see");
    }

    boolean may(Principal person, Approval approval) {
        Principal requester = approval.getRequest().getPrincipal();
        boolean own = requester.getIssuer().equals(person.getIssuer())
                && requester.getSubject().equals(person.getSubject())
                && (person.getAgent().isEmpty() || requester.getAgent().equals(person.getAgent()));
        return own
                || inPerson(person)
                        && (isAuditor(person)
                                || List.of(Voting.seers(approval.getTerms())).stream()
                                        .anyMatch(person.getGroupsList()::contains));
    }

    private boolean isAuditor(Principal person) {
        return person.getGroupsList().stream().anyMatch(auditorGroups::contains);
    }

    private static boolean inPerson(Principal person) {
        return person.getKind() == PrincipalKind.PRINCIPAL_KIND_HUMAN
                && person.getAgent().isEmpty()
                && person.getDelegationCount() == 0;
    }

    /** The same as {@link #may} for the database. */
    private Condition visible(Principal person) {
        Condition own = Db.Approvals.ISSUER
                .eq(person.getIssuer())
                .and(Db.Approvals.SUBJECT.eq(person.getSubject()))
                .and(person.getAgent().isEmpty() ? DSL.noCondition() : Db.Approvals.AGENT.eq(person.getAgent()));
        if (!inPerson(person)) {
            return own;
        }
        if (isAuditor(person)) {
            return DSL.noCondition();
        }
        String[] groups = person.getGroupsList().toArray(String[]::new);
        return own.or(DSL.condition("{0} && {1}::text[]", Db.Approvals.GROUPS, DSL.val(groups)));
    }

    ListApprovalsResponse list(
            DSLContext sql, ApprovalRecords records, Principal person, ListApprovalsRequest request) {
        int size = request.getPageSize() == 0 ? PAGE : request.getPageSize();
        if (size < 0 || size > LONGEST_PAGE) {
            throw new ApprovalException(
                    Problem.INVALID, "`page_size` is `" + size + "`; at most " + LONGEST_PAGE + " come at a time");
        }
        Condition condition = visible(person);
        if (request.getStatesCount() > 0) {
            condition = condition.and(Db.Approvals.STATE.in(
                    request.getStatesList().stream().map(ApprovalRecords::name).toList()));
        }
        if (!request.getSubject().isEmpty()) {
            condition = condition.and(Db.Approvals.SUBJECT.eq(request.getSubject()));
        }
        if (!request.getAgent().isEmpty()) {
            condition = condition.and(Db.Approvals.AGENT.eq(request.getAgent()));
        }
        if (!request.getPageToken().isEmpty()) {
            condition = condition.and(after(request.getPageToken()));
        }
        ApprovalRecords.Page found = records.page(sql, condition, size);
        ListApprovalsResponse.Builder page = ListApprovalsResponse.newBuilder().addAllApprovals(found.approvals());
        if (found.more() && !found.approvals().isEmpty()) {
            page.setNextPageToken(
                    found.approvals().get(found.approvals().size() - 1).getId());
        }
        return page.build();
    }

    /** Older than the approval that a page ended with, whose id is the token; what is purged meanwhile has nothing after it. */
    private static Condition after(String token) {
        return DSL.condition(
                "({0}, {1}) < (select last.created_at, last.id from approval last where last.id = {2})",
                Db.Approvals.CREATED_AT, Db.Approvals.ID, DSL.val(token));
    }
}
