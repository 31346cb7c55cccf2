package dev.chaperone.pdp.approval;

import dev.chaperone.approval.v1.Approval;
import dev.chaperone.approval.v1.ApprovalEvent.Kind;
import dev.chaperone.approval.v1.State;
import dev.chaperone.audit.v1.Vote;
import dev.chaperone.decision.v1.Principal;
import dev.chaperone.pdp.approval.ApprovalException.Problem;
import dev.chaperone.proto.HoldDigest;
import java.security.MessageDigest;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import org.jooq.Condition;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jspecify.annotations.Nullable;

/** What people do with approvals. Each call is one transaction, given up when it loses a race. */
final class Decisions {

    private static final int LONGEST_JUSTIFICATION = 2_000;

    private final ApprovalRecords records;
    private final Steps steps;
    private final Supplier<String> policyVersion;

    Decisions(ApprovalRecords records, Steps steps, Supplier<String> policyVersion) {
        this.records = records;
        this.steps = steps;
        this.policyVersion = policyVersion;
    }

    /**
     * What a person says.
     *
     * @param person who, verified at this moment
     * @param id of the approval
     * @param approve consent or refusal
     * @param justification why
     * @param breakGlass by break-glass rights
     * @param revision that the person has seen; 0 for whatever it is
     */
    record Said(
            Principal person, String id, boolean approve, String justification, boolean breakGlass, long revision) {}

    /** Takes down what somebody says, and decides if that decides; null when somebody else was faster. */
    @Nullable
    Approval vote(DSLContext sql, Approval before, Said said) {
        String justification = justification(said.justification());
        requireOpen(before, said);
        if (said.approve()) {
            Requests.requireSamePolicy(before, policyVersion.get());
            requireUntouched(before);
        }
        Vote vote = Vote.newBuilder()
                .setVoter(said.person())
                .setApprove(said.approve())
                .setJustification(justification)
                .setAt(Times.timestamp(now(sql)))
                .setBreakGlass(said.breakGlass())
                .build();
        List<Vote> votes = new ArrayList<>(before.getVotesList());
        votes.add(vote);
        boolean granted = said.approve() && (said.breakGlass() || Voting.grants(before.getTerms(), votes));
        Map<Field<?>, Object> more = new HashMap<>();
        if (granted) {
            more.put(Db.Approvals.BREAK_GLASS, said.breakGlass());
            more.put(
                    Db.Approvals.EXPIRES_AT,
                    Steps.in(Times.duration(before.getTerms().getGrantLasts())));
        }
        State to = !said.approve() ? State.STATE_DENIED : granted ? State.STATE_APPROVED : State.STATE_PENDING;
        Approval after = steps.take(
                sql,
                before,
                to,
                more,
                Steps.usable(),
                new Steps.Told(kind(to, said), said.person(), justification, () -> insert(sql, before, vote)));
        if (after == null && sql.fetchExists(Db.Approvals.TABLE, lapsed(before))) {
            throw conflict("nobody decided on `" + before.getId() + "` in time; it has lapsed");
        }
        return after;
    }

    private static Kind kind(State to, Said said) {
        return switch (to) {
            case STATE_DENIED -> Kind.KIND_DENIED;
            case STATE_APPROVED -> said.breakGlass() ? Kind.KIND_BREAK_GLASS : Kind.KIND_APPROVED;
            default -> Kind.KIND_VOTED;
        };
    }

    private static void insert(DSLContext sql, Approval before, Vote vote) {
        sql.insertInto(Db.Votes.TABLE)
                .set(Db.Votes.APPROVAL_ID, before.getId())
                .set(Db.Votes.NUMBER, before.getVotesCount() + 1)
                .set(Db.Votes.ISSUER, vote.getVoter().getIssuer())
                .set(Db.Votes.SUBJECT, vote.getVoter().getSubject())
                .set(Db.Votes.APPROVE, vote.getApprove())
                .set(Db.Votes.CONTENT, vote.toByteArray())
                .execute();
    }

    /** Whoever can write to the database must not show people something else than what they grant. */
    private static void requireUntouched(Approval approval) {
        byte[] shown = HoldDigest.of(
                approval.getRequest(),
                approval.getDecision(),
                approval.getOperationText(),
                approval.getParametersList(),
                approval.getLimit());
        if (!MessageDigest.isEqual(shown, approval.getDigest().toByteArray())) {
            throw conflict("what the database holds of `" + approval.getId()
                    + "` is not what was asked for; nothing is granted, and somebody should find out who changed it");
        }
    }

    private static void requireOpen(Approval approval, Said said) {
        if (said.revision() != 0 && said.revision() != approval.getRevision()) {
            throw conflict("`" + approval.getId() + "` has changed since you looked; look again");
        }
        if (approval.getState() != State.STATE_PENDING) {
            throw conflict("`" + approval.getId() + "` is "
                    + ApprovalRecords.name(approval.getState()).toLowerCase(Locale.ROOT)
                    + " already; nothing is left to decide");
        }
        Voting.requireMayDecide(approval, said.person(), said.breakGlass());
        if (Voting.hasVoted(approval, said.person(), said.approve())) {
            throw conflict("you have approved `" + approval.getId() + "` already; it takes "
                    + approval.getTerms().getApprovalsNeeded() + " different people");
        }
    }

    /** Puts on record that somebody tried to decide who may not. */
    void refused(DSLContext sql, Said said, String why) {
        Approval approval = records.find(sql, said.id());
        if (approval != null) {
            // It may be tried again and again: what was asked is in the event that opened it.
            Approval brief =
                    approval.toBuilder().clearOperationText().clearParameters().build();
            steps.tell(sql, brief, new Steps.Told(Kind.KIND_REFUSED, said.person(), why));
        }
    }

    private static String justification(String given) {
        String text = given.strip();
        if (text.isEmpty()) {
            throw new ApprovalException(Problem.INVALID, "`justification` is empty; say why");
        }
        if (text.length() > LONGEST_JUSTIFICATION) {
            throw new ApprovalException(
                    Problem.INVALID, "`justification` is longer than " + LONGEST_JUSTIFICATION + " characters");
        }
        return text;
    }

    private static Condition lapsed(Approval seen) {
        return Db.Approvals.ID
                .eq(seen.getId())
                .and(Db.Approvals.REVISION.eq(seen.getRevision()))
                .and(Steps.usable().not());
    }

    private static OffsetDateTime now(DSLContext sql) {
        return sql.select(Db.NOW).fetchSingle().value1();
    }

    private static ApprovalException conflict(String what) {
        return new ApprovalException(Problem.CONFLICT, what);
    }
}
