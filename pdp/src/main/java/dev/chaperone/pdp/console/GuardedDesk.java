package dev.chaperone.pdp.console;

import dev.chaperone.pdp.console.DeskException.Problem;
import java.util.List;

/**
 * Lets through what a person's roles allow. The service decides by the terms of each approval; this stands before it, so that
 * a service that is set up too generously still lets nobody decide on their own request.
 */
final class GuardedDesk implements ApprovalDesk {

    private static final int LONGEST_JUSTIFICATION = 2_000;

    private final ApprovalDesk desk;

    GuardedDesk(ApprovalDesk desk) {
        this.desk = desk;
    }

    @Override
    public List<HeldOperation> list(Person person) {
        return seen(person, desk.list(person));
    }

    @Override
    public HeldOperation find(Person person, String id) {
        HeldOperation held = desk.find(person, id);
        if (!sees(person, held)) {
            throw new DeskException(Problem.NOT_FOUND, "there is no approval `" + id + "` that you may see");
        }
        return held.seenBy(person);
    }

    @Override
    public List<HeldOperation> before(Person person, HeldOperation held) {
        return seen(person, desk.before(person, held));
    }

    private static List<HeldOperation> seen(Person person, List<HeldOperation> all) {
        return all.stream()
                .filter(held -> sees(person, held))
                .map(held -> held.seenBy(person))
                .toList();
    }

    @Override
    public HeldOperation vote(Person person, Ballot ballot) {
        requireMayDecide(person, find(person, ballot.id()), ballot);
        String justification = ballot.justification().strip();
        if (justification.isEmpty()) {
            throw new DeskException(Problem.INVALID, "the justification is empty; say why");
        }
        if (justification.length() > LONGEST_JUSTIFICATION) {
            throw new DeskException(
                    Problem.INVALID, "the justification is longer than " + LONGEST_JUSTIFICATION + " characters");
        }
        return desk.vote(
                        person,
                        new Ballot(
                                ballot.id(), ballot.revision(), ballot.approve(), justification, ballot.breakGlass()))
                .seenBy(person);
    }

    @Override
    public Following follow(Person person, Runnable changed) {
        return desk.follow(person, changed);
    }

    private static boolean sees(Person person, HeldOperation held) {
        return person.is(Role.APPROVER)
                || person.is(Role.AUDITOR)
                || person.is(Role.ADMIN)
                || held.isOf(person)
                || held.mayBreakGlass(person);
    }

    private static void requireMayDecide(Person person, HeldOperation held, Ballot ballot) {
        if (held.isOf(person)) {
            throw new DeskException(
                    Problem.FORBIDDEN,
                    "nobody decides on a request of their own, or of an agent that acts for them; ask somebody else");
        }
        if (ballot.breakGlass()) {
            if (!ballot.approve() || !held.mayBreakGlass(person)) {
                throw new DeskException(
                        Problem.FORBIDDEN,
                        "breaking the glass takes a member of a group that the policy names for it, and is for approving");
            }
            return;
        }
        if (!person.is(Role.APPROVER)) {
            throw new DeskException(
                    Problem.FORBIDDEN, "deciding takes an approver, which none of your groups makes you");
        }
    }
}
