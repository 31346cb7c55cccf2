package dev.chaperone.pdp.approval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chaperone.decision.v1.Decision;
import dev.chaperone.decision.v1.HoldTerms;
import dev.chaperone.decision.v1.Obligation;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class TermsInForceTest {

    private static final HoldTerms.Builder BILLING = HoldTerms.newBuilder().addApproverGroups("billing");

    @Test
    void aPolicyThatNamesGroupsIsAlone() {
        HoldTerms terms = inForce(BILLING.clone(), "privacy");
        assertThat(terms.getApproverGroupsList()).containsExactly("billing");
        assertThat(terms.getRequiredGroupsList()).isEmpty();
    }

    @Test
    void aRuleThatLeavesItToTheServiceIsSatisfiedAsWell() {
        HoldTerms terms = inForce(BILLING.clone().setOwnGroupsToo(true), "privacy");
        assertThat(terms.getApproverGroupsList()).containsExactly("billing");
        assertThat(terms.getRequiredGroupsList()).containsExactly("privacy");

        terms = inForce(BILLING.clone().addApproverGroups("privacy").setOwnGroupsToo(true), "privacy", "legal");
        assertThat(terms.getApproverGroupsList()).containsExactly("privacy");

        terms = inForce(HoldTerms.newBuilder().addRequiredGroups("billing").setOwnGroupsToo(true), "privacy", "legal");
        assertThat(terms.getApproverGroupsList()).containsExactly("privacy", "legal");
        assertThat(terms.getRequiredGroupsList()).containsExactly("billing");
    }

    @Test
    void whatNobodyCanSatisfyIsRefused() {
        assertThatThrownBy(() -> inForce(BILLING.clone().setOwnGroupsToo(true), "privacy", "legal"))
                .isInstanceOf(ApprovalException.class)
                .hasMessageContaining("different approvers");
        assertThatThrownBy(() -> inForce(BILLING.clone().setOwnGroupsToo(true))).isInstanceOf(ApprovalException.class);
    }

    private static HoldTerms inForce(HoldTerms.Builder asked, String... own) {
        return TermsInForce.of(
                Decision.newBuilder()
                        .addObligations(Obligation.newBuilder().setHold(asked))
                        .build(),
                new ApprovalsConfig.Terms(
                        List.of(own),
                        Duration.ofMinutes(15),
                        Duration.ofHours(1),
                        Duration.ofMinutes(15),
                        Duration.ofHours(1)));
    }
}
