package dev.chaperone.cli;

import dev.chaperone.audit.Accesses;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code chaperone audit accesses}. */
@Command(
        name = "accesses",
        description = {
            "List who asked an audit sink for what of its ledger, through a console: searches, replays, verifications.",
            "Each line on record names the one before; exits 1 when one does not follow."
        },
        footer = {"", "Example:", "  chaperone audit accesses --ledger data/ledger"})
final class AccessesCommand implements Callable<Integer> {

    private final Terminal terminal;

    @Option(names = "--ledger", paramLabel = "DIR", description = "the ledger's directory")
    private @Nullable Path ledger;

    AccessesCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        Accesses.Report report = Accesses.read(
                AuditCommand.ledger(terminal, ledger), access -> terminal.out().println(Accesses.text(access)));
        report.problems().forEach(problem -> terminal.out().println("! " + problem));
        if (report.cutOff() > 0) {
            terminal.out().println(report.cutOff() + " cut off by a crash before they were answered");
        }
        terminal.out()
                .println((report.accesses() == 1 ? "1 access" : report.accesses() + " accesses")
                        + (report.ok() ? ", each line follows the one before" : ", ALTERED"));
        return report.ok() ? ChaperoneCommand.OK : ChaperoneCommand.FAILED;
    }
}
