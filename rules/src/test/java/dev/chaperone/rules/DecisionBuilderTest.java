package dev.chaperone.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.decision.v1.Decision;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.decision.v1.GrantMode;
import dev.chaperone.decision.v1.HoldTerms;
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
import org.junit.jupiter.params.provider.ValueSource;

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
    void aRuleSaysWhoApprovesForHowLongAndWhoBreaksTheGlass() {
        assertThat(texts(combine(
                        "verdict.hold(\"a\");",
                        "verdict.approvers(\"g\", \"h\", 2, \"1h\");",
                        "verdict.grant(\"window\", \"30m\");",
                        "verdict.breakGlass(\"x\", \"y\");")))
                .containsExactly(
                        "hold approvers=g,h approvals=2 within=3600s grant=window lasting=1800s break-glass=x,y");
        assertThat(texts(combine("verdict.hold(\"a\");", "verdict.approversFromEach(\"g\", \"h\");")))
                .containsExactly("hold from-each=g,h approvals=2");
        assertThat(texts(combine("verdict.hold(\"a\");", "verdict.approversFromEach(\"g\", \"h\", 1, \"5m\");")))
                .containsExactly("hold from-each=g,h approvals=1 within=300s");
    }

    @Test
    void holdsThatNobodyCanApproveAreDenied() {
        Decision decision =
                combine("verdict.hold(\"a\");", "verdict.approvers(\"g\", 2);", "verdict.approvers(\"h\");");
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
    void aPermitWithALimitThatHoldsCarriesTheTermsForWhatGoesOverIt() {
        String[] terms = {"verdict.approvers(\"g\", 2);", "verdict.grant(\"session\");"};
        assertThat(texts(combine("verdict.permit(\"p\");", "verdict.limitRows(5);", terms[0], terms[1])))
                .containsExactly("limit rows=5 then hold", "hold approvers=g approvals=2 grant=session");
        assertThat(texts(combine("verdict.permit(\"p\");", "verdict.limitRows(5, \"deny\");", terms[0], terms[1])))
                .containsExactly("limit rows=5 then deny");
        assertThat(texts(combine("verdict.permit(\"p\");", "verdict.limitRows(5);")))
                .containsExactly("limit rows=5 then hold");
    }

    @Test
    void aLimitThatNobodyCanLiftIsDenied() {
        Decision decision = combine(
                "verdict.permit(\"p\");",
                "verdict.limitRows(5);",
                "verdict.approvers(\"g\", \"i\");",
                "verdict.approvers(\"h\");");
        assertThat(decision.getEffect()).isEqualTo(Effect.EFFECT_DENY);
        assertThat(decision.getReasons(0).getRule()).isEqualTo("conflicting-holds");
    }

    @ParameterizedTest
    @CsvSource(
            value = {
                // what the one rule that holds says, what the other says, what comes of it
                "verdict.grant(\"window\"); | verdict.grant(\"session\"); | hold grant=session",
                "verdict.grant(\"session\"); | verdict.grant(\"once\"); | hold grant=once",
                "verdict.grant(\"window\", \"1h\"); | verdict.grant(\"window\", \"5m\"); | hold grant=window lasting=300s",
                "verdict.grant(\"session\"); | '' | hold grant=once",
                "verdict.breakGlass(\"x\", \"y\"); | verdict.breakGlass(\"y\", \"z\"); | hold break-glass=y",
                "verdict.breakGlass(\"x\"); | verdict.breakGlass(\"z\"); | hold",
                "verdict.breakGlass(\"x\"); | '' | hold",
                "verdict.approversFromEach(\"a\", \"b\"); | verdict.approversFromEach(\"c\"); | hold from-each=a,b,c approvals=2",
                "verdict.approvers(\"a\", \"b\"); | verdict.approvers(\"b\", \"c\", 3); | hold approvers=b approvals=3",
                "verdict.approvers(\"a\"); | verdict.approvers(\"b\", 1, \"1h\"); | hold from-each=a,b approvals=1 within=3600s",
                "verdict.approvers(\"a\", \"2h\"); | verdict.approversFromEach(\"b\", \"1h\"); | hold approvers=a from-each=b approvals=1 within=3600s",
            },
            delimiter = '|')
    void twoRulesThatHoldAreBothSatisfied(String one, String other, String expected) {
        for (String hold : List.of("verdict.hold(\"h\");", "verdict.limitRows(5);")) {
            String first = rule("one", "verdict.hold(\"h\"); " + one);
            String second = rule("other", hold + " " + other);
            assertThat(texts(combine(rules(first, second)))).last().isEqualTo(expected);
            assertThat(texts(combine(rules(second, first)))).last().isEqualTo(expected);
        }
    }

    /** A rule that leaves it to the approval service who approves is satisfied by somebody whom the service names. */
    @Test
    void whoeverTheServiceNamesAgreesToWhatARuleLeavesToIt() {
        String silent = rule("silent", "verdict.hold(\"h\");");
        String naming = rule("naming", "verdict.hold(\"h\"); verdict.approvers(\"billing\");");
        assertThat(hold(combine(rules(silent, naming))).getOwnGroupsToo()).isTrue();
        assertThat(hold(combine(rules(naming))).getOwnGroupsToo()).isFalse();
        assertThat(hold(combine(rules(silent))).getOwnGroupsToo()).isFalse();
        String speaking = rule("speaks", "verdict.approvers(\"billing\");");
        assertThat(hold(combine(rules(silent, speaking))).getOwnGroupsToo()).isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            value = {
                "'' | hold grant=window break-glass=x",
                "verdict.grant(\"once\"); verdict.breakGlass(\"y\"); | hold grant=once",
                "verdict.grant(\"window\"); verdict.breakGlass(\"x\", \"y\"); | hold grant=window break-glass=x",
            },
            delimiter = '|')
    void aRuleThatHoldsNothingSpeaksForThoseThatSayNothing(String holding, String expected) {
        assertThat(texts(combine(rules(
                        rule("holds", "verdict.hold(\"h\"); " + holding),
                        rule("speaks", "verdict.grant(\"window\"); verdict.breakGlass(\"x\");")))))
                .containsExactly(expected);
    }

    /** Whatever rules say: one more rule that holds makes it no easier to get a grant, or to use it. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    void oneMoreRuleThatHoldsLoosensNothing(long seed) {
        Random random = new Random(seed);
        for (int round = 0; round < 50; round++) {
            List<String> rules = new ArrayList<>();
            for (int i = random.nextInt(3); i >= 0; i--) {
                rules.add(rule("holds " + i, "verdict.hold(\"h\"); " + saying(random)));
            }
            Decision before = combine(rules(rules.toArray(String[]::new)));
            rules.add(rule("one more", "verdict.hold(\"h\"); " + saying(random)));
            Collections.shuffle(rules, random);
            Decision after = combine(rules(rules.toArray(String[]::new)));
            if (after.getEffect() == Effect.EFFECT_DENY) {
                continue;
            }
            HoldTerms old = hold(before);
            HoldTerms now = hold(after);
            assertThat(now.getRequiredGroupsList()).containsAll(old.getRequiredGroupsList());
            assertThat(now.getApprovalsNeeded()).isGreaterThanOrEqualTo(old.getApprovalsNeeded());
            assertThat(old.getBreakGlassGroupsList()).containsAll(now.getBreakGlassGroupsList());
            assertThat(width(now)).isLessThanOrEqualTo(width(old));
            if (old.getApproverGroupsCount() > 0) {
                boolean fewer = now.getApproverGroupsCount() > 0
                        && old.getApproverGroupsList().containsAll(now.getApproverGroupsList());
                assertThat(fewer || now.getRequiredGroupsList().containsAll(old.getApproverGroupsList()))
                        .isTrue();
            }
            if (old.hasExpiresAfter()) {
                assertThat(now.getExpiresAfter().getSeconds())
                        .isLessThanOrEqualTo(old.getExpiresAfter().getSeconds());
            }
            if (old.hasGrantLasts()) {
                assertThat(now.getGrantLasts().getSeconds())
                        .isLessThanOrEqualTo(old.getGrantLasts().getSeconds());
            }
        }
    }

    private static String saying(Random random) {
        List<String> calls = List.of(
                "verdict.approvers(\"a\", \"b\");",
                "verdict.approvers(\"b\", \"c\", 2, \"10m\");",
                "verdict.approversFromEach(\"a\", \"c\");",
                "verdict.approversFromEach(\"b\", 3, \"5m\");",
                "verdict.grant(\"window\", \"1h\");",
                "verdict.grant(\"session\", \"2h\");",
                "verdict.grant(\"once\");",
                "verdict.breakGlass(\"x\", \"y\");",
                "verdict.breakGlass(\"y\", \"z\");");
        StringBuilder said = new StringBuilder();
        for (String call : calls) {
            said.append(random.nextInt(3) == 0 ? call : "");
        }
        return said.toString();
    }

    private static HoldTerms hold(Decision decision) {
        return decision.getObligationsList().stream()
                .filter(Obligation::hasHold)
                .map(Obligation::getHold)
                .findFirst()
                .orElseGet(HoldTerms::getDefaultInstance);
    }

    /** What is not said is once. */
    private static int width(HoldTerms terms) {
        return Math.max(GrantMode.GRANT_MODE_ONCE.getNumber(), terms.getMode().getNumber());
    }

    private static String rule(String name, String conclusions) {
        return "rule \"" + name + "\"\nwhen\nRequest()\nthen\n" + conclusions + "\nend\n";
    }

    /** The conclusions of several rules. */
    private static List<Conclusion> rules(String... rules) {
        PolicyParser.Parsed parsed =
                PolicyLinter.check(List.of(TestingPolicies.source("package p\n" + String.join("", rules))));
        assertThat(parsed.diagnostics()).isEmpty();
        return parsed.rules().stream()
                .flatMap(rule -> rule.conclusions().stream())
                .toList();
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
                "verdict.approversFromEach(\"o\", \"q\");",
                "verdict.grant(\"window\", \"2h\");",
                "verdict.grant(\"session\");",
                "verdict.breakGlass(\"x\", \"y\");",
                "verdict.breakGlass(\"y\");",
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
