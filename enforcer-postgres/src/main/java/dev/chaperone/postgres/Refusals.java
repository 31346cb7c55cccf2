package dev.chaperone.postgres;

import dev.chaperone.decision.v1.Decision;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.decision.v1.Reason;
import dev.chaperone.enforcer.DecisionClient;
import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.enforcer.HoldAnswer;
import dev.chaperone.postgres.analysis.StatementClass;
import dev.chaperone.postgres.analysis.StatementDetail;
import dev.chaperone.postgres.analysis.UnanalysableException;
import dev.chaperone.proto.ErrorCode;
import org.jspecify.annotations.Nullable;

/** Puts refusals into words: the rule and why as the message, what it rests on as the detail, what to do as the hint. */
final class Refusals {

    private Refusals() {}

    /**
     * Why the statement is refused; null when the decision permits it, or holds it, and it can be carried.
     *
     * @param mayAsk whether there are people to ask about what is held
     */
    static @Nullable GatewayError of(DecisionClient.Outcome outcome, Subject subject, boolean mayAsk) {
        Decision decision = outcome.decision();
        if (outcome.failure() != null) {
            return error(
                    outcome.failure(),
                    "the decision point gave no valid decision in time; the statement was not run",
                    decision,
                    "try again later");
        }
        UnanalysableException failure = subject.failure();
        return switch (decision.getEffect()) {
            case EFFECT_PERMIT -> unanalysed(decision, failure);
            case EFFECT_HOLD -> mayAsk ? unanalysed(decision, failure) : nobodyToAsk(decision);
            default -> denied(decision, failure);
        };
    }

    /** A permit is for what is known, unless it says otherwise. */
    private static @Nullable GatewayError unanalysed(Decision decision, @Nullable UnanalysableException failure) {
        if (failure == null || failure.carriable() && decision.getPermitsUnanalysed()) {
            return null;
        }
        return error(
                failure.code(),
                failure.getMessage(),
                decision,
                failure.carriable()
                        ? "the policy permits what can be analysed; rewrite the statement"
                        : "the policy permits it, the gateway cannot");
    }

    private static GatewayError nobodyToAsk(Decision decision) {
        return error(
                ErrorCode.HELD,
                "held for approval " + by(decision, Effect.EFFECT_HOLD)
                        + "; no approval service is configured, so the statement was not run",
                decision,
                "ask whoever runs this gateway to configure approvals, or ask for less");
    }

    /** A statement that was held, and that people did not grant. */
    static GatewayError notGranted(Holding.Result result, Decision decision) {
        if (result.answer().outcome() == HoldAnswer.Outcome.WITHDRAWN) {
            return GatewayError.cancelled();
        }
        return error(
                ErrorCode.HELD,
                "held for approval " + by(decision, Effect.EFFECT_HOLD) + "; " + result.refusal()
                        + ", so the statement was not run",
                decision,
                "");
    }

    /** More than a statement may deliver. */
    static GatewayError beyond(Limits.Met met) {
        return beyond(met, met.holds() ? ", which are held for approval; no approval service is configured" : "");
    }

    /** More than a statement may deliver, which people did not grant. */
    static GatewayError beyond(Limits.Met met, Holding.Result result) {
        return result.answer().outcome() == HoldAnswer.Outcome.WITHDRAWN
                ? GatewayError.cancelled()
                : beyond(met, "; " + result.refusal());
    }

    private static GatewayError beyond(Limits.Met met, String why) {
        return GatewayError.of(
                ErrorCode.LIMIT_EXCEEDED,
                "the policy lets this statement deliver at most " + met.most() + " " + met.what()
                        + ", and there are more" + why,
                "ask for less, for example with LIMIT");
    }

    private static GatewayError denied(Decision decision, @Nullable UnanalysableException failure) {
        String rule = "denied " + by(decision, Effect.EFFECT_DENY);
        if (failure != null) {
            return error(failure.code(), failure.getMessage() + " (" + rule + ")", decision, "rewrite the statement");
        }
        return error(ErrorCode.DENIED, rule, decision, "ask for less, or ask the policy's owner for access");
    }

    /** A permit whose obligations cannot be carried out. */
    static GatewayError unfulfillable(EnforcementException cause, Decision decision, Subject subject) {
        String hint = "";
        if (subject.statement().statementClass() == StatementClass.EXPLAIN) {
            hint =
                    "a plan shows values and numbers of rows of the columns that it uses; explain a statement without masked ones";
        } else if (subject.statement().detail() instanceof StatementDetail.CreateAs) {
            hint = "what is stored is not masked; leave the masked columns out";
        }
        return error(cause.code(), cause.getMessage(), decision, hint);
    }

    private static String by(Decision decision, Effect effect) {
        Reason chosen = null;
        for (Reason reason : decision.getReasonsList()) {
            if (reason.getEffect() == effect) {
                chosen = reason;
                break;
            }
        }
        if (chosen == null && decision.getReasonsCount() > 0) {
            chosen = decision.getReasons(0);
        }
        if (chosen == null) {
            return "by policy";
        }
        return "by policy rule `" + chosen.getRule() + "`"
                + (chosen.getText().isEmpty() ? "" : ": " + chosen.getText());
    }

    private static GatewayError error(ErrorCode code, @Nullable String message, Decision decision, String hint) {
        return new GatewayError(
                SqlState.of(code), code, message == null ? code.code() : message, detail(decision), hint);
    }

    private static String detail(Decision decision) {
        StringBuilder detail = new StringBuilder();
        if (!decision.getPolicyVersion().isEmpty()) {
            detail.append("policy version ").append(decision.getPolicyVersion());
        }
        for (Reason reason : decision.getReasonsList()) {
            detail.append(detail.length() == 0 ? "" : "; ").append(reason.getRule());
            if (!reason.getPack().isEmpty()) {
                detail.append(" (").append(reason.getPack()).append(')');
            }
            if (!reason.getText().isEmpty()) {
                detail.append(": ").append(reason.getText());
            }
            if (!reason.getCitation().isEmpty()) {
                detail.append(" [").append(reason.getCitation()).append(']');
            }
        }
        return detail.toString();
    }
}
