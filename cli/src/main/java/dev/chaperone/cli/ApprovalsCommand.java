package dev.chaperone.cli;

import dev.chaperone.approval.v1.Approval;
import dev.chaperone.approval.v1.ApproveRequest;
import dev.chaperone.approval.v1.DenyRequest;
import dev.chaperone.approval.v1.GetApprovalRequest;
import dev.chaperone.approval.v1.ListApprovalsRequest;
import dev.chaperone.approval.v1.State;
import dev.chaperone.approval.v1.WatchApprovalsRequest;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code chaperone approvals}: decide on what policies hold. */
@Command(
        name = "approvals",
        description = {
            "See what policies hold, and decide on it.",
            "You see what you asked for yourself, and what your groups may decide on; nobody decides on their own."
        },
        synopsisSubcommandLabel = "COMMAND",
        footer = {
            "",
            "Example:",
            "  export CHAPERONE_TOKEN=…          a token of your identity provider",
            "  chaperone approvals watch --server approvals.example:7444",
            "  chaperone approvals show ap-7k3…",
            "  chaperone approvals approve ap-7k3… --because ticket-4711"
        })
final class ApprovalsCommand implements Runnable {

    private static final int PAGE = 200;

    private final Terminal terminal;

    private ApprovalsCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    static CommandLine line(Terminal terminal) {
        return new CommandLine(new ApprovalsCommand(terminal));
    }

    @Override
    public void run() {
        line(terminal).usage(terminal.out());
    }

    @Command(
            name = "list",
            description = "List approvals, newest first: those that wait, or all.",
            footer = {"", "Example:", "  chaperone approvals list --all --json"})
    int list(
            @Mixin ApprovalsServer server,
            @Option(names = "--all", description = "those that are over, too") boolean all,
            @Option(names = "--json", description = "print JSON") boolean json) {
        List<Approval> found = server.call(terminal, stub -> {
            List<Approval> approvals = new ArrayList<>();
            ListApprovalsRequest.Builder request =
                    ListApprovalsRequest.newBuilder().setPageSize(PAGE);
            if (!all) {
                request.addStates(State.STATE_PENDING);
            }
            // One page when all: there may be very many that are over.
            do {
                var page = stub.listApprovals(request.build());
                approvals.addAll(page.getApprovalsList());
                request.setPageToken(page.getNextPageToken());
            } while (!all && !request.getPageToken().isEmpty());
            return approvals;
        });
        if (json) {
            terminal.out()
                    .println(Json.write(found.stream().map(ApprovalText::json).toList()));
        } else if (found.isEmpty()) {
            terminal.out().println("nothing waits for you");
        } else {
            terminal.out().println(ApprovalText.heading(terminal));
            found.forEach(approval -> terminal.out().println(ApprovalText.line(terminal, approval)));
        }
        return ChaperoneCommand.OK;
    }

    @Command(
            name = "show",
            description = "Show one approval: who asks, what exactly would run, and why it is held.",
            footer = {"", "Example:", "  chaperone approvals show ap-7k3…"})
    int show(
            @Mixin ApprovalsServer server,
            @Parameters(paramLabel = "ID", description = "the approval's id") String id,
            @Option(names = "--json", description = "print JSON") boolean json) {
        print(
                server.call(
                        terminal,
                        stub -> stub.getApproval(
                                GetApprovalRequest.newBuilder().setId(id).build())),
                json);
        return ChaperoneCommand.OK;
    }

    @Command(
            name = "approve",
            description = "Consent to exactly what `show` shows.",
            footer = {"", "Example:", "  chaperone approvals approve ap-7k3… --because ticket-4711"})
    int approve(
            @Mixin ApprovalsServer server,
            @Mixin ApprovalsVerdict verdict,
            @Option(
                            names = "--break-glass",
                            description =
                                    "grant it alone, in an emergency: every approver is told, and every report marks it")
                    boolean breakGlass) {
        print(
                server.call(
                        terminal,
                        stub -> stub.approve(ApproveRequest.newBuilder()
                                .setId(verdict.id())
                                .setJustification(verdict.why())
                                .setBreakGlass(breakGlass)
                                .build())),
                verdict.json());
        return ChaperoneCommand.OK;
    }

    @Command(
            name = "deny",
            description = "Refuse; that is final.",
            footer = {"", "Example:", "  chaperone approvals deny ap-7k3… --because no-patient-named"})
    int deny(@Mixin ApprovalsServer server, @Mixin ApprovalsVerdict verdict) {
        print(
                server.call(
                        terminal,
                        stub -> stub.deny(DenyRequest.newBuilder()
                                .setId(verdict.id())
                                .setJustification(verdict.why())
                                .build())),
                verdict.json());
        return ChaperoneCommand.OK;
    }

    @Command(
            name = "watch",
            description = "Print what is held, and what becomes of it, as it happens; until Ctrl-C.",
            footer = {"", "Example:", "  chaperone approvals watch --server approvals.example:7444 --ca ca.pem"})
    int watch(
            @Mixin ApprovalsServer server,
            @Option(names = "--json", description = "print JSON, an object for each change") boolean json,
            @Option(names = "--count", paramLabel = "N", description = "stop after so many changes", defaultValue = "0")
                    int count) {
        return server.connected(terminal, stub -> {
            Iterator<Approval> changes = stub.watchApprovals(WatchApprovalsRequest.getDefaultInstance());
            for (int i = 0; (count == 0 || i < count) && changes.hasNext(); i++) {
                Approval approval = changes.next();
                terminal.out()
                        .println(
                                json ? Json.write(ApprovalText.json(approval)) : ApprovalText.line(terminal, approval));
                terminal.out().flush();
            }
            return ChaperoneCommand.OK;
        });
    }

    private void print(Approval approval, boolean json) {
        if (json) {
            terminal.out().println(Json.write(ApprovalText.json(approval)));
        } else {
            ApprovalText.page(terminal, approval).forEach(terminal.out()::println);
        }
    }
}
