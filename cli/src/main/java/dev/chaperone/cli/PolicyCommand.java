package dev.chaperone.cli;

import dev.chaperone.rules.CompiledPolicy;
import dev.chaperone.rules.Diagnostic;
import dev.chaperone.rules.PolicyCompiler;
import dev.chaperone.rules.PolicyException;
import dev.chaperone.rules.PolicyLinter;
import dev.chaperone.rules.PolicySource;
import dev.chaperone.rules.PolicyTestSuite;
import dev.chaperone.rules.Severity;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code chaperone policy}: what policy authors do before a policy is in force. */
@Command(
        name = "policy",
        description = "Check and test policies.",
        synopsisSubcommandLabel = "COMMAND",
        footer = {"", "Example:", "  chaperone policy lint policies/", "  chaperone policy test policies/"})
final class PolicyCommand implements Runnable {

    private final Terminal terminal;

    private PolicyCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    static CommandLine line(Terminal terminal) {
        return new CommandLine(new PolicyCommand(terminal))
                .addSubcommand(new Lint(terminal))
                .addSubcommand(new Test(terminal));
    }

    @Override
    public void run() {
        line(terminal).usage(terminal.out());
    }

    /** {@code chaperone policy lint}. */
    @Command(
            name = "lint",
            description = {
                "Check policies without running them: that they parse, name only known facts and functions,"
                        + " cannot run code, and stay quick as they grow.",
                "Exits 1 when a policy would be refused; warnings alone exit 0."
            },
            footer = {"", "Example:", "  chaperone policy lint policies/", "  chaperone policy lint --json export.drl"})
    static final class Lint implements Callable<Integer> {

        private final Terminal terminal;

        @Parameters(arity = "1..*", paramLabel = "DIR|FILE", description = "directories of *.drl files, or files")
        private List<Path> paths = List.of();

        @Option(names = "--json", description = "print the findings as JSON")
        private boolean json;

        @Option(names = "--warnings-fail", description = "exit 1 for warnings too")
        private boolean warningsFail;

        Lint(Terminal terminal) {
            this.terminal = terminal;
        }

        @Override
        public Integer call() {
            List<PolicySource> sources = sources(paths);
            List<Diagnostic> found = PolicyLinter.lint(sources);
            if (json) {
                terminal.out().println(Json.write(Map.of("files", sources.size(), "findings", found)));
            } else {
                found.forEach(finding -> terminal.out()
                        .println(
                                finding.severity() == Severity.ERROR
                                        ? terminal.red(finding.toString())
                                        : terminal.yellow(finding.toString())));
                terminal.out().println(summary(sources.size(), found));
            }
            boolean errors = found.stream().anyMatch(finding -> finding.severity() == Severity.ERROR);
            return errors || (warningsFail && !found.isEmpty()) ? ChaperoneCommand.FAILED : ChaperoneCommand.OK;
        }

        private static String summary(int files, List<Diagnostic> found) {
            long errors = found.stream()
                    .filter(finding -> finding.severity() == Severity.ERROR)
                    .count();
            return files
                    + (files == 1 ? " file, " : " files, ")
                    + errors
                    + (errors == 1 ? " error, " : " errors, ")
                    + (found.size() - errors)
                    + (found.size() - errors == 1 ? " warning" : " warnings");
        }
    }

    /** {@code chaperone policy test}. */
    @Command(
            name = "test",
            description = {
                "Compile a directory's policies together with the built-in packs and run its policy tests"
                        + " (*.test.yaml, *.test.yml).",
                "Exits 1 when a test fails, or when there is none."
            },
            footer = {
                "",
                "Example:",
                "  chaperone policy test policies/",
                "  chaperone policy test --packs none policies/"
            })
    static final class Test implements Callable<Integer> {

        private static final int MOST_FILES = 10_000;

        private final Terminal terminal;

        @Parameters(arity = "1", paramLabel = "DIR", description = "directory of policies and their tests")
        private Path directory = Path.of("");

        @Option(names = "--json", description = "print the results as JSON")
        private boolean json;

        @Option(
                names = "--packs",
                split = ",",
                paramLabel = "PACK",
                defaultValue = "baseline,hipaa",
                description = "built-in packs to compile with, `none` for none; default ${DEFAULT-VALUE}")
        private List<String> packs = List.of();

        Test(Terminal terminal) {
            this.terminal = terminal;
        }

        @Override
        public Integer call() throws PolicyException {
            List<Path> files = testFiles();
            if (files.isEmpty()) {
                throw new CommandException("no policy tests below `" + directory
                        + "`; write one to a file whose name ends in .test.yaml, docs/policy.md shows how");
            }
            List<PolicySource> sources = new ArrayList<>(Packs.sources(packs));
            sources.addAll(sources(List.of(directory)));
            List<PolicyTestSuite.Result> results;
            try (CompiledPolicy policy = PolicyCompiler.compile("test", sources)) {
                results = PolicyTestSuite.run(policy, files);
            }
            long failures = results.stream().filter(result -> !result.passed()).count();
            if (json) {
                terminal.out().println(Json.write(Map.of("results", results, "failures", failures)));
            } else {
                results.forEach(this::print);
                terminal.out().println(results.size() + " cases, " + failures + " failed");
            }
            return failures > 0 || results.isEmpty() ? ChaperoneCommand.FAILED : ChaperoneCommand.OK;
        }

        private void print(PolicyTestSuite.Result result) {
            String verdict = result.passed() ? terminal.green("ok    ") : terminal.red("failed");
            terminal.out().println(verdict + " " + result.file() + ": " + result.name());
            result.difference().lines().forEach(line -> terminal.out().println("         " + line));
        }

        private List<Path> testFiles() {
            try (Stream<Path> files = Files.walk(directory)) {
                return files.filter(file -> file.toString().matches(".*[.]test[.]ya?ml"))
                        .sorted()
                        .limit(MOST_FILES)
                        .toList();
            } catch (IOException e) {
                throw new CommandException("`" + directory + "` cannot be read; check the path", e);
            }
        }
    }

    private static List<PolicySource> sources(List<Path> paths) {
        List<PolicySource> sources = new ArrayList<>();
        for (Path path : paths) {
            try {
                if (Files.isDirectory(path)) {
                    PolicySource.readDirectory(path).forEach(source -> sources.add(under(path, source)));
                } else {
                    sources.add(new PolicySource(path.toString(), Files.readString(path)));
                }
            } catch (IOException | UncheckedIOException e) {
                throw new CommandException("`" + path + "` cannot be read; check the path", e);
            }
        }
        if (sources.isEmpty()) {
            throw new CommandException("no policies found; policies are files whose name ends in .drl");
        }
        return sources;
    }

    private static PolicySource under(Path directory, PolicySource source) {
        return new PolicySource(directory.resolve(source.path()).toString(), source.text());
    }
}
