package dev.chaperone.cli;

import dev.chaperone.cli.config.ConfigReference;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code chaperone config}: about configuration files. */
@Command(
        name = "config",
        description = "What can be configured.",
        synopsisSubcommandLabel = "COMMAND",
        footer = {"", "Example:", "  chaperone config reference | less"})
final class ConfigCommand implements Runnable {

    private final Terminal terminal;

    private ConfigCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    static CommandLine line(Terminal terminal) {
        return new CommandLine(new ConfigCommand(terminal)).addSubcommand(new Reference(terminal));
    }

    @Override
    public void run() {
        line(terminal).usage(terminal.out());
    }

    /** {@code chaperone config reference}. */
    @Command(
            name = "reference",
            description = "Print every key with its type, default and meaning: docs/configuration.md is this output.",
            footer = {"", "Example:", "  chaperone config reference | grep spool"})
    static final class Reference implements Callable<Integer> {

        private final Terminal terminal;

        @Option(names = "--json", description = "print the keys as JSON")
        private boolean json;

        Reference(Terminal terminal) {
            this.terminal = terminal;
        }

        @Override
        public Integer call() {
            terminal.out()
                    .print(
                            json
                                    ? Json.write(ConfigReference.entries(ChaperoneConfig.class)) + "\n"
                                    : ConfigReference.markdown(ChaperoneConfig.class));
            return ChaperoneCommand.OK;
        }
    }
}
