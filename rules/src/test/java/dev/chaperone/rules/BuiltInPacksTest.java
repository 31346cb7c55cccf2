package dev.chaperone.rules;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class BuiltInPacksTest {
    @TestFactory
    Stream<DynamicTest> everyPolicyTestPasses() {
        return results().stream()
                .map(result -> DynamicTest.dynamicTest(
                        result.file() + ": " + result.name(),
                        () -> assertThat(result.difference()).isEmpty()));
    }

    @Test
    void everyRuleFiresInSomePolicyTest() {
        assertThat(PolicyTestSuite.untested(TestingPolicies.builtIn(), results()))
                .isEmpty();
    }

    @Test
    void theLinterHasNothingToSay() {
        assertThat(PolicyLinter.lint(BuiltInPacks.sources())).isEmpty();
    }

    @Test
    void everyHipaaRuleCitesItsSection() {
        assertThat(TestingPolicies.builtIn().rules())
                .filteredOn(rule -> rule.pack().equals("hipaa"))
                .allSatisfy(rule -> assertThat(rule.citation()).matches("45 CFR 164\\.\\d{3}\\(.*"));
    }

    private static List<PolicyTestSuite.Result> results() {
        List<PolicyTestSuite.Result> results = new ArrayList<>();
        BuiltInPacks.tests()
                .forEach((name, yaml) -> results.addAll(PolicyTestSuite.run(TestingPolicies.builtIn(), name, yaml)));
        return results;
    }
}
