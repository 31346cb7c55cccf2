package dev.chaperone.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code chaperone demo}: everything at once. */
@Command(
        name = "demo",
        description = {
            "Start everything on this machine, embedded and real: PostgreSQL 18 with 5,000 synthetic patients, Kafka, an OIDC"
                    + " provider, the decision point with its approval service and console, the PostgreSQL enforcer and the"
                    + " audit sink.",
            "A scripted agent then tries things, and a person decides on what is held; what the agent gets is shown beside"
                    + " what the database holds, checked, replayed from the ledger, and the ledger is verified."
        },
        footer = {
            "",
            "Example:",
            "  chaperone demo             stays up afterwards, and says what to type next",
            "  chaperone demo --once      exits 0 when everything was as it must be, else 1 naming what was not"
        })
final class DemoCommand implements Callable<Integer> {

    private static final int DEFAULT_PORT = 6432;

    private final Terminal terminal;

    @Option(names = "--once", description = "exit after the script")
    private boolean once;

    @Option(
            names = "--port",
            paramLabel = "PORT",
            description = "port of the PostgreSQL enforcer; default 6432, with --once a free one")
    private @Nullable Integer port;

    @Option(
            names = "--dir",
            paramLabel = "DIR",
            description = "directory for keys, configuration and ledger; default CHAPERONE_DEMO_DIR, else .demo")
    private @Nullable Path directory;

    private DemoCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    static CommandLine line(Terminal terminal) {
        return new CommandLine(new DemoCommand(terminal));
    }

    @Override
    public Integer call() {
        Path chosen = directory == null
                ? DemoState.directory(terminal)
                : terminal.directory().resolve(directory).toAbsolutePath().normalize();
        DemoProgress progress = new DemoProgress(terminal);
        terminal.out().println(terminal.bold("chaperone demo") + " in " + chosen);
        DemoFiles files = DemoFiles.prepare(chosen);
        Logging.toFile(files.log());
        int chosenPort = port == null ? (once ? 0 : DEFAULT_PORT) : port;
        DemoWorld world = DemoWorld.start(files, chosenPort, terminal.environment(), progress);
        try (Lifetime life = new Lifetime(world)) {
            Demo demo = new Demo(terminal, world, progress);
            demo.run();
            if (!once) {
                demo.printHints();
                life.await();
            }
        }
        return ChaperoneCommand.OK;
    }
}
