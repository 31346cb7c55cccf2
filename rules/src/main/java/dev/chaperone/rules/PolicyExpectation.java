package dev.chaperone.rules;

import dev.chaperone.decision.v1.Decision;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.decision.v1.Limit;
import dev.chaperone.decision.v1.Mask;
import dev.chaperone.decision.v1.Obligation;
import dev.chaperone.decision.v1.Reason;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a policy test expects of a decision.
 *
 * @param effect the effect
 * @param masks every mask, function by field; null when the test does not say
 * @param rules rules that must be among the reasons, as {@code pack/name}
 * @param reasons texts that must occur in some reason
 * @param citations citations that must be among the reasons
 * @param obligations every obligation but masks, as {@link #text}; null when the test does not say
 * @param hold what is expected of the terms of a hold
 */
record PolicyExpectation(
        Effect effect,
        @Nullable Map<String, String> masks,
        List<String> rules,
        List<String> reasons,
        List<String> citations,
        @Nullable List<String> obligations,
        HoldExpectation hold) {

    /** What differs, one finding each; empty when the decision is as expected. */
    List<String> differences(Decision decision) {
        List<String> differences = new ArrayList<>();
        if (decision.getEffect() != effect) {
            differences.add("effect: expected `" + name(effect) + "`, was `" + name(decision.getEffect()) + "` because "
                    + because(decision));
        }
        compareMasks(decision, differences);
        List<Reason> given = decision.getReasonsList();
        for (String rule : rules) {
            if (given.stream().noneMatch(reason -> rule.equals(reason.getPack() + "/" + reason.getRule()))) {
                differences.add("rules: expected `" + rule + "`, fired " + because(decision));
            }
        }
        for (String text : reasons) {
            if (given.stream().noneMatch(reason -> reason.getText().contains(text))) {
                differences.add("reasons: expected one with `" + text + "`, were "
                        + given.stream().map(Reason::getText).toList());
            }
        }
        for (String citation : citations) {
            if (given.stream().noneMatch(reason -> reason.getCitation().equals(citation))) {
                differences.add("citations: expected `" + citation + "`, were "
                        + given.stream().map(Reason::getCitation).toList());
            }
        }
        compareObligations(decision, differences);
        hold.compare(decision, differences);
        return differences;
    }

    private void compareMasks(Decision decision, List<String> differences) {
        if (masks == null) {
            return;
        }
        Map<String, String> actual = new TreeMap<>();
        for (Obligation obligation : decision.getObligationsList()) {
            if (obligation.hasMask()) {
                Mask mask = obligation.getMask();
                actual.put(mask.getField(), text(mask));
            }
        }
        if (!actual.equals(masks)) {
            differences.add("masks: expected " + new TreeMap<>(masks) + ", were " + actual);
        }
    }

    private void compareObligations(Decision decision, List<String> differences) {
        if (obligations == null) {
            return;
        }
        List<String> actual = decision.getObligationsList().stream()
                .filter(obligation -> !obligation.hasMask())
                .map(PolicyExpectation::text)
                .sorted()
                .toList();
        if (!actual.equals(obligations.stream().sorted().toList())) {
            differences.add("obligations: expected " + obligations + ", were " + actual);
        }
    }

    /** The function, and {@code everywhere} where the mask holds for every use of the field. */
    private static String text(Mask mask) {
        return mask.getScope() == Mask.Scope.SCOPE_EVERYWHERE ? mask.getFunction() + " everywhere" : mask.getFunction();
    }

    /**
     * An obligation on one line: {@code detect mrn,ssn then mask}, {@code limit rows=100 then hold}, {@code read-only}, {@code timeout 30s}, {@code record
     * full}, {@code hold approvers=a,b from-each=c,d approvals=2 within=900s grant=session lasting=3600s break-glass=e}.
     */
    static String text(Obligation obligation) {
        switch (obligation.getObligationCase()) {
            case MASK:
                return "mask " + obligation.getMask().getField() + " " + text(obligation.getMask());
            case DETECT:
                return "detect " + String.join(",", obligation.getDetect().getDetectorsList()) + " then "
                        + obligation
                                .getDetect()
                                .getAction()
                                .name()
                                .replace("ACTION_", "")
                                .toLowerCase(Locale.ROOT);
            case LIMIT:
                Limit limit = obligation.getLimit();
                return "limit" + (limit.getMaxRows() == 0 ? "" : " rows=" + limit.getMaxRows())
                        + (limit.getMaxBytes() == 0 ? "" : " bytes=" + limit.getMaxBytes())
                        + " then " + name(limit.getOnExceed());
            case READ_ONLY:
                return "read-only";
            case TIMEOUT:
                return "timeout " + seconds(obligation.getTimeout().getDuration());
            case RECORD_LEVEL:
                return "record "
                        + obligation
                                .getRecordLevel()
                                .getLevel()
                                .name()
                                .replace("LEVEL_", "")
                                .toLowerCase(Locale.ROOT);
            case HOLD:
                return HoldExpectation.text(obligation.getHold());
            default:
                return "unknown";
        }
    }

    static String seconds(com.google.protobuf.Duration duration) {
        long millis = Times.duration(duration).toMillis();
        return millis % 1000 == 0 ? millis / 1000 + "s" : millis + "ms";
    }

    private static String because(Decision decision) {
        return decision.getReasonsList().stream()
                .map(reason -> "`" + reason.getPack() + "/" + reason.getRule() + "` (" + name(reason.getEffect()) + ")")
                .toList()
                .toString();
    }

    static String name(Effect effect) {
        String name = effect.name().replace("EFFECT_", "").toLowerCase(Locale.ROOT);
        return name.equals("unspecified") ? "obliges" : name;
    }
}
