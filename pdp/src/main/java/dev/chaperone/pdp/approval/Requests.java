package dev.chaperone.pdp.approval;

import static dev.chaperone.pdp.approval.ApprovalRecords.name;

import dev.chaperone.approval.v1.Approval;
import dev.chaperone.approval.v1.ApprovalEvent.Kind;
import dev.chaperone.approval.v1.ConsumeRequest;
import dev.chaperone.approval.v1.CreateApprovalRequest;
import dev.chaperone.approval.v1.State;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.decision.v1.GrantMode;
import dev.chaperone.decision.v1.HoldTerms;
import dev.chaperone.decision.v1.Principal;
import dev.chaperone.pdp.approval.ApprovalException.Problem;
import dev.chaperone.proto.HoldDigest;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import org.jooq.Condition;
import org.jooq.DSLContext;
import org.jooq.impl.DSL;
import org.jspecify.annotations.Nullable;

/** What enforcers do with approvals: open, withdraw, redeem. Each call is one transaction, given up when it loses a race. */
final class Requests {

    private static final String LETTERS = "0123456789abcdefghjkmnpqrstvwxyz";
    private static final int ID_LETTERS = 20;
    private static final int LONGEST_ID = 200;

    private final ApprovalsConfig config;
    private final ApprovalRecords records;
    private final Steps steps;
    private final Supplier<String> policyVersion;
    private final SecureRandom random = new SecureRandom();

    Requests(ApprovalsConfig config, ApprovalRecords records, Steps steps, Supplier<String> policyVersion) {
        this.config = config;
        this.records = records;
        this.steps = steps;
        this.policyVersion = policyVersion;
    }

    /** Opens an approval, or finds the one that is open for the same; null when somebody else was faster. */
    @Nullable
    Approval create(DSLContext sql, String enforcer, CreateApprovalRequest request) {
        require(request);
        HoldTerms terms = TermsInForce.of(request.getDecision(), config.terms());
        byte[] digest = request.getDigest().toByteArray();
        Approval open = open(sql, enforcer, request, digest);
        if (open != null) {
            return open;
        }
        requireRoom(sql, request.getRequest().getPrincipal());
        String id = newId();
        Principal principal = request.getRequest().getPrincipal();
        Approval content = Approval.newBuilder()
                .setRequest(request.getRequest())
                .setDecision(request.getDecision())
                .setOperationText(request.getOperationText())
                .addAllParameters(request.getParametersList())
                .setDigest(request.getDigest())
                .setLimit(request.getLimit())
                .setTerms(terms)
                .setEnforcer(request.getRequest().getContext().getEnforcer())
                .setOutlivesCall(request.getOutlivesCall())
                .setProvenEnforcer(enforcer)
                .build();
        int inserted = sql.insertInto(Db.Approvals.TABLE)
                .set(Db.Approvals.ID, id)
                .set(Db.Approvals.STATE, name(State.STATE_PENDING))
                .set(Db.Approvals.REVISION, 1L)
                .set(Db.Approvals.DIGEST, digest)
                .set(Db.Approvals.SESSION_ID, request.getRequest().getContext().getSessionId())
                .set(Db.Approvals.OUTLIVES_CALL, request.getOutlivesCall())
                .set(Db.Approvals.PROVEN_ENFORCER, enforcer)
                .set(Db.Approvals.ISSUER, principal.getIssuer())
                .set(Db.Approvals.SUBJECT, principal.getSubject())
                .set(Db.Approvals.AGENT, principal.getAgent())
                .set(Db.Approvals.GROUPS, Voting.seers(terms))
                .set(Db.Approvals.MODE, name(terms.getMode()))
                .set(Db.Approvals.EXPIRES_AT, Steps.in(Times.duration(terms.getExpiresAfter())))
                .set(Db.Approvals.CONTENT, content.toByteArray())
                .onConflictDoNothing()
                .execute();
        Approval created = inserted == 0 ? null : records.find(sql, id);
        if (created != null) {
            steps.tell(sql, created, new Steps.Told(Kind.KIND_CREATED));
        }
        return created;
    }

