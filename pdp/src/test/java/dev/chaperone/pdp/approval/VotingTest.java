package dev.chaperone.pdp.approval;

import static dev.chaperone.pdp.approval.TestingApprovals.person;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.approval.v1.Approval;
import dev.chaperone.audit.v1.Vote;
import dev.chaperone.decision.v1.HoldTerms;
import dev.chaperone.decision.v1.Principal;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Who counts for what, where that takes several people. */
class VotingTest {

    private static final Principal PAT = person("pat", "privacy", "legal");
    private static final Principal QUINN = person("quinn", "stewards");
    private static final Principal RAE = person("rae", "stewards");
    private static final Principal SAM = person("sam", "legal");

    /** Two of the stewards, by one rule; somebody from each of two other groups, and not the same, by another. */
    private static final HoldTerms COMBINED = HoldTerms.newBuilder()
            .addApproverGroups("stewards")
            .addRequiredGroups("privacy")
            .addRequiredGroups("legal")
            .setApprovalsNeeded(2)
            .build();

    private static List<Vote> consent(Principal... people) {
        return Stream.of(people)
                .map(person ->
                        Vote.newBuilder().setVoter(person).setApprove(true).build())
                .toList();
    }

    @Test
    void onePersonInBothGroupsIsNotTwoThoughOthersStandForAnotherRule() {
        assertThat(Voting.grants(COMBINED, consent(PAT, QUINN, RAE))).isFalse();
        assertThat(Voting.grants(COMBINED, consent(PAT, SAM, QUINN))).isFalse();
        assertThat(Voting.grants(COMBINED, consent(PAT, SAM, QUINN, RAE))).isTrue();
    }

    @Test
    void onePersonMayStandForSeveralGroupsWhereOneIsEnough() {
        HoldTerms terms = HoldTerms.newBuilder()
                .addRequiredGroups("privacy")
                .addRequiredGroups("legal")
                .setApprovalsNeeded(1)
                .build();
        assertThat(Voting.grants(terms, consent(SAM))).isFalse();
        assertThat(Voting.grants(terms, consent(PAT))).isTrue();
    }

    @Test
    void oneGroupOfWhichSomebodyIsRequiredNeedsNoMoreThanOne() {
        HoldTerms terms = HoldTerms.newBuilder()
                .addApproverGroups("stewards")
                .addRequiredGroups("legal")
                .setApprovalsNeeded(2)
                .build();
        assertThat(Voting.grants(terms, consent(QUINN, RAE))).isFalse();
        assertThat(Voting.grants(terms, consent(QUINN, RAE, SAM))).isTrue();
    }

    @Test
    void onePersonOfTwoProvidersIsOnePerson() {
        HoldTerms terms = HoldTerms.newBuilder()
                .addApproverGroups("stewards")
                .setApprovalsNeeded(2)
                .build();
        Principal elsewhere = QUINN.toBuilder()
                .setIssuer("https://other.example")
                .setSubject("Quinn")
                .build();
        assertThat(Voting.grants(terms, consent(QUINN, elsewhere))).isFalse();
        assertThat(Voting.grants(terms, consent(QUINN, RAE))).isTrue();
        Approval voted = Approval.newBuilder().addAllVotes(consent(QUINN)).build();
        assertThat(Voting.hasVoted(voted, elsewhere, true)).isTrue();
        assertThat(Voting.hasVoted(voted, elsewhere, false)).isFalse();
    }
}
