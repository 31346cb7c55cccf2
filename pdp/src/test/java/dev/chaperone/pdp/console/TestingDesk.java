package dev.chaperone.pdp.console;

import dev.chaperone.pdp.console.DeskException.Problem;
import dev.chaperone.pdp.console.HeldOperation.Field;
import dev.chaperone.pdp.console.HeldOperation.Operation;
import dev.chaperone.pdp.console.HeldOperation.Origin;
import dev.chaperone.pdp.console.HeldOperation.Reason;
import dev.chaperone.pdp.console.HeldOperation.Requester;
import dev.chaperone.pdp.console.HeldOperation.State;
import dev.chaperone.pdp.console.HeldOperation.Terms;
import dev.chaperone.pdp.console.HeldOperation.Vote;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/** Approvals in memory, which lets everybody do everything: whatever is refused, the console refuses. One vote decides. */
final class TestingDesk implements ApprovalDesk {

    private final Map<String, HeldOperation> all = new ConcurrentHashMap<>();
    private final Map<String, CompletableFuture<State>> waiting = new ConcurrentHashMap<>();
    private final Set<Runnable> followers = ConcurrentHashMap.newKeySet();
    private final String issuer;

    TestingDesk(String issuer) {
        this.issuer = issuer;
    }

    /** What an agent asks for; the future is what the agent waits for. */
    CompletableFuture<State> hold(String id, String subject, String agent, String statement) {
        CompletableFuture<State> answer = new CompletableFuture<>();
        waiting.put(id, answer);
        put(new HeldOperation(
                id,
                1,
                State.PENDING,
                Instant.now(),
                Instant.now().plus(Duration.ofMinutes(15)),
                new Requester(issuer, subject, agent, List.of(agent), List.of("clinicians")),
                new Origin("demo", "session-1", "10.1.2.3", "psql", true, "trusted", "cohort for the study"),
                new Operation(
                        "postgres",
                        "select",
                        "clinic",
                        statement,
                        List.of("2024"),
                        List.of(
                                new Field("clinic.public.patients.ssn", "G", List.of("output"), "last4"),
                                new Field("clinic.public.patients.diagnosis", "CLINICAL", List.of("output"), ""),
                                new Field("clinic.public.patients.city", "NONE", List.of("predicate"), "")),
                        4200,
                        ""),
                List.of(new Reason(
                        "hold-bulk-reads", "hipaa", "more than 1000 patients at a time", "45 CFR 164.502(b)", "hold")),
                new Terms(1, List.of("privacy-office"), "once", "abc123", List.of("on-call")),
                List.of(),
                HeldOperation.Powers.NONE));
        return answer;
    }

    private void put(HeldOperation held) {
        all.put(held.id(), held);
        followers.forEach(Runnable::run);
    }

    @Override
    public List<HeldOperation> list(Person person) {
        return all.values().stream()
                .sorted(Comparator.comparing(HeldOperation::createdAt).reversed())
                .toList();
    }

    @Override
    public List<HeldOperation> before(Person person, HeldOperation held) {
        return list(person).stream()
                .filter(other -> !other.id().equals(held.id()))
                .filter(other ->
                        other.requester().subject().equals(held.requester().subject()))
                .toList();
    }

    @Override
    public HeldOperation find(Person person, String id) {
        HeldOperation held = all.get(id);
        if (held == null) {
            throw new DeskException(Problem.NOT_FOUND, "there is no approval `" + id + "` that you may see");
        }
        return held;
    }

    @Override
    public synchronized HeldOperation vote(Person person, Ballot ballot) {
        HeldOperation before = find(person, ballot.id());
        if (before.revision() != ballot.revision() || before.state() != State.PENDING) {
            throw new DeskException(Problem.CONFLICT, "`" + ballot.id() + "` has changed since you looked; look again");
        }
        List<Vote> votes = new ArrayList<>(before.votes());
        votes.add(new Vote(
                person.subject(), ballot.approve(), ballot.justification(), Instant.now(), ballot.breakGlass()));
        State state = ballot.approve() ? State.APPROVED : State.DENIED;
        HeldOperation after = new HeldOperation(
                before.id(),
                before.revision() + 1,
                state,
                before.createdAt(),
                before.expiresAt(),
                before.requester(),
                before.origin(),
                before.operation(),
                before.reasons(),
                before.terms(),
                votes,
                HeldOperation.Powers.NONE);
        put(after);
        waiting.getOrDefault(ballot.id(), new CompletableFuture<>()).complete(state);
        return after;
    }

    @Override
    public Following follow(Person person, Runnable changed) {
        followers.add(changed);
        return () -> followers.remove(changed);
    }
}
