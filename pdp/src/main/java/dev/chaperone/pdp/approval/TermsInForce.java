package dev.chaperone.pdp.approval;

import dev.chaperone.decision.v1.Decision;
import dev.chaperone.decision.v1.GrantMode;
import dev.chaperone.decision.v1.HoldTerms;
import dev.chaperone.decision.v1.Obligation;
import dev.chaperone.pdp.approval.ApprovalException.Problem;
import java.time.Duration;
import java.util.List;

/** The terms of one approval: the policy's, with the service's own where it says nothing, and within the service's bounds. */
final class TermsInForce {

    private TermsInForce() {}

    /**
     * The terms.
     *
     * @throws ApprovalException CONFLICT when nobody could approve
     */
    static HoldTerms of(Decision decision, ApprovalsConfig.Terms own) {
        HoldTerms asked = decision.getObligationsList().stream()
                .filter(Obligation::hasHold)
                .map(Obligation::getHold)
                .reduce((one, other) -> {
                    throw new ApprovalException(Problem.INVALID, "the decision has two sets of terms for holding");
                })
                .orElse(HoldTerms.getDefaultInstance());
        HoldTerms.Builder terms = asked.toBuilder();
        if (terms.getApproverGroupsCount() == 0 && terms.getRequiredGroupsCount() == 0) {
            terms.addAllApproverGroups(own.approverGroups());
        } else if (asked.getOwnGroupsToo()) {
            addOwn(terms, own.approverGroups());
        }
        terms.clearOwnGroupsToo();
        if (terms.getApproverGroupsCount() == 0 && terms.getRequiredGroupsCount() == 0) {
            throw new ApprovalException(
                    Problem.CONFLICT,
                    "nobody may approve this: neither the policy (`verdict.approvers`) nor `approvals.terms.approver-groups`"
                            + " names a group");
        }
        terms.setApprovalsNeeded(Math.max(1, asked.getApprovalsNeeded()));
        terms.setExpiresAfter(Times.duration(
                bounded(asked.hasExpiresAfter(), asked.getExpiresAfter(), own.waits(), own.longestWait())));
        terms.setGrantLasts(
                Times.duration(bounded(asked.hasGrantLasts(), asked.getGrantLasts(), own.grant(), own.longestGrant())));
        if (asked.getMode() != GrantMode.GRANT_MODE_SESSION && asked.getMode() != GrantMode.GRANT_MODE_WINDOW) {
            terms.setMode(GrantMode.GRANT_MODE_ONCE);
        }
        return terms.build();
    }

    /** Has one of the service's own groups agree as well. */
    private static void addOwn(HoldTerms.Builder terms, List<String> own) {
        List<String> common =
                terms.getApproverGroupsList().stream().filter(own::contains).toList();
        if (!common.isEmpty()) {
            terms.clearApproverGroups().addAllApproverGroups(common);
        } else if (terms.getApproverGroupsCount() == 0 && !own.isEmpty()) {
            terms.addAllApproverGroups(own);
        } else if (own.size() == 1) {
            terms.addRequiredGroups(own.get(0));
        } else {
            throw new ApprovalException(
                    Problem.CONFLICT,
                    "the rules that hold this ask for different approvers: `approvals.terms.approver-groups`, which one of them"
                            + " leaves it to, and those that another names");
        }
    }

    private static Duration bounded(boolean said, com.google.protobuf.Duration asked, Duration own, Duration longest) {
        Duration chosen = said ? Times.duration(asked) : own;
        if (chosen.isNegative() || chosen.isZero()) {
            throw new ApprovalException(Problem.INVALID, "the decision's terms give no time at all");
        }
        return chosen.compareTo(longest) > 0 ? longest : chosen;
    }
}
