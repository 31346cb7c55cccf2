package dev.chaperone.rules;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PolicyTestSuiteTest {
    @Test
    void aFailureSaysWhatWasExpectedAndWhatCame() {
        PolicyTestSuite.Result result = run("""
                cases:
                  - name: wrong in every way
                    given:
                      principal: { kind: agent }
                      action: { class: read }
                      resource: { relations: { public.patients: { columns: { name: A } } } }
                    expect:
                      effect: deny
                      masks: { clinic.public.patients.name: redact }
                      rules: [hipaa/nothing]
                      reasons: [no such text]
                      citations: [no such law]
                      obligations: [read-only]
                """);
        assertThat(result.passed()).isFalse();
        assertThat(result.name()).isEqualTo("wrong in every way");
        assertThat(result.difference().lines())
                .satisfiesExactly(
                        line -> assertThat(line)
                                .startsWith("effect: expected `deny`, was `permit` because [`baseline/database read`"),
                        line -> assertThat(line)
                                .isEqualTo("masks: expected {clinic.public.patients.name=redact}, were"
                                        + " {clinic.public.patients.name=pseudonym everywhere}"),
                        line -> assertThat(line).startsWith("rules: expected `hipaa/nothing`, fired ["),
                        line -> assertThat(line).startsWith("reasons: expected one with `no such text`, were ["),
                        line -> assertThat(line).startsWith("citations: expected `no such law`, were ["),
                        line -> assertThat(line).isEqualTo("obligations: expected [read-only], were []"));
    }

    private static final String HELD = """
            package p
            rule "held"
                @reason("ask first")
            when
                Request( actionClass == "write" )
            then
                verdict.hold();
                verdict.approvers("privacy", "legal", 2, "15m");
                verdict.approversFromEach("owners");
                verdict.grant("session", "30m");
                verdict.breakGlass("on-call");
            end
            """;

    private static final String HELD_TEST = """
            cases:
              - name: held
                given: { action: { class: write } }
                expect:
                  effect: hold
                  hold: { ${EXPECTED} }
            """;

    @Test
    void everyTermOfAHoldCanBeExpected() {
        try (CompiledPolicy policy = TestingPolicies.compile(HELD)) {
            assertThat(hold(
                            policy,
                            "approvers: [legal, privacy], from-each: [owners], approvals: 2, within: 15m, grant:"
                                    + " session, lasting: 30m, break-glass: [on-call]"))
                    .isEmpty();
            assertThat(hold(policy, "grant: session")).isEmpty();
            assertThat(hold(
                                    policy,
                                    "approvers: [privacy], from-each: [], approvals: 1, within: 1h, grant: once, lasting:"
                                            + " 5s, break-glass: []")
                            .lines())
                    .containsExactly(
                            "hold.approvals: expected `1`, was `2`",
                            "hold.approvers: expected `privacy`, was `legal,privacy`",
                            "hold.break-glass: expected ``, was `on-call`",
                            "hold.from-each: expected ``, was `owners`",
                            "hold.grant: expected `once`, was `session`",
                            "hold.lasting: expected `5s`, was `1800s`",
                            "hold.within: expected `3600s`, was `900s`");
        }
    }

    private static String hold(CompiledPolicy policy, String expected) {
        List<PolicyTestSuite.Result> results =
                PolicyTestSuite.run(policy, "test.yaml", HELD_TEST.replace("${EXPECTED}", expected));
        assertThat(results).hasSize(1);
        return results.get(0).difference();
    }

    @Test
    void whatIsNotHeldHasNoTerms() {
        assertThat(run("cases: [{ name: x, given: { action: { class: session } }, expect: { effect: permit, hold: {"
                                + " approvals: 1 } } }]")
                        .difference())
                .isEqualTo("hold: expected terms, and there are none");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "cases: [{ name: x, given: { action: { class: read } }, expect: { effect: deny, hold: { approver: [a] } } }] | did you mean `approvers`",
                "cases: [{ name: x, given: { action: { class: read } }, expect: { effect: deny, hold: { grant: windo } } }] | did you mean `window`",
                "cases: [{ name: x, given: { action: { class: read } }, expect: { effect: deny, hold: { within: soon } } }] | is not a duration",
                "cases: [{ name: x, given: { action: { class: read } }, expect: { effect: deny, hold: { approvals: two } } }] | expected a whole number",
                "case: [] | there is no `case`; did you mean `cases`",
                "cases: [] | expected at least one case",
                "cases: [{ nam: x }] | `cases[0]`: there is no `nam`; did you mean `name`",
                "cases: [{ name: x, given: { action: { class: reed } }, expect: { effect: deny } }] | did you mean `read`",
                "cases: [{ name: x, given: { principal: nobody, action: { class: read } } }] | there is no fixture `nobody`",
                "cases: [{ name: x, given: { action: { class: read }, resource: { relations: { patients: {} } } } }] | not a relation",
                "cases: [{ name: x, given: { action: { class: read }, resource: { relations: { a.b: { columns: { c: Z } } } } } }] | not a PHI class",
                "cases: [{ name: x, given: { action: { class: read }, context: { time: noon } } }] | is not a time",
                "cases: [{ name: x, given: { action: { class: read } } }] | `cases[0].expect.effect`: expected a text",
                "cases: [{ name: x, given: { action: { class: read, unrestricted: maybe } } }] | expected `true` or `false`",
                "cases: {} | expected a list",
                "cases: [ | cannot be read as a policy test"
            })
    void aSlipIsAFailureThatNamesItsPlace(String row) {
        String[] cells = row.split(" \\| ", -1);
        PolicyTestSuite.Result result = run(cells[0]);
        assertThat(result.passed()).isFalse();
        assertThat(result.difference()).contains(cells[1]);
    }

    @Test
    void filesAreRunInOrderAndMissingOnesFail(@TempDir Path directory) throws Exception {
        Path file = directory.resolve("a.yaml");
        Files.writeString(
                file, "cases: [{ name: x, given: { action: { class: session } }, expect: { effect: permit } }]");
        assertThat(PolicyTestSuite.run(TestingPolicies.builtIn(), List.of(file, directory.resolve("b.yaml"))))
                .extracting(PolicyTestSuite.Result::passed)
                .containsExactly(true, false);
    }

    private static PolicyTestSuite.Result run(String yaml) {
        List<PolicyTestSuite.Result> results = PolicyTestSuite.run(TestingPolicies.builtIn(), "test.yaml", yaml);
        assertThat(results).hasSize(1);
        return results.get(0);
    }
}