    private static void require(CreateApprovalRequest request) {
        Decision decision = request.getDecision();
        boolean limit = !request.getLimit().isEmpty()
                && decision.getObligationsList().stream()
                        .anyMatch(obligation -> obligation.getLimit().getOnExceed() == Effect.EFFECT_HOLD);
        if (decision.getEffect() != Effect.EFFECT_HOLD && !limit) {
            throw invalid("the decision neither holds nor sets a limit that does");
        }
        if (request.getRequest().getPrincipal().getSubject().isBlank()) {
            throw invalid("`request.principal.subject` is missing");
        }
        if (request.getOperationText().isBlank()) {
            throw invalid("`operation_text` is missing: nobody can approve what they cannot read");
        }
        if (request.getRequest().getContext().getSessionId().isBlank()) {
            throw invalid("`request.context.session_id` is missing");
        }
        byte[] computed = HoldDigest.of(
                request.getRequest(),
                decision,
                request.getOperationText(),
                request.getParametersList(),
                request.getLimit());
        if (!MessageDigest.isEqual(computed, request.getDigest().toByteArray())) {
            throw invalid("`digest` is not that of what people would be shown");
        }
    }

    /** A grant that holds for the same, or what waits for the same. What has lapsed is told so first. */
    private @Nullable Approval open(DSLContext sql, String enforcer, CreateApprovalRequest request, byte[] digest) {
        Condition same = Db.Approvals.DIGEST.eq(digest).and(Db.Approvals.PROVEN_ENFORCER.eq(enforcer));
        for (Approval lapsed : records.newest(
                sql,
                same.and(Db.Approvals.STATE.in(name(State.STATE_PENDING), name(State.STATE_APPROVED)))
                        .and(Steps.usable().not()),
                10)) {
            steps.take(
                    sql,
                    lapsed,
                    State.STATE_EXPIRED,
                    Map.of(),
                    Steps.usable().not(),
                    new Steps.Told(Kind.KIND_EXPIRED));
        }
        String session = request.getRequest().getContext().getSessionId();
        Condition granted = Db.Approvals.STATE
                .eq(name(State.STATE_APPROVED))
                .and(Db.Approvals.MODE.ne(name(GrantMode.GRANT_MODE_SESSION)).or(Db.Approvals.SESSION_ID.eq(session)));
        Condition waiting = Db.Approvals.STATE
                .eq(name(State.STATE_PENDING))
                .and(Db.Approvals.OUTLIVES_CALL.eq(request.getOutlivesCall()))
                .and(request.getOutlivesCall() ? DSL.noCondition() : Db.Approvals.SESSION_ID.eq(session));
        return records.newest(sql, same.and(granted.or(waiting)).and(Steps.usable()), 10).stream()
                // A grant before what waits, the oldest first.
                .min((one, other) -> {
                    int states = Boolean.compare(
                            one.getState() != State.STATE_APPROVED, other.getState() != State.STATE_APPROVED);
                    return states != 0 ? states : one.getId().compareTo(other.getId());
                })
                .orElse(null);
    }

    private void requireRoom(DSLContext sql, Principal principal) {
        Condition pending = Db.Approvals.STATE.eq(name(State.STATE_PENDING));
        Condition own = pending.and(Db.Approvals.ISSUER.eq(principal.getIssuer()))
                .and(Db.Approvals.SUBJECT.eq(principal.getSubject()))
                .and(Db.Approvals.AGENT.eq(principal.getAgent()));
        if (sql.fetchCount(Db.Approvals.TABLE, own) >= config.limits().pendingPerPrincipal()) {
            throw new ApprovalException(
                    Problem.TOO_MANY,
                    "`" + config.limits().pendingPerPrincipal()
                            + "` requests of this caller wait for approval already; wait for them, or cancel some");
        }
        if (sql.fetchCount(Db.Approvals.TABLE, pending) >= config.limits().pending()) {
            throw new ApprovalException(Problem.TOO_MANY, "too many requests wait for approval; try again later");
        }
    }

    /** Withdraws what waits; what does not wait stays as it is. Null when somebody else was faster. */
    @Nullable
    Approval cancel(DSLContext sql, String enforcer, String id) {
        Approval before = existing(sql, enforcer, id);
        return before.getState() == State.STATE_PENDING
                ? steps.take(
                        sql,
                        before,
                        State.STATE_CANCELLED,
                        Map.of(),
                        DSL.noCondition(),
                        new Steps.Told(Kind.KIND_CANCELLED))
                : before;
    }

