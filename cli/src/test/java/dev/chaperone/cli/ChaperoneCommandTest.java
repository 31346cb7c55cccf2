package dev.chaperone.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class ChaperoneCommandTest {

    @TempDir
    Path directory;

    private final TestingTerminal terminal = TestingTerminal.plain();

    @Test
    void withoutACommandItTellsWhereToStart() {
        assertThat(terminal.run()).isZero();
        assertThat(terminal.out()).contains("Start here:", "Exit status: 0 done");
    }

    @Test
    void everyCommandHasHelpWithAnExample() {
        for (List<String> path : paths(ChaperoneCommand.commandLine(terminal.terminal()), List.of())) {
            if (path.contains("generate-completion") || path.isEmpty()) {
                continue;
            }
            TestingTerminal screen = TestingTerminal.plain();
            List<String> arguments = new ArrayList<>(path);
            arguments.add("--help");

            assertThat(screen.run(arguments.toArray(String[]::new))).isZero();
            assertThat(screen.out())
                    .as("help of " + path)
                    .containsAnyOf("Example:", "Examples:")
                    .contains("chaperone " + String.join(" ", path));
        }
    }

    @Test
    void aMistypedCommandExitsWith2AndASuggestion() {
        assertThat(terminal.run("polcy")).isEqualTo(2);
        assertThat(terminal.err()).contains("polcy", "policy").doesNotContain("\tat ");
    }

    @Test
    void aMissingArgumentExitsWith2AndPointsToTheHelp() {
        assertThat(terminal.run("policy", "lint")).isEqualTo(2);
        assertThat(terminal.err()).contains("try `chaperone policy lint --help`");
    }

    @Test
    void anErrorHasNoStackTraceUnlessAskedFor() {
        String absent = directory.resolve("absent").toString();

        assertThat(terminal.run("policy", "lint", absent)).isEqualTo(1);
        assertThat(terminal.err())
                .startsWith("chaperone: `" + absent + "` cannot be read")
                .doesNotContain("\tat ");

        TestingTerminal verbose = TestingTerminal.plain();
        assertThat(verbose.run("policy", "lint", "--verbose", absent)).isEqualTo(1);
        assertThat(verbose.err()).contains("\tat ");
    }

    @Test
    void keysAreGeneratedOnceAndNeverOverwritten() {
        String keys = directory.resolve("keys").toString();

        assertThat(terminal.run("keys", "generate", keys)).isZero();
        assertThat(terminal.out()).contains("recording.signing-key", "signing.pub", "auditor.private.json");
        assertThat(directory.resolve("keys/signing.key")).exists();

        assertThat(terminal.run("keys", "generate", keys)).isEqualTo(1);
        assertThat(terminal.err()).contains("never overwritten");
    }

    @Test
    void theReferencePageIsUpToDate() throws Exception {
        assertThat(terminal.run("config", "reference")).isZero();
        Path page = Path.of("..", "docs", "configuration.md");

        assertThat(Files.readString(page))
                .as("docs/configuration.md; renew it with: ./chaperone config reference > docs/configuration.md")
                .isEqualTo(terminal.out());
    }

    @Test
    void completionIsGenerated() {
        assertThat(terminal.run("generate-completion")).isZero();
        assertThat(terminal.out()).contains("complete -F");
    }

    @Test
    void theVersionNamesChaperoneAndJava() {
        assertThat(terminal.run("--version")).isZero();
        assertThat(terminal.out()).contains("chaperone ", "Java ");
    }

    private static List<List<String>> paths(CommandLine line, List<String> prefix) {
        List<List<String>> paths = new ArrayList<>();
        paths.add(prefix);
        line.getSubcommands().forEach((name, sub) -> {
            List<String> path = new ArrayList<>(prefix);
            path.add(name);
            paths.addAll(paths(sub, path));
        });
        return paths;
    }
}
