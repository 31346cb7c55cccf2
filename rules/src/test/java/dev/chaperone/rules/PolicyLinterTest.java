package dev.chaperone.rules;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class PolicyLinterTest {
    private static final String GOOD =
            "package p\nrule \"a\"\n@reason(\"r\")\nwhen\nRequest( protocol == \"s3\" )\nthen\nverdict.permit();\nend\n";

    @Test
    void saysNothingOfGoodPolicies() {
        assertThat(lint(GOOD)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Field( phiclass == \"G\" ) | Field has no field `phiclass` | did you mean `phiClass`",
                "Feild() | there is no fact `Feild` | did you mean `Field`",
                "Request( startWith(subject, \"a\") ) | function that conditions may call | did you mean `startsWith`",
                "Request( inGroup(1) ) | takes (text), found (number) | ",
                "Request( subject == 1 ) | `==` compares text with number | texts stand in double quotes",
                "Request( hour == \"1\" ) | `==` compares number with text | compare values of one type",
                "Request( subject < \"a\" ) | `<` needs numbers | no order",
                "Request( subject ) | expected a condition, found a text | compare it",
                "Request( subject == null ) | there is no `null` | compare with `\"\"`",
                "Request( \"a\" == \"b\" ) | both sides are constants | compare a field",
                "Request( regex(subject, \"(\") ) | is not an RE2 pattern | ",
                "Request( regex(subject, agent) ) | must be a constant | ",
                "Request( inNetwork(clientAddress, \"lan\") ) | `lan` is not a network | CIDR",
                "Request( subject == $x.name ) | `$x` is not bound | bind it",
                "Request( subject in (agent) ) | expected a text constant | constants only",
                "Request( subject in () ) | expected a field or a constant, found `)` | ",
                "Request( $s : nothing ) | Request has no field `nothing` | ",
                "not $f : Field() | nothing is bound by `not` | leave `$f` out",
                "Request() or Field() | `or` is not allowed | all must match",
                "forall( Field() ) | `forall` is not allowed | opposite condition",
                "( Request() ) | `(` is not allowed here | one a line",
                "Request( subject == \"a | text literal does not end on its line | close it",
                "Request( subject == 'a' ) | texts stand in double quotes | replace",
                "Request( subject == \"\\d\" ) | unknown escape `\\d` | the escapes are",
                "Request( estimatedRows > 1e9 ) | `1e9` is not a number | whole numbers"
            })
    void refusesMistakesInConditions(String row) {
        String[] cells = row.split(" \\| ", -1);
        Diagnostic diagnostic =
                only("package p\nrule \"a\"\nwhen\n" + cells[0] + "\nthen\nverdict.permit(\"x\");\nend\n");
        assertThat(diagnostic.message()).contains(cells[1]);
        assertThat(diagnostic.hint()).contains(cells[2]);
        assertThat(diagnostic.line()).isEqualTo(4);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "verdict.allow(\"x\"); | there is no conclusion `allow` | permit",
                "verdict.denny(\"x\"); | there is no conclusion `denny` | did you mean `deny`",
                "verdict.deny(); | `deny` has no reason | pass a text",
                "verdict.deny(\" \"); | the reason is empty | say what the caller can do",
                "verdict.mask($f, \"last5\"); | no masking function `last5` | did you mean `last4`",
                "verdict.mask(\"redact\"); | `mask` needs the field to mask | bind it",
                "verdict.mask($t, \"redact\"); | `mask` needs the field to mask | bind it",
                "verdict.detect(\"ssm\"); | no detector `ssm` | did you mean `ssn`",
                "verdict.detect(); | `detect` needs the name of a detector | forms",
                "verdict.detect(\"deny\"); | no detector `deny` | ",
                "verdict.detect(\"ssn\", \"deny\", \"card\"); | `detect` does not take a text literal here | forms",
                "verdict.detect($f, \"ssn\"); | `detect` is about the whole request | leave the fact out",
                "verdict.mask($f); | `mask` needs the masking function | forms",
                "verdict.mask($f, \"year\", \"a\", \"b\"); | `year` has no parameter `a` | it takes none",
                "verdict.mask($f, \"redact\", \"txt\", \"b\"); | `redact` has no parameter `txt` | it takes `text`",
                "verdict.permit($f, \"x\"); | `permit` is about the whole request | leave the fact out",
                "verdict.permitUnanalysed($f, \"x\"); | `permitUnanalysed` is about the whole request | leave the fact out",
                "verdict.verbatim(\"x\"); | `verbatim` does not take a text literal here | forms",
                "verdict.permitUnanalysed(); | `permitUnanalysed` has no reason | pass a text",
                "verdict.permitUnanalyzed(\"x\"); | there is no conclusion `permitUnanalyzed` | did you mean `permitUnanalysed`",
                "verdict.deny($r, \"x\"); | `$r` is not a bound fact that a reason can point at | bind it",
                "verdict.limitRows(0); | `0` means no bound | above 0",
                "verdict.limitRows(-1); | `-` is not allowed as an argument | ",
                "verdict.limitRows(\"x\"); | `limitRows` needs a number | forms",
                "verdict.limitRows(1, \"permit\"); | `permit` is not what a limit can do | `hold` or `deny`",
                "verdict.timeout(\"30\"); | `30` is not a duration | `30s`",
                "verdict.timeout(\"0s\"); | `0s` is not a duration | `30s`",
                "verdict.record(\"none\"); | no record level `none` | `full` or `delivered`",
                "verdict.approvers(\"a\", 11); | `11` approvals are asked for | at most 10",
                "verdict.approvers(\"a\", 0); | `0` approvals are asked for | at least 1",
                "verdict.approvers(); | `approvers` needs the name of a group | forms",
                "verdict.approvers(\"a\", \"30\"); | `30` is not a duration | `30s`",
                "verdict.approvers(\"a\", \"1h\", 2); | `approvers` does not take `2` here | forms",
                "verdict.approvers(\" \"); | the name of the group is empty | identity provider",
                "verdict.approver(\"a\"); | no conclusion `approver` | did you mean `approvers`",
                "verdict.approversFromEach(\"a\", \"b\", \"a\"); | the group `a` is named twice | once",
                "verdict.approversFromEach($t, \"a\"); | `approversFromEach` is about the whole request | leave",
                "verdict.approversFromEech(\"a\"); | no conclusion `approversFromEech` | did you mean `approversFromEach`",
                "verdict.approversFromEach(\"a\", \"b\", 99); | `99` approvals are asked for | at most 10",
                "verdict.approversFromEach(\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\",\"i\",\"j\",\"k\"); | `11` approvals are asked for | at most 10",
                "verdict.grant(\"sesion\"); | there is no kind of grant `sesion` | did you mean `session`",
                "verdict.grant(); | `grant` needs kind of grant | forms",
                "verdict.grant(\"window\", \"soon\"); | `soon` is not a duration | `30s`",
                "verdict.grant(\"window\", 5); | `grant` needs a duration | forms",
                "verdict.grants(\"once\"); | no conclusion `grants` | did you mean `grant`",
                "verdict.breakGlass(); | `breakGlass` needs the name of a group | forms",
                "verdict.breakGlass(\"a\", \"5m\"); | `breakGlass` does not take a text literal here | forms",
                "verdict.breakglass(\"a\"); | no conclusion `breakglass` | did you mean `breakGlass`",
                "verdict.permit(\"x\", \"y\"); | `permit` does not take a text literal here | forms",
                "verdict.permit(\"x\") | expected `;` | ends with `;`"
            })
    void refusesMistakesInConclusions(String row) {
        String[] cells = row.split(" \\| ", -1);
        Diagnostic diagnostic = only("package p\nrule \"a\"\nwhen\n$r : Request()\n$f : Field()\n$t : Table()\nthen\n"
                + cells[0] + "\nend\n");
        assertThat(diagnostic.message()).contains(cells[1]);
        assertThat(diagnostic.hint()).contains(cells[2]);
        assertThat(diagnostic.line()).isBetween(8, 9);
    }

    @Test
    void namesPlaceAndRemedyAsCompilersDo() {
        assertThat(only("package p\nrule \"a\"\nwhen\n  Field( phiclas == \"G\" )\nthen\nend\n")
                        .toString())
                .isEqualTo("test.drl:4:10: error: Field has no field `phiclas`; did you mean `phiClass`");
    }

    @Test
    void namesThePlaceOfTheVeryArgument() {
        String rule = "package p\nrule \"a\"\nwhen\nRequest()\nthen\n  verdict.grant(\"once\", \"2 weeks\");\nend\n";
        assertThat(only(rule).toString())
                .isEqualTo("test.drl:6:25: error: `2 weeks` is not a duration; write `500ms`, `30s`, `5m` or `1h`");
    }

    @Test
    void goesOnAfterARefusedRule() {
        String bad = "rule \"b\"\nwhen\nNothing()\nthen\nend\n";
        List<Diagnostic> diagnostics =
                lint(GOOD + bad + bad.replace("\"b\"", "\"c\"").replace("Nothing", "Nobody"));
        assertThat(diagnostics).extracting(Diagnostic::line).containsExactly(11, 16);
    }

    @Test
    void refusesRulesThatConcludeOrAskNothing() {
        assertThat(only("package p\nrule \"a\"\nwhen\nRequest()\nthen\nend\n").message())
                .isEqualTo("rule concludes nothing");
        assertThat(only("package p\nrule \"a\"\nwhen\nthen\nverdict.permit(\"x\");\nend\n")
                        .message())
                .isEqualTo("rule has no condition");
    }

    @Test
    void refusesTwoRulesOfOneNameInAPackEvenInTwoFiles() {
        List<Diagnostic> diagnostics =
                PolicyLinter.lint(List.of(new PolicySource("b.drl", GOOD), new PolicySource("a.drl", GOOD)));
        assertThat(diagnostics).singleElement().satisfies(diagnostic -> {
            assertThat(diagnostic.path()).isEqualTo("b.drl");
            assertThat(diagnostic.message()).isEqualTo("rule `a` is already in a.drl:2");
        });
        assertThat(PolicyLinter.lint(List.of(
                        new PolicySource("b.drl", GOOD),
                        new PolicySource("a.drl", GOOD.replace("package p", "package q")))))
                .isEmpty();
    }

    @Test
    void refusesJoinsWhoseWorkCallersChoose() {
        String joins = "$a : Field()\n$b : Field( name != $a.name )\nTable( name == $b.relation )\n";
        assertThat(only("package p\nrule \"a\"\nwhen\n" + joins + "then\nverdict.deny(\"x\");\nend\n")
                        .message())
                .isEqualTo("rule joins too many facts");
    }

    @Test
    void warnsOfSalience() {
        List<Diagnostic> diagnostics = lint(GOOD.replace("@reason", "salience -10 @reason"));
        assertThat(diagnostics).singleElement().satisfies(diagnostic -> {
            assertThat(diagnostic.severity()).isEqualTo(Severity.WARNING);
            assertThat(diagnostic.message()).contains("has no effect");
        });
    }

    @Test
    void refusesDeepNesting() {
        String nested = "(".repeat(30) + "analysed" + ")".repeat(30);
        assertThat(only("package p\nrule \"a\"\nwhen\nRequest( " + nested + " )\nthen\nverdict.deny(\"x\");\nend\n")
                        .message())
                .contains("nested more than");
        assertThat(only("package p\nrule \"a\"\nwhen\nRequest( " + "!".repeat(100_000) + "analysed )\nthen\nend\n")
                        .message())
                .contains("nested more than");
    }

    /** Whatever is cut out of, doubled in, or swapped in a policy: the linter answers, and answers in bounds. */
    @ParameterizedTest
    @MethodSource("seeds")
    void survivesMutations(long seed) {
        Random random = new Random(seed);
        List<PolicySource> packs = BuiltInPacks.sources();
        StringBuilder text =
                new StringBuilder(packs.get(random.nextInt(packs.size())).text());
        for (int i = 0; i < 5; i++) {
            int at = random.nextInt(text.length());
            int end = Math.min(text.length(), at + random.nextInt(20));
            switch (random.nextInt(3)) {
                case 0 -> text.delete(at, end);
                case 1 -> text.insert(at, text.substring(at, end));
                default -> text.setCharAt(at, (char) random.nextInt(128));
            }
        }
        String mutated = text.toString();
        long lines = mutated.lines().count() + 1;
        assertThat(lint(mutated)).allSatisfy(diagnostic -> {
            assertThat((long) diagnostic.line()).isBetween(0L, lines);
            assertThat(diagnostic.message()).isNotBlank();
        });
    }

    static IntStream seeds() {
        return IntStream.range(0, 200);
    }

    @Test
    void readsADirectoryInOrder(@TempDir Path directory) throws Exception {
        Files.createDirectories(directory.resolve("b"));
        Files.writeString(directory.resolve("b/two.drl"), GOOD);
        Files.writeString(directory.resolve("a.drl"), GOOD);
        Files.writeString(directory.resolve("notes.txt"), "not a policy");
        assertThat(PolicySource.readDirectory(directory))
                .extracting(PolicySource::path)
                .containsExactly("a.drl", "b/two.drl");
    }

    private static List<Diagnostic> lint(String text) {
        return PolicyLinter.lint(List.of(TestingPolicies.source(text)));
    }

    private static Diagnostic only(String text) {
        List<Diagnostic> diagnostics = lint(text);
        assertThat(diagnostics).hasSize(1);
        return diagnostics.get(0);
    }
}