    /** Redeems a grant; null when somebody else was faster. */
    @Nullable
    Approval consume(DSLContext sql, String enforcer, ConsumeRequest request) {
        if (request.getConsumptionId().isBlank()
                || request.getConsumptionId().length() > LONGEST_ID
                || request.getSessionId().isBlank()) {
            throw invalid("`consumption_id` or `session_id` is missing, or too long");
        }
        Approval before = existing(sql, enforcer, request.getId());
        boolean again = sql.fetchExists(
                Db.Uses.TABLE,
                Db.Uses.APPROVAL_ID
                        .eq(before.getId())
                        .and(Db.Uses.CONSUMPTION_ID.eq(request.getConsumptionId()))
                        .and(Db.Uses.SESSION_ID.eq(request.getSessionId())));
        requireSame(before, request);
        if (again) {
            return before;
        }
        requireRedeemable(before, request);
        boolean once = before.getTerms().getMode() == GrantMode.GRANT_MODE_ONCE || before.getBreakGlass();
        long number = before.getUses() + 1;
        Approval after = steps.take(
                sql,
                before,
                once ? State.STATE_CONSUMED : State.STATE_APPROVED,
                Map.of(Db.Approvals.USES, number),
                Steps.usable().and(Db.Approvals.DIGEST.eq(request.getDigest().toByteArray())),
                new Steps.Told(
                        Kind.KIND_CONSUMED,
                        before.getRequest().getPrincipal(),
                        "in session `" + request.getSessionId() + "`",
                        () -> sql.insertInto(Db.Uses.TABLE)
                                .set(Db.Uses.APPROVAL_ID, before.getId())
                                .set(Db.Uses.NUMBER, number)
                                .set(Db.Uses.CONSUMPTION_ID, request.getConsumptionId())
                                .set(Db.Uses.SESSION_ID, request.getSessionId())
                                .execute()));
        if (after == null && sql.fetchExists(Db.Approvals.TABLE, lapsed(before))) {
            throw conflict("the grant `" + before.getId() + "` has lapsed; ask for approval again");
        }
        return after;
    }

    private static Condition lapsed(Approval seen) {
        return Db.Approvals.ID
                .eq(seen.getId())
                .and(Db.Approvals.REVISION.eq(seen.getRevision()))
                .and(Steps.usable().not());
    }

    private static void requireSame(Approval approval, ConsumeRequest request) {
        if (!MessageDigest.isEqual(
                approval.getDigest().toByteArray(), request.getDigest().toByteArray())) {
            throw conflict("the approval `" + approval.getId() + "` is for something else than what is to run");
        }
    }

    private void requireRedeemable(Approval approval, ConsumeRequest request) {
        if (approval.getState() != State.STATE_APPROVED) {
            throw conflict("the approval `" + approval.getId() + "` is "
                    + name(approval.getState()).toLowerCase(Locale.ROOT) + ", and grants nothing");
        }
        if (approval.getTerms().getMode() == GrantMode.GRANT_MODE_SESSION
                && !approval.getRequest().getContext().getSessionId().equals(request.getSessionId())) {
            throw conflict("the grant `" + approval.getId() + "` is for another session");
        }
        requireSamePolicy(approval, policyVersion.get());
    }

    /** What was decided under a policy that is not in force any more is to be decided anew. */
    static void requireSamePolicy(Approval approval, String inForce) {
        if (inForce.isEmpty()) {
            throw new ApprovalException(Problem.UNAVAILABLE, "no policy is in force at this moment; try again later");
        }
        if (!approval.getDecision().getPolicyVersion().equals(inForce)) {
            throw conflict("the policy has changed since `" + approval.getId()
                    + "` was held; have the operation run again, so that the policy in force decides");
        }
    }

    /** The approval of that id, if it is that enforcer's. */
    Approval existing(DSLContext sql, String enforcer, String id) {
        Approval found = records.find(sql, id);
        if (found == null || !found.getProvenEnforcer().equals(enforcer)) {
            throw new ApprovalException(
                    Problem.NOT_FOUND, "there is no such approval, or it was another enforcer that asked for it");
        }
        return found;
    }

    private String newId() {
        StringBuilder id = new StringBuilder("ap-");
        for (int i = 0; i < ID_LETTERS; i++) {
            id.append(LETTERS.charAt(random.nextInt(LETTERS.length())));
        }
        return id.toString();
    }

    private static ApprovalException invalid(String what) {
        return new ApprovalException(Problem.INVALID, what);
    }

    private static ApprovalException conflict(String what) {
        return new ApprovalException(Problem.CONFLICT, what);
    }
}
