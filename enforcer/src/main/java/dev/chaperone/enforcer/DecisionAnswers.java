package dev.chaperone.enforcer;

import com.google.protobuf.Duration;
import dev.chaperone.decision.v1.DecideResponse;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.decision.v1.Detect;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.decision.v1.GrantMode;
import dev.chaperone.decision.v1.Limit;
import dev.chaperone.decision.v1.Obligation;
import dev.chaperone.decision.v1.Reason;
import dev.chaperone.decision.v1.RecordLevel;
import dev.chaperone.enforcer.DecisionClient.Outcome;
import dev.chaperone.proto.ErrorCode;

/** Turns what came back, or did not, into an outcome that can be enforced as it stands. */
final class DecisionAnswers {

    /** The pack that reasons of the enforcer's own name; no policy can have it. */
    static final String PACK = "enforcer";

    private static final int DIGEST_BYTES = 32;

    /** The bound that google/protobuf/duration.proto states: ten thousand years. */
    private static final long MAX_DURATION_SECONDS = 315_576_000_000L;

    private DecisionAnswers() {}

    /** The outcome of an answer: the decision itself, or a deny for an answer that nobody could obey. */
    static Outcome check(DecideResponse response) {
        if (!response.hasDecision()) {
            return unavailable("the decision point answered without a decision");
        }
        Decision decision = response.getDecision();
        switch (decision.getEffect()) {
            case EFFECT_PERMIT, EFFECT_HOLD, EFFECT_DENY -> {}
            case EFFECT_UNSPECIFIED, UNRECOGNIZED -> {
                return unavailable("the decision point answered with an effect that this enforcer does not know");
            }
        }
        if (decision.getPolicyVersion().isEmpty() || decision.getPolicyDigest().size() != DIGEST_BYTES) {
            return unavailable("the decision point answered without saying which policy decided");
        }
        if (decision.getReasonsCount() == 0) {
            return unavailable("the decision point answered without a reason");
        }
        for (Obligation obligation : decision.getObligationsList()) {
            if (!isKnown(obligation)) {
                return unfulfillable(decision);
            }
        }
        return new Outcome(decision, false, null);
    }

    /** A deny for want of a decision. */
    static Outcome unavailable(String why) {
        Decision deny = Decision.newBuilder()
                .setEffect(Effect.EFFECT_DENY)
                .addReasons(reason(ErrorCode.PDP_UNAVAILABLE, why))
                .build();
        return new Outcome(deny, false, ErrorCode.PDP_UNAVAILABLE);
    }

    /** A deny that still says which policy wanted what. */
    private static Outcome unfulfillable(Decision decision) {
        Decision deny = decision.toBuilder()
                .setEffect(Effect.EFFECT_DENY)
                .clearObligations()
                .clearCacheability()
                .addReasons(
                        0,
                        reason(
                                ErrorCode.OBLIGATION_UNFULFILLABLE,
                                "the policy asks for something that this enforcer does not know"))
                .build();
        return new Outcome(deny, false, ErrorCode.OBLIGATION_UNFULFILLABLE);
    }

    private static Reason.Builder reason(ErrorCode code, String text) {
        return Reason.newBuilder()
                .setPack(PACK)
                .setRule(code.code())
                .setText(text)
                .setEffect(Effect.EFFECT_DENY);
    }

    private static boolean isKnown(Obligation obligation) {
        if (!obligation.getUnknownFields().asMap().isEmpty()) {
            return false;
        }
        return switch (obligation.getObligationCase()) {
            case MASK ->
                obligation.getMask().getUnknownFields().asMap().isEmpty()
                        && !obligation.getMask().getField().isEmpty()
                        && !obligation.getMask().getFunction().isEmpty();
            case LIMIT -> isKnown(obligation.getLimit());
            case READ_ONLY ->
                obligation.getReadOnly().getUnknownFields().asMap().isEmpty();
            case TIMEOUT ->
                obligation.getTimeout().getUnknownFields().asMap().isEmpty()
                        && obligation.getTimeout().hasDuration()
                        && isForward(obligation.getTimeout().getDuration())
                        && !obligation.getTimeout().getDuration().equals(Duration.getDefaultInstance());
            case RECORD_LEVEL ->
                obligation.getRecordLevel().getUnknownFields().asMap().isEmpty()
                        && obligation.getRecordLevel().getLevel() != RecordLevel.Level.UNRECOGNIZED;
            case HOLD ->
                obligation.getHold().getUnknownFields().asMap().isEmpty()
                        && obligation.getHold().getApprovalsNeeded() >= 0
                        && obligation.getHold().getMode() != GrantMode.UNRECOGNIZED
                        && isForward(obligation.getHold().getExpiresAfter())
                        && isForward(obligation.getHold().getGrantLasts());
            case DETECT -> isKnown(obligation.getDetect());
            case OBLIGATION_NOT_SET -> false;
        };
    }

    private static boolean isKnown(Detect detect) {
        return detect.getUnknownFields().asMap().isEmpty()
                && detect.getDetectorsCount() > 0
                && detect.getDetectorsList().stream().noneMatch(String::isEmpty)
                && detect.getAction() != Detect.Action.UNRECOGNIZED;
    }

    private static boolean isKnown(Limit limit) {
        return limit.getUnknownFields().asMap().isEmpty()
                && limit.getMaxRows() >= 0
                && limit.getMaxBytes() >= 0
                && (limit.getOnExceed() == Effect.EFFECT_HOLD || limit.getOnExceed() == Effect.EFFECT_DENY);
    }

    /** Whether a duration is one that its type allows, and not negative. */
    static boolean isForward(Duration duration) {
        return duration.getSeconds() >= 0
                && duration.getSeconds() <= MAX_DURATION_SECONDS
                && duration.getNanos() >= 0
                && duration.getNanos() < 1_000_000_000;
    }
}
