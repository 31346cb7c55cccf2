package dev.chaperone.rules;

import dev.chaperone.decision.v1.Decision;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.decision.v1.HoldTerms;
import dev.chaperone.decision.v1.Limit;
import dev.chaperone.decision.v1.Mask;
import dev.chaperone.decision.v1.Obligation;
import dev.chaperone.decision.v1.ReadOnly;
import dev.chaperone.decision.v1.Reason;
import dev.chaperone.decision.v1.RecordLevel;
import dev.chaperone.decision.v1.Timeout;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Combines conclusions into a decision: denied unless permitted, deny over hold over permit, and the stricter of two
 * obligations of one kind. The order in which conclusions come does not matter. An operation that was not analysed is permitted
 * only by a conclusion that says so in so many words.
 */
final class DecisionBuilder {
    private static final int SHOWN_TARGETS = 8;
    private static final Comparator<Reason> STRONGEST_FIRST = Comparator.comparingInt(
                    (Reason reason) -> -strength(reason.getEffect()))
            .thenComparing(Reason::getPack)
            .thenComparing(Reason::getRule)
            .thenComparing(Reason::getText);

    private final List<Reason> reasons = new ArrayList<>();
    private final Map<String, Mask> masks = new TreeMap<>();
    private final Detectors detectors = new Detectors();
    private final Holds holds = new Holds();
    private Effect effect = Effect.EFFECT_UNSPECIFIED;
    private @Nullable Limit limit;
    private @Nullable Timeout timeout;
    private RecordLevel.@Nullable Level level;
    private boolean readOnly;
    private final boolean analysed;
    private boolean permitsUnanalysed;
    private boolean verbatim;

    private DecisionBuilder(boolean analysed) {
        this.analysed = analysed;
    }

    /**
     * A decision with effect, obligations and reasons; the caller adds the rest.
     *
     * @param analysed whether it is known what the operation would touch
     */
    static Decision.Builder combine(Map<Conclusion, Set<String>> drawn, boolean analysed) {
        DecisionBuilder builder = new DecisionBuilder(analysed);
        drawn.forEach(builder::add);
        return builder.build();
    }

    /** A denial that no rule of a policy stated. */
    static Decision.Builder denied(String rule, String text) {
        return Decision.newBuilder().setEffect(Effect.EFFECT_DENY).addReasons(ownReason(rule, text));
    }

    private void add(Conclusion conclusion, Set<String> targets) {
        permitsUnanalysed |= conclusion.unanalysed();
        verbatim |= conclusion.verbatim() || conclusion.unanalysed();
        boolean counts = analysed || conclusion.unanalysed() || conclusion.effect() != Effect.EFFECT_PERMIT;
        if (counts && strength(conclusion.effect()) > strength(effect)) {
            effect = conclusion.effect();
        }
        RuleInfo rule = conclusion.rule();
        reasons.add(Reason.newBuilder()
                .setRule(rule.name())
                .setPack(rule.pack())
                .setText(text(conclusion.text(), targets))
                .setCitation(rule.citation())
                .setEffect(conclusion.effect())
                .build());
        if (conclusion.effect() == Effect.EFFECT_HOLD
                || conclusion.obligation().getLimit().getOnExceed() == Effect.EFFECT_HOLD) {
            holds.holder(rule);
        }
        oblige(rule, conclusion.obligation(), targets);
    }

    private void oblige(RuleInfo rule, Obligation obligation, Set<String> targets) {
        switch (obligation.getObligationCase()) {
            case MASK:
                for (String target : targets) {
                    Mask mask =
                            obligation.getMask().toBuilder().setField(target).build();
                    masks.merge(target, mask, Masks::stricter);
                }
                break;
            case DETECT:
                detectors.add(obligation.getDetect());
                break;
            case LIMIT:
                limit = limit == null ? obligation.getLimit() : stricter(limit, obligation.getLimit());
                break;
            case READ_ONLY:
                readOnly = true;
                break;
            case TIMEOUT:
                timeout = timeout == null ? obligation.getTimeout() : shorter(timeout, obligation.getTimeout());
                break;
            case RECORD_LEVEL:
                RecordLevel.Level asked = obligation.getRecordLevel().getLevel();
                level = level == null || asked == RecordLevel.Level.LEVEL_FULL ? asked : level;
                break;
            case HOLD:
                holds.add(rule, obligation.getHold());
                break;
            case OBLIGATION_NOT_SET:
                break;
        }
    }

