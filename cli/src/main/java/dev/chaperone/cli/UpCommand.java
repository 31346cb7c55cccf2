package dev.chaperone.cli;

import dev.chaperone.cli.config.ConfigBinder;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code chaperone up} and {@code chaperone serve}: the processes that stay. */
@Command(
        name = "up",
        description = {
            "Start everything that a configuration file names, in one process, and stay until stopped.",
            "SIGTERM stops in order: enforcers finish their requests, the recorder ships, the sink stores."
        },
        footer = {
            "",
            "Example:",
            "  chaperone up --config examples/all-in-one.yaml",
            "  CHAPERONE_MANAGEMENT_PORT=9999 chaperone up --config chaperone.yaml"
        })
final class UpCommand implements Callable<Integer> {

    private final Terminal terminal;
    private final Set<String> parts;

    @Option(
            names = {"-c", "--config"},
            required = true,
            paramLabel = "FILE",
            description = "configuration file; `chaperone config reference` lists every key")
    private Path file = Path.of("");

    private UpCommand(Terminal terminal, Set<String> parts) {
        this.terminal = terminal;
        this.parts = parts;
    }

    static CommandLine line(Terminal terminal) {
        return new CommandLine(new UpCommand(terminal, Set.of()));
    }

    /** {@code chaperone serve}, with a subcommand for each part. */
    static CommandLine serve(Terminal terminal) {
        Serve serve = new Serve(terminal);
        CommandLine line = new CommandLine(serve);
        for (String part : new String[] {"pdp", "postgres", "sink"}) {
            CommandLine sub = new CommandLine(new UpCommand(terminal, sections(part)));
            sub.setCommandName(part);
            sub.getCommandSpec()
                    .usageMessage()
                    .description(
                            "Start the part `" + part + "` of a configuration file, and stay until stopped. Other parts"
                                    + " of the file are not looked into, so that this process needs none of their secrets.")
                    .footer("", "Example:", "  chaperone serve " + part + " --config examples/" + part + ".yaml");
            line.addSubcommand(part, sub);
        }
        return line;
    }

    /** What of a file a part needs: approvals are served by the decision point. */
    private static Set<String> sections(String part) {
        return part.equals("pdp") ? Set.of(part, "approvals", "management") : Set.of(part, "management");
    }

    @Override
    public Integer call() {
        Logging.toTerminal(true);
        ChaperoneConfig config = ConfigBinder.bind(
                ChaperoneConfig.class, terminal.directory().resolve(file), terminal.environment(), parts);
        if (!parts.isEmpty()
                && config.pdp() == null
                && config.sink() == null
                && config.postgres().isEmpty()) {
            throw new CommandException(
                    "`" + file + "` says nothing about the part that `serve` is to start; add it, or start"
                            + " what the file names with `chaperone up`");
        }
        Processes processes = Processes.start(config);
        try (Lifetime life = new Lifetime(processes)) {
            processes.banner().forEach(terminal.out()::println);
            terminal.out().println();
            terminal.out().println("ready");
            life.await();
        }
        return ChaperoneCommand.OK;
    }

    /** {@code chaperone serve} without a part. */
    @Command(
            name = "serve",
            description =
                    "Start one part of what a configuration file names: for one process, container or machine each.",
            synopsisSubcommandLabel = "PART",
            footer = {"", "Example:", "  chaperone serve pdp --config examples/pdp.yaml"})
    static final class Serve implements Runnable {

        private final Terminal terminal;

        Serve(Terminal terminal) {
            this.terminal = terminal;
        }

        @Override
        public void run() {
            serve(terminal).usage(terminal.out());
        }
    }
}
