package dev.chaperone.cli;

import dev.chaperone.cli.config.ConfigException;
import java.io.PrintWriter;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;

/** The {@code chaperone} command: what it is called with becomes a call of one of its subcommands. */
@Command(
        name = "chaperone",
        description = "Stands between AI agents and the data they touch: decides, masks, holds, records, proves.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        scope = ScopeType.INHERIT,
        synopsisSubcommandLabel = "COMMAND",
        footer = {
            "",
            "Start here:",
            "  chaperone demo              everything at once, with synthetic patients, in this terminal",
            "  chaperone COMMAND --help    what a command does, with an example",
            "",
            "Exit status: 0 done, 1 failed or found something wrong, 2 the command line makes no sense."
        })
final class ChaperoneCommand implements Runnable {

    /** Done. */
    static final int OK = 0;

    /** Failed, or found something wrong. */
    static final int FAILED = 1;

    private final Terminal terminal;

    @Option(
            names = "--verbose",
            scope = ScopeType.INHERIT,
            description = "show stack traces of errors and what the parts log")
    private boolean verbose;

    private ChaperoneCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    /** Runs one command line; gives the exit status. */
    static int run(Terminal terminal, String... arguments) {
        CommandLine line = commandLine(terminal);
        int status = line.execute(arguments);
        terminal.out().flush();
        terminal.err().flush();
        return status;
    }

    /** The command with all its subcommands. */
    static CommandLine commandLine(Terminal terminal) {
        ChaperoneCommand root = new ChaperoneCommand(terminal);
        CommandLine line = new CommandLine(root)
                .addSubcommand(DemoCommand.line(terminal))
                .addSubcommand(TokenCommand.line(terminal))
                .addSubcommand(UpCommand.line(terminal))
                .addSubcommand(UpCommand.serve(terminal))
                .addSubcommand(PolicyCommand.line(terminal))
                .addSubcommand(ApprovalsCommand.line(terminal))
                .addSubcommand(AuditCommand.line(terminal))
                .addSubcommand(KeysCommand.line(terminal))
                .addSubcommand(ConfigCommand.line(terminal))
                .addSubcommand(new AutoComplete.GenerateCompletion());
        return line.setOut(terminal.out())
                .setErr(terminal.err())
                .setColorScheme(CommandLine.Help.defaultColorScheme(
                        terminal.colours() ? CommandLine.Help.Ansi.ON : CommandLine.Help.Ansi.OFF))
                .setUsageHelpWidth(Math.min(terminal.width(), 120))
                .setExecutionStrategy(root::execute)
                .setParameterExceptionHandler(root::misused)
                .setExecutionExceptionHandler((failure, failed, parsed) -> root.failed(failure));
    }

    @Override
    public void run() {
        commandLine(terminal).usage(terminal.out());
    }

    private int execute(CommandLine.ParseResult parsed) {
        Logging.toTerminal(verbose);
        return new CommandLine.RunLast().execute(parsed);
    }

    private int misused(ParameterException failure, String[] arguments) {
        CommandSpec command = failure.getCommandLine().getCommandSpec();
        PrintWriter err = terminal.err();
        err.println("chaperone: " + failure.getMessage());
        CommandLine.UnmatchedArgumentException.printSuggestions(failure, err);
        err.println("try `" + command.qualifiedName() + " --help`");
        return command.exitCodeOnInvalidInput();
    }

    private int failed(Exception failure) {
        if (verbose) {
            failure.printStackTrace(terminal.err());
        }
        terminal.err().println("chaperone: " + message(failure));
        if (!verbose && !(failure instanceof CommandException) && !(failure instanceof ConfigException)) {
            terminal.err().println("(add --verbose for the details)");
        }
        return FAILED;
    }

    private static String message(Exception failure) {
        String message = failure.getMessage();
        return message == null || message.isBlank() ? failure.getClass().getSimpleName() : message;
    }
}