    private Decision.Builder build() {
        if (effect == Effect.EFFECT_UNSPECIFIED) {
            effect = Effect.EFFECT_DENY;
            reasons.add(ownReason(
                    "default-deny",
                    analysed ? "no rule permits this" : "no rule permits this without knowing what it would touch"));
        }
        HoldTerms terms = waits() ? holds.combined() : HoldTerms.getDefaultInstance();
        if (holds.conflicting()) {
            effect = Effect.EFFECT_DENY;
            reasons.add(ownReason("conflicting-holds", "the rules that hold this ask for different approvers"));
        }
        reasons.sort(STRONGEST_FIRST);
        Decision.Builder decision = Decision.newBuilder().setEffect(effect);
        reasons.stream().distinct().forEach(decision::addReasons);
        if (effect != Effect.EFFECT_DENY) {
            addObligations(decision, terms);
            decision.setPermitsUnanalysed(!analysed && permitsUnanalysed);
            decision.setVerbatim(verbatim && masks.isEmpty());
        }
        return decision;
    }

    /** Whether people may have to be asked: before it runs, or at a limit. */
    private boolean waits() {
        return effect == Effect.EFFECT_HOLD
                || effect == Effect.EFFECT_PERMIT && limit != null && limit.getOnExceed() == Effect.EFFECT_HOLD;
    }

    private void addObligations(Decision.Builder decision, HoldTerms terms) {
        masks.values().forEach(mask -> decision.addObligationsBuilder().setMask(mask));
        detectors
                .obligations()
                .forEach(detect -> decision.addObligationsBuilder().setDetect(detect));
        if (limit != null) {
            decision.addObligationsBuilder().setLimit(limit);
        }
        if (readOnly) {
            decision.addObligationsBuilder().setReadOnly(ReadOnly.getDefaultInstance());
        }
        if (timeout != null) {
            decision.addObligationsBuilder().setTimeout(timeout);
        }
        if (level != null) {
            decision.addObligationsBuilder().getRecordLevelBuilder().setLevel(level);
        }
        if (effect == Effect.EFFECT_HOLD || !terms.equals(HoldTerms.getDefaultInstance())) {
            decision.addObligationsBuilder().setHold(terms);
        }
    }

    private static Limit stricter(Limit one, Limit other) {
        boolean deny = one.getOnExceed() == Effect.EFFECT_DENY || other.getOnExceed() == Effect.EFFECT_DENY;
        return Limit.newBuilder()
                .setMaxRows(lower(one.getMaxRows(), other.getMaxRows()))
                .setMaxBytes(lower(one.getMaxBytes(), other.getMaxBytes()))
                .setOnExceed(deny ? Effect.EFFECT_DENY : Effect.EFFECT_HOLD)
                .build();
    }

    /** The lower of two bounds, of which 0 is none. */
    private static long lower(long one, long other) {
        if (one == 0 || other == 0) {
            return Math.max(one, other);
        }
        return Math.min(one, other);
    }

    private static Timeout shorter(Timeout one, Timeout other) {
        boolean first = Times.duration(one.getDuration()).compareTo(Times.duration(other.getDuration())) <= 0;
        return first ? one : other;
    }

    private static String text(String text, Set<String> targets) {
        if (targets.isEmpty()) {
            return text;
        }
        String shown = targets.stream().sorted().limit(SHOWN_TARGETS).collect(Collectors.joining("`, `", "`", "`"));
        int more = targets.size() - SHOWN_TARGETS;
        return shown + (more > 0 ? " and " + more + " more" : "") + ": " + text;
    }

    private static Reason ownReason(String rule, String text) {
        return Reason.newBuilder()
                .setRule(rule)
                .setPack("chaperone")
                .setText(text)
                .setEffect(Effect.EFFECT_DENY)
                .build();
    }

    private static int strength(Effect effect) {
        switch (effect) {
            case EFFECT_DENY:
                return 3;
            case EFFECT_HOLD:
                return 2;
            case EFFECT_PERMIT:
                return 1;
            default:
                return 0;
        }
    }
}
