package dev.chaperone.pdp.approval;

import dev.chaperone.approval.v1.Approval;
import dev.chaperone.audit.v1.Vote;
import dev.chaperone.decision.v1.HoldTerms;
import dev.chaperone.decision.v1.Principal;
import dev.chaperone.decision.v1.PrincipalKind;
import dev.chaperone.pdp.approval.ApprovalException.Problem;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Who may decide on an approval, and when it is decided.
 *
 * <ul>
 *   <li>A person in person decides: nobody through an agent, and no service.
 *   <li>Nobody decides on their own request: not who asks, not the agent, nor anybody whom the agent acts for.
 *   <li>Whoever decides is, at that moment, in one of the groups that the terms name.
 *   <li>It is granted once as many people as the terms ask for have consented, with one of each required group among them; by one
 *       person alone who breaks the glass. It is refused as soon as one refuses.
 *   <li>People of one name are one person, whichever providers vouch for them: the console and the address for clients may each
 *       have their own.
 * </ul>
 */
final class Voting {

    private Voting() {}

    /**
     * Checks that somebody may decide.
     *
     * @throws ApprovalException FORBIDDEN, saying why not
     */
    static void requireMayDecide(Approval approval, Principal person, boolean breakGlass) {
        String why = whyNot(approval, person, breakGlass);
        if (why != null) {
            throw new ApprovalException(Problem.FORBIDDEN, why);
        }
    }

    private static @Nullable String whyNot(Approval approval, Principal person, boolean breakGlass) {
        if (person.getKind() != PrincipalKind.PRINCIPAL_KIND_HUMAN
                || person.getSubject().isBlank()
                || !person.getAgent().isEmpty()
                || person.getDelegationCount() > 0) {
            return "only a person in person decides on approvals; sign in through a client that is configured as one of"
                    + " humans (`identity.claims.human-clients`)";
        }
        if (isOwn(approval, person)) {
            return "nobody decides on a request of their own, or of an agent that acts for them; ask somebody else";
        }
        HoldTerms terms = approval.getTerms();
        if (breakGlass) {
            return shares(person, terms.getBreakGlassGroupsList())
                    ? null
                    : "breaking the glass takes a member of " + named(terms.getBreakGlassGroupsList());
        }
        return shares(person, deciders(terms)) ? null : "deciding on this takes a member of " + named(deciders(terms));
    }

    private static String named(List<String> groups) {
        return groups.isEmpty() ? "a group, and the policy names none" : "`" + String.join("`, `", groups) + "`";
    }

    /** Whether it is a request of that person's, or of an agent that acts for them. */
    static boolean isOwn(Approval approval, Principal person) {
        Principal requester = approval.getRequest().getPrincipal();
        return Stream.concat(
                        Stream.of(requester.getSubject(), requester.getAgent()), requester.getDelegationList().stream())
                .anyMatch(name -> !name.isEmpty() && name.equalsIgnoreCase(person.getSubject()));
    }

    private static List<String> deciders(HoldTerms terms) {
        return Stream.concat(terms.getApproverGroupsList().stream(), terms.getRequiredGroupsList().stream())
                .distinct()
                .toList();
    }

    /** Whether that person has said the same already. */
    static boolean hasVoted(Approval approval, Principal person, boolean approve) {
        return approval.getVotesList().stream()
                .anyMatch(vote -> vote.getApprove() == approve
                        && vote.getVoter().getSubject().equalsIgnoreCase(person.getSubject()));
    }

    /**
     * Whether these votes are a grant. Where groups are named of which any will do, and others of which each has to, rules have
     * been combined: people who stand for the ones do not count for the others, and one person alone does not stand for several
     * that are to be of different people.
     */
    static boolean grants(HoldTerms terms, Collection<Vote> votes) {
        List<Principal> consenting =
                votes.stream().filter(Vote::getApprove).map(Vote::getVoter).toList();
        List<String> required = terms.getRequiredGroupsList();
        boolean either = terms.getApproverGroupsCount() > 0;
        int needed = Math.max(1, terms.getApprovalsNeeded());
        return people(consenting, either ? terms.getApproverGroupsList() : required) >= needed
                && people(consenting, required) >= Math.min(needed, required.size())
                && required.stream()
                        .allMatch(group -> consenting.stream().anyMatch(person -> shares(person, List.of(group))));
    }

    /** How many different people of these groups there are. */
    private static long people(List<Principal> consenting, List<String> groups) {
        return consenting.stream()
                .filter(person -> shares(person, groups))
                .map(person -> person.getSubject().toLowerCase(Locale.ROOT))
                .distinct()
                .count();
    }

    private static boolean shares(Principal person, List<String> groups) {
        return person.getGroupsList().stream().anyMatch(groups::contains);
    }

    /** Every group whose members see an approval with these terms. */
    static String[] seers(HoldTerms terms) {
        return Stream.concat(deciders(terms).stream(), terms.getBreakGlassGroupsList().stream())
                .distinct()
                .toArray(String[]::new);
    }
}
