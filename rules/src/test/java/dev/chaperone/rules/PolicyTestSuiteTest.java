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

    @ParameterizedTest
    @ValueSource(
            strings = {
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
