package dev.chaperone.rules;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The rules that docs/approvals.md shows are rules, and its policy test passes. */
class ApprovalsPageTest {
    private static final Path PAGE = Path.of("..", "docs", "approvals.md");

    @Test
    void whatThePageShowsIsSo() throws IOException {
        String page = Files.readString(PAGE);
        List<PolicySource> sources = new ArrayList<>();
        for (String rule : blocks(page, "drl")) {
            sources.add(new PolicySource(sources.size() + ".drl", rule));
        }
        assertThat(sources).hasSizeGreaterThanOrEqualTo(5);
        assertThat(PolicyLinter.lint(sources)).isEmpty();
        List<String> tests = blocks(page, "yaml").stream()
                .filter(block -> block.startsWith("cases:"))
                .toList();
        assertThat(tests).isNotEmpty();

        sources.addAll(BuiltInPacks.sources());
        try (CompiledPolicy policy = TestingPolicies.compile("docs", sources)) {
            for (String test : tests) {
                assertThat(PolicyTestSuite.run(policy, "docs/approvals.md", test))
                        .isNotEmpty()
                        .allSatisfy(result -> assertThat(result.difference())
                                .as(result.name())
                                .isEmpty());
            }
        }
    }

    private static List<String> blocks(String page, String language) {
        return Pattern.compile("```" + language + "\n(.*?)```", Pattern.DOTALL)
                .matcher(page)
                .results()
                .map((MatchResult found) -> found.group(1))
                .toList();
    }
}
