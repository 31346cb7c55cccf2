package dev.chaperone.pdp.console;

import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;

/**
 * An operation that waits for people, or did. Its components are what the console's pages receive, by these names.
 *
 * @param id of its approval; no secret
 * @param revision grows with each change; whoever decides names the one that they have seen
 * @param state what has become of it
 * @param createdAt when it was asked for
 * @param expiresAt when it lapses
 * @param requester who asks
 * @param origin from where
 * @param operation what would run
 * @param reasons why it is held, strongest first
 * @param terms what a grant takes
 * @param votes what people have said, in order
 * @param powers what whoever looks at it may do about it
 */
public record HeldOperation(
        String id,
        long revision,
        State state,
        Instant createdAt,
        Instant expiresAt,
        Requester requester,
        Origin origin,
        Operation operation,
        List<Reason> reasons,
        Terms terms,
        List<Vote> votes,
        Powers powers) {

    public HeldOperation {
        if (!id.matches("[A-Za-z0-9_-]{1,128}")) {
            throw new IllegalArgumentException("`" + id + "` is no id of an approval");
        }
        reasons = List.copyOf(reasons);
        votes = List.copyOf(votes);
    }

    /** What has become of it. */
    public enum State {
        PENDING,
        APPROVED,
        DENIED,
        EXPIRED,
        CANCELLED,
        CONSUMED
    }

    /**
     * Who asks.
     *
     * @param issuer who vouched for the subject
     * @param subject the human or service on whose behalf
     * @param agent the agent that acts; empty when the subject acts in person
     * @param delegation the chain of actors from the agent outward
     * @param groups the subject's groups
     */
    public record Requester(String issuer, String subject, String agent, List<String> delegation, List<String> groups) {

        public Requester {
            delegation = List.copyOf(delegation);
            groups = List.copyOf(groups);
        }
    }

    /**
     * From where it was asked.
     *
     * @param enforcer the enforcer that holds it
     * @param sessionId the session that it belongs to
     * @param address the client's network address
     * @param clientName the client's own name for itself; unverified
     * @param encrypted whether the client's connection is
     * @param zone network zone that the data goes to; empty when none is known
     * @param purpose why the caller says the data is needed; unverified
     */
    public record Origin(
            String enforcer,
            String sessionId,
            String address,
            String clientName,
            boolean encrypted,
            String zone,
            String purpose) {}

    /**
     * What would run.
     *
     * @param protocol "postgres", "s3", …
     * @param name the protocol's name of the operation
     * @param upstream the data source
     * @param text the operation in full
     * @param parameters its parameters as text, in order
     * @param fields what it would read, write or depend on
     * @param estimatedRows rows that the planner expects; -1 when not asked
     * @param limit the limit that was met; empty for what is held before it runs
     */
    public record Operation(
            String protocol,
            String name,
            String upstream,
            String text,
            List<String> parameters,
            List<Field> fields,
            long estimatedRows,
            String limit) {

        public Operation {
            parameters = List.copyOf(parameters);
            fields = List.copyOf(fields);
        }
    }

    /**
     * A field that the operation touches.
     *
     * @param name its full name
     * @param phiClass class by the catalog: "A" to "R", "CLINICAL", "NONE" or "UNKNOWN"
     * @param uses what is done with it: "output", "derived", "predicate", "write"
     * @param mask the masking function that applies; empty when it is delivered as it is
     */
    public record Field(String name, String phiClass, List<String> uses, String mask) {

        public Field {
            uses = List.copyOf(uses);
        }
    }

    /**
     * A rule that argued for something.
     *
     * @param rule its name
     * @param pack the pack that holds it
     * @param text what it says
     * @param citation what it rests on; empty when it states nothing
     * @param effect "permit", "hold", "deny", or empty
     */
    public record Reason(String rule, String pack, String text, String citation, String effect) {}

    /**
     * What a grant takes.
     *
     * @param approvalsNeeded how many different people
     * @param groups groups whose members decide; empty where that is not said
     * @param mode "once", "session" or "window"
     * @param policyVersion the policy that held it
     * @param breakGlassGroups groups of which one person may grant it alone in an emergency; empty for nobody
     */
    public record Terms(
            int approvalsNeeded,
            List<String> groups,
            String mode,
            String policyVersion,
            List<String> breakGlassGroups) {

        public Terms {
            groups = List.copyOf(groups);
            breakGlassGroups = List.copyOf(breakGlassGroups);
        }
    }

    /**
     * What somebody said.
     *
     * @param subject who
     * @param approve consent or refusal
     * @param justification why
     * @param at when
     * @param breakGlass by break-glass rights
     */
    public record Vote(String subject, boolean approve, String justification, Instant at, boolean breakGlass) {}

    /**
     * What whoever looks at it may do, by what is known of their groups; asked again when they do it.
     *
     * @param decide say yes or no
     * @param breakGlass grant it alone
     */
    public record Powers(boolean decide, boolean breakGlass) {

        static final Powers NONE = new Powers(false, false);
    }

    /** The same as that person sees it. */
    HeldOperation seenBy(Person person) {
        boolean open = state == State.PENDING && !isOf(person);
        return new HeldOperation(
                id,
                revision,
                state,
                createdAt,
                expiresAt,
                requester,
                origin,
                operation,
                reasons,
                terms,
                votes,
                new Powers(open && person.is(Role.APPROVER), open && mayBreakGlass(person)));
    }

    /** Whether that person is among those who may grant it alone. */
    boolean mayBreakGlass(Person person) {
        return terms.breakGlassGroups().stream().anyMatch(person.groups()::contains);
    }

    /** Whether it is that person's own request, or of an agent that acts for them. */
    boolean isOf(Person person) {
        return Stream.concat(Stream.of(requester.subject(), requester.agent()), requester.delegation().stream())
                .anyMatch(name -> name.equalsIgnoreCase(person.subject()));
    }
}
