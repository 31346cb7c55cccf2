package dev.chaperone.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

/**
 * Every command that a README or a page of the documentation names is run: here, by another test or by .ci/run. What fuzzes
 * or measures for minutes is not, but every profile, module, test and measurement that it names is there.
 */
class ReadmesTest {

    private static final Path ROOT = Path.of("..");

    /** A command in a block of shell, or in the running text. */
    private static final Pattern COMMAND =
            Pattern.compile("(?m)^ *(?<block>(?:\\./chaperone|chaperone|\\./mvnw|benchmarks/run)\\b[^#\\n`]*)(?:#.*)?$"
                    + "|`(?<inline>(?:\\./chaperone|chaperone|\\./mvnw|benchmarks/run) [^`]+)`");

    /** What runs a command that takes longer than this test may: a file, and a text in it that does. */
    private static final Map<String, Evidence> ELSEWHERE = Map.ofEntries(
            Map.entry("./mvnw verify", new Evidence(".ci/run", "./mvnw --batch-mode --no-transfer-progress verify")),
            Map.entry("./chaperone demo --once", new Evidence(".ci/run", "./chaperone demo --once")),
            Map.entry(
                    "./chaperone demo",
                    new Evidence("cli/src/test/java/dev/chaperone/cli/DemoHintsIT.java", "printHints")),
            Map.entry(
                    "chaperone up --config FILE",
                    new Evidence("cli/src/test/java/dev/chaperone/cli/TestingSite.java", "\"up\", \"--config\"")),
            Map.entry(
                    "chaperone serve",
                    new Evidence("cli/src/test/java/dev/chaperone/cli/TestingSite.java", "\"serve\", part")),
            Map.entry(
                    "chaperone serve pdp|postgres|sink --config FILE",
                    new Evidence("cli/src/test/java/dev/chaperone/cli/TestingSite.java", "\"serve\", part")),
            Map.entry("benchmarks/run jmh --quick", new Evidence(".ci/run", "benchmarks/run jmh --quick")));

    /** Where a command is run. */
    private record Evidence(String file, String text) {}

    @TempDir
    Path directory;

    @ParameterizedTest
    @MethodSource("commands")
    void everyCommandOfAPageIsRunSomewhere(String command) throws IOException {
        Evidence evidence = ELSEWHERE.get(command);
        if (evidence != null) {
            assertThat(Files.readString(ROOT.resolve(evidence.file())))
                    .as("what runs `" + command + "`")
                    .contains(evidence.text());
        } else if (command.startsWith("benchmarks/run ")) {
            assertThat(Files.readString(ROOT.resolve("benchmarks/run")))
                    .as(command)
                    .contains("\n  " + command.split(" ", -1)[1] + ") main=");
        } else if (command.startsWith("./mvnw ")) {
            assertNamesWhatIsThere(command);
        } else {
            assertThat(command)
                    .as("a command that nothing runs; add it to this test")
                    .matches("(\\./)?chaperone .*");
            TestingTerminal terminal = new TestingTerminal(Map.of(), directory);
            assertThat(terminal.run(
                            command.replaceFirst("^(\\./)?chaperone ", "").split(" +", -1)))
                    .as(command + "\n" + terminal.err())
                    .isZero();
        }
    }

    private static void assertNamesWhatIsThere(String command) throws IOException {
        Matcher option = Pattern.compile("-P(?<profile>\\S+)|-pl (?<module>\\S+)|-D(?:it\\.)?test=(?<test>\\w+)")
                .matcher(command);
        while (option.find()) {
            if (option.group("profile") != null) {
                assertThat(Files.readString(ROOT.resolve("pom.xml")))
                        .as(command)
                        .contains("<id>" + option.group("profile") + "</id>");
            } else if (option.group("module") != null) {
                assertThat(Files.readString(ROOT.resolve("pom.xml")))
                        .as(command)
                        .contains("<module>" + option.group("module") + "</module>");
            } else {
                String file = option.group("test") + ".java";
                try (Stream<Path> files = Files.find(
                        ROOT,
                        12,
                        (path, attributes) ->
                                path.endsWith(file) && path.toString().contains("src/test"))) {
                    assertThat(files).as(command).isNotEmpty();
                }
            }
        }
    }

    static List<String> commands() throws IOException {
        List<String> commands = new ArrayList<>();
        for (Path page : pages()) {
            Matcher matcher = COMMAND.matcher(Files.readString(page));
            while (matcher.find()) {
                String found = matcher.group("block") == null ? matcher.group("inline") : matcher.group("block");
                commands.add(found.strip().replaceAll("\\s+", " "));
            }
        }
        assertThat(commands).contains("./mvnw verify", "./chaperone demo");
        return commands.stream().distinct().sorted().toList();
    }

    private static List<Path> pages() throws IOException {
        List<Path> pages = new ArrayList<>();
        for (Path place : List.of(ROOT, ROOT.resolve("docs"))) {
            try (Stream<Path> files = Files.walk(place, 2)) {
                files.filter(file -> file.toString().endsWith(".md"))
                        .filter(file -> place.equals(file.getParent())
                                || file.getFileName().toString().equals("README.md"))
                        .filter(file -> !file.getFileName().toString().equals("CHANGELOG.md"))
                        .forEach(pages::add);
            }
        }
        return pages;
    }

    @Test
    void everyExampleInTheHelpIsUnderstood() {
        CommandLine root = ChaperoneCommand.commandLine(TestingTerminal.plain().terminal());
        List<String> examples = new ArrayList<>();
        examples(root, examples);
        assertThat(examples).hasSizeGreaterThan(15);
        for (String example : examples) {
            CommandLine line =
                    ChaperoneCommand.commandLine(TestingTerminal.plain().terminal());
            assertThat(line.parseArgs(example.split(" +")).hasSubcommand())
                    .as(example)
                    .isTrue();
        }
    }

    /** What follows {@code chaperone} in the examples, without the shell around it and the explanation behind it. */
    private static void examples(CommandLine line, List<String> examples) {
        Pattern example =
                Pattern.compile("^  (?:.*\\$\\()?(?:[A-Z_]+=\\S+ )?chaperone ([^|)]*?)(?: {3,}.*|\\).*| \\|.*)?$");
        for (String text : line.getCommandSpec().usageMessage().footer()) {
            Matcher matcher = example.matcher(text);
            if (matcher.matches() && !matcher.group(1).contains("COMMAND")) {
                examples.add(matcher.group(1).strip());
            }
        }
        line.getSubcommands().values().forEach(sub -> examples(sub, examples));
    }
}
