package dev.chaperone.cli;

import dev.chaperone.enforcer.RecordingKeys;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code chaperone keys}: the keys that recording needs. */
@Command(
        name = "keys",
        description = "Make the keys that recording needs.",
        synopsisSubcommandLabel = "COMMAND",
        footer = {"", "Example:", "  chaperone keys generate keys/"})
final class KeysCommand implements Runnable {

    private final Terminal terminal;

    private KeysCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    static CommandLine line(Terminal terminal) {
        return new CommandLine(new KeysCommand(terminal)).addSubcommand(new Generate(terminal));
    }

    @Override
    public void run() {
        line(terminal).usage(terminal.out());
    }

    /** {@code chaperone keys generate}. */
    @Command(
            name = "generate",
            description = {
                "Draw one enforcer's signing and spool keys, and an auditor's key pair. Existing files are never"
                        + " overwritten.",
                "Move the auditor's private key to where auditors work: no Chaperone process needs it."
            },
            footer = {"", "Example:", "  chaperone keys generate keys/"})
    static final class Generate implements Callable<Integer> {

        private final Terminal terminal;

        @Parameters(arity = "1", paramLabel = "DIR", description = "directory to put the keys into")
        private Path directory = Path.of("");

        @Option(names = "--json", description = "print the files' paths as JSON")
        private boolean json;

        Generate(Terminal terminal) {
            this.terminal = terminal;
        }

        @Override
        public Integer call() {
            RecordingKeys.KeyFiles files = RecordingKeys.generate(directory);
            Map<String, Path> made = new LinkedHashMap<>();
            made.put("recording.signing-key", files.signingKey());
            made.put("recording.spool-key", files.spoolKey());
            made.put("recording.auditor-public-key", files.auditorPublicKey());
            made.put("for verifiers", files.signingPublicKey());
            made.put("for the auditor alone", files.auditorPrivateKey());
            if (json) {
                Map<String, String> paths = new LinkedHashMap<>();
                made.forEach((use, path) -> paths.put(use, path.toString()));
                terminal.out().println(Json.write(paths));
            } else {
                made.forEach((use, path) -> terminal.out().printf("%-28s %s%n", use, path));
                terminal.out().println();
                terminal.out()
                        .println("move " + files.auditorPrivateKey() + " off this machine: it opens every original");
            }
            return ChaperoneCommand.OK;
        }
    }
}
