package dev.chaperone.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.decision.v1.Decision;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.decision.v1.Mask;
import dev.chaperone.decision.v1.Obligation;
import dev.chaperone.decision.v1.Reason;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DecisionBuilderTest {
    @Test
    void deniesWhatNothingPermits() {
        Decision decision = combine();
        assertThat(decision.getEffect()).isEqualTo(Effect.EFFECT_DENY);
        assertThat(decision.getReasonsList()).extracting(Reason::getRule).containsExactly("default-deny");
    }

    @Test
    void obligationsAloneDoNotPermit() {
        Decision decision =
                combine("verdict.mask($f, \"redact\");", "verdict.limitRows(1);", "verdict.approvers(\"g\");");
        assertThat(decision.getEffect()).isEqualTo(Effect.EFFECT_DENY);
        assertThat(decision.getObligationsList()).isEmpty();
    }

    @Test
    void aPlainPermitNeverPermitsWhatWasNotAnalysed() {
        Decision decision = combine(conclusions("verdict.permit(\"p\");", "verdict.mask($f, \"redact\");"), false);
        assertThat(decision.getEffect()).isEqualTo(Effect.EFFECT_DENY);
        assertThat(decision.getPermitsUnanalysed()).isFalse();
        assertThat(decision.getReasonsList())
                .filteredOn(reason -> reason.getRule().equals("default-deny"))
                .extracting(Reason::getText)
                .containsExactly("no rule permits this without knowing what it would touch");
    }

    @ParameterizedTest
    @CsvSource({
        "permitUnanalysed, permit, EFFECT_PERMIT, true",
        "permitUnanalysed, hold, EFFECT_HOLD, true",
        "permitUnanalysed, deny, EFFECT_DENY, false",
        "permit, hold, EFFECT_HOLD, false",
    })
    void whatWasNotAnalysedIsPermittedOnlyInSoManyWords(
            String one, String other, Effect expected, boolean permitsUnanalysed) {
        String first = "verdict." + one + "(\"one\");";
        String second = "verdict." + other + "(\"two\");";
        for (Decision decision :
                List.of(combine(conclusions(first, second), false), combine(conclusions(second, first), false))) {
            assertThat(decision.getEffect()).isEqualTo(expected);
            assertThat(decision.getPermitsUnanalysed()).isEqualTo(permitsUnanalysed);
        }
    }

    @Test
    void whatWasAnalysedIsPermittedByEitherAndNeedsNoFurtherWord() {
        Decision decision = combine("verdict.permitUnanalysed(\"p\");");
        assertThat(decision.getEffect()).isEqualTo(Effect.EFFECT_PERMIT);
        assertThat(decision.getPermitsUnanalysed()).isFalse();
    }

    @Test
    void nothingIsKeptBackOnlyWhereARuleSaysSoAndNothingIsMasked() {
        assertThat(combine("verdict.permit(\"p\");").getVerbatim()).isFalse();
        assertThat(combine("verdict.permit(\"p\");", "verdict.verbatim();").getVerbatim())
                .isTrue();
        assertThat(combine("verdict.permitUnanalysed(\"p\");").getVerbatim()).isTrue();
        assertThat(combine("verdict.verbatim();").getVerbatim()).isFalse();
        assertThat(combine("verdict.permit(\"p\");", "verdict.verbatim();", "verdict.mask($f, \"redact\");")
                        .getVerbatim())
                .isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "permit, hold, EFFECT_HOLD",
        "permit, deny, EFFECT_DENY",
        "hold, deny, EFFECT_DENY",
        "permit, permit, EFFECT_PERMIT"
    })
    void theStrongerEffectWinsInEitherOrder(String one, String other, Effect expected) {
        String first = "verdict." + one + "(\"one\");";
        String second = "verdict." + other + "(\"two\");";
        assertThat(combine(first, second).getEffect()).isEqualTo(expected);
        assertThat(combine(second, first).getEffect()).isEqualTo(expected);
    }

    @Test
    void reasonsComeStrongestFirstAndOnce() {
        Decision decision = combine(
                "verdict.mask($f, \"redact\");",
                "verdict.permit(\"p\");",
                "verdict.hold(\"h\");",
                "verdict.deny(\"d\");",
                "verdict.deny($f, \"e\");");
        assertThat(decision.getReasonsList())
                .extracting(Reason::getText)
                .containsExactly(
                        "`clinic.public.patients.ssn`: e",
                        "d",
                        "h",
                        "p",
                        "`clinic.public.patients.ssn`: masked with `redact`");
    }

    @ParameterizedTest
    @CsvSource({
        "maskEverywhere, maskEverywhere, SCOPE_EVERYWHERE",
        "mask, maskEverywhere, SCOPE_DELIVERED",
        "mask, mask, SCOPE_DELIVERED"
    })
    void aMaskHoldsEverywhereOnlyIfEveryRuleSaysSo(String one, String other, Mask.Scope expected) {
        String first = "verdict." + one + "($f, \"redact\");";
        String second = "verdict." + other + "($f, \"last4\");";
        for (Decision decision : List.of(
                combine("verdict.permit(\"p\");", first, second), combine("verdict.permit(\"p\");", second, first))) {
            assertThat(decision.getObligationsList())
                    .extracting(obligation -> obligation.getMask().getScope())
                    .containsExactly(expected);
        }
    }

    @Test
    void detectorsAddUpAndTheStricterActionWinsInEitherOrder() {
        List<String> texts = List.of(
                "verdict.permit(\"p\");",
                "verdict.detect(\"ssn\", \"phone\", \"email\");",
                "verdict.detect(\"email\", \"card\", \"redact\");",
                "verdict.detect(\"card\", \"deny\");",
                "verdict.detect(\"card\", \"mask\");");
        List<String> reversed = new ArrayList<>(texts);
        Collections.reverse(reversed);
        for (Decision decision :
                List.of(combine(texts.toArray(String[]::new)), combine(reversed.toArray(String[]::new)))) {
            assertThat(decision.getObligationsList())
                    .extracting(PolicyExpectation::text)
                    .containsExactly("detect phone,ssn then mask", "detect email then redact", "detect card then deny");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "redact, last4, redact",
        "null, redact, null",
        "pseudonym, year, pseudonym",
        "last4, zip3, zip3",
        "age90, last4, last4",
        "year, zip3, year"
    })
    void theStricterMaskWinsInEitherOrder(String one, String other, String expected) {
        String first = "verdict.mask($f, \"" + one + "\");";
        String second = "verdict.mask($f, \"" + other + "\");";
        for (Decision decision : List.of(
                combine("verdict.permit(\"p\");", first, second), combine("verdict.permit(\"p\");", second, first))) {
            assertThat(decision.getObligationsList()).singleElement().satisfies(obligation -> {
                assertThat(obligation.getMask().getFunction()).isEqualTo(expected);
                assertThat(obligation.getMask().getField()).isEqualTo("clinic.public.patients.ssn");
            });
        }
    }

    @Test
    void oneMaskWithTwoParametersLeavesNothing() {
        Decision decision = combine(
                "verdict.permit(\"p\");",
                "verdict.mask($f, \"pseudonym\", \"domain\", \"a\");",
                "verdict.mask($f, \"pseudonym\", \"domain\", \"b\");");
        assertThat(texts(decision)).containsExactly("mask clinic.public.patients.ssn redact");
    }

    @Test
    void limitsAndTimesAccumulateToTheStricter() {
        Decision decision = combine(
                "verdict.permit(\"p\");",
                "verdict.limitRows(100);",
                "verdict.limitRows(10, \"hold\");",
                "verdict.limitBytes(5000, \"deny\");",
                "verdict.timeout(\"1m\");",
                "verdict.timeout(\"500ms\");",
                "verdict.readOnly();",
                "verdict.record(\"full\");",
                "verdict.record(\"delivered\");");
        assertThat(texts(decision))
                .containsExactly("limit rows=10 bytes=5000 then deny", "read-only", "timeout 500ms", "record full");
    }

    @Test
    void holdsAreCombinedToTermsThatSatisfyAll() {
        Decision decision = combine(
                "verdict.hold(\"a\");",
                "verdict.approvers(\"g\", 1, \"1h\");",
                "verdict.approvers(\"g\", 2, \"30m\");",
                "verdict.hold(\"b\");");
        assertThat(texts(decision)).containsExactly("hold approvers=g approvals=2 within=1800s");
    }

    @Test
    void holdsThatNobodyCanApproveAreDenied() {
        Decision decision = combine("verdict.hold(\"a\");", "verdict.approvers(\"g\");", "verdict.approvers(\"h\");");
        assertThat(decision.getEffect()).isEqualTo(Effect.EFFECT_DENY);
        assertThat(decision.getReasons(0).getRule()).isEqualTo("conflicting-holds");
        assertThat(decision.getObligationsList()).isEmpty();
    }

    @Test
    void aPermitCarriesNoTermsOfHolds() {
        assertThat(combine("verdict.permit(\"p\");", "verdict.approvers(\"g\");")
                        .getObligationsList())
                .isEmpty();
    }

    @Test
    void manyTargetsAreCutShortInReasons() {
        Set<String> targets = new LinkedHashSet<>();
        for (int i = 10; i < 30; i++) {
            targets.add("f" + i);
        }
        Conclusion deny = conclusions("verdict.deny($f, \"text\");").get(0);
        assertThat(DecisionBuilder.combine(Map.of(deny, targets), true)
                        .getReasons(0)
                        .getText())
                .isEqualTo("`f10`, `f11`, `f12`, `f13`, `f14`, `f15`, `f16`, `f17` and 12 more: text");
    }

    @Test
    void theOrderOfConclusionsDoesNotMatter() {
        List<Conclusion> conclusions = new ArrayList<>(conclusions(
                "verdict.permit(\"p\");",
                "verdict.hold(\"h\");",
                "verdict.hold($f, \"i\");",
                "verdict.approvers(\"g\", 2, \"1h\");",
                "verdict.approvers(\"g\", 1, \"2h\");",
                "verdict.mask($f, \"year\");",
                "verdict.mask($f, \"redact\", \"text\", \"a\");",
                "verdict.mask($f, \"redact\", \"text\", \"b\");",
                "verdict.limitRows(7);",
                "verdict.limitBytes(9, \"deny\");",
                "verdict.timeout(\"1s\");",
                "verdict.record(\"delivered\");"));
        Decision expected = combine(conclusions);
        Random random = new Random(20260301);
        for (int i = 0; i < 200; i++) {
            Collections.shuffle(conclusions, random);
            assertThat(combine(conclusions)).isEqualTo(expected);
        }
    }

    private static List<String> texts(Decision decision) {
        return decision.getObligationsList().stream()
                .map(PolicyExpectation::text)
                .toList();
    }

    private static Decision combine(String... statements) {
        return combine(conclusions(statements));
    }

    private static Decision combine(List<Conclusion> conclusions) {
        return combine(conclusions, true);
    }

    private static Decision combine(List<Conclusion> conclusions, boolean analysed) {
        Map<Conclusion, Set<String>> drawn = new LinkedHashMap<>();
        for (Conclusion conclusion : conclusions) {
            boolean targeted = !conclusion.variable().isEmpty();
            drawn.put(conclusion, targeted ? Set.of("clinic.public.patients.ssn") : Set.of());
        }
        return DecisionBuilder.combine(drawn, analysed).build();
    }

    private static List<Conclusion> conclusions(String... statements) {
        if (statements.length == 0) {
            return List.of();
        }
        String text = "package p\nrule \"a\"\nwhen\n$f : Field()\nthen\n" + String.join("\n", statements) + "\nend\n";
        PolicyParser.Parsed parsed = PolicyLinter.check(List.of(TestingPolicies.source(text)));
        assertThat(parsed.diagnostics()).isEmpty();
        return parsed.rules().get(0).conclusions();
    }

    @Test
    void anUnknownObligationIsNoObligationOfOurs() {
        assertThat(PolicyExpectation.text(Obligation.getDefaultInstance())).isEqualTo("unknown");
    }
}
