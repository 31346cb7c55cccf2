package dev.chaperone.cli;

import dev.chaperone.audit.LedgerVerifier;
import dev.chaperone.audit.Replay;
import dev.chaperone.audit.ReplayText;
import dev.chaperone.audit.SessionQuery;
import dev.chaperone.audit.SessionReplay;
import dev.chaperone.audit.SessionSearch;
import dev.chaperone.audit.SessionSummary;
import dev.chaperone.audit.TrustedKeys;
import dev.chaperone.audit.VerificationReport;
import dev.chaperone.decision.v1.Effect;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code chaperone audit}: what auditors do with a ledger. Reads files only; no Chaperone process has to run. */
@Command(
        name = "audit",
        description = "Search, replay and verify a ledger. Works on files; nothing has to run.",
        synopsisSubcommandLabel = "COMMAND",
        footer = {
            "",
            "Example:",
            "  chaperone audit search --agent coding-agent",
            "  chaperone audit verify --ledger data/ledger --keys keys/signing.pub",
            "",
            "Without --ledger and --keys, the commands read those of the demonstration that was started last."
        })
final class AuditCommand implements Runnable {

    private final Terminal terminal;

    private AuditCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    static CommandLine line(Terminal terminal) {
        return new CommandLine(new AuditCommand(terminal))
                .addSubcommand(new Verify(terminal))
                .addSubcommand(new ReplaySession(terminal))
                .addSubcommand(new Search(terminal))
                .addSubcommand(new AccessesCommand(terminal));
    }

    @Override
    public void run() {
        line(terminal).usage(terminal.out());
    }

    static Path ledger(Terminal terminal, @Nullable Path given) {
        return given == null
                ? DemoState.read(terminal, "--ledger DIR").ledger()
                : terminal.directory().resolve(given);
    }

    /** {@code chaperone audit verify}. */
    @Command(
            name = "verify",
            description = {
                "Re-hash every stored record and check every signature: is everything as the enforcers wrote it"
                        + " (integrity), and is everything there that they wrote (completeness)?",
                "Exits 1 unless both hold."
            },
            footer = {"", "Example:", "  chaperone audit verify --ledger data/ledger --keys keys/signing.pub"})
    static final class Verify implements Callable<Integer> {

        private final Terminal terminal;

        @Option(names = "--ledger", paramLabel = "DIR", description = "the ledger's directory")
        private @Nullable Path ledger;

        @Option(
                names = "--keys",
                arity = "1..*",
                paramLabel = "FILE",
                description = "public signing keys of the enforcers that are believed")
        private List<Path> keys = List.of();

        @Option(names = "--json", description = "print the report as JSON")
        private boolean json;

        Verify(Terminal terminal) {
            this.terminal = terminal;
        }

        @Override
        public Integer call() {
            if (ledger != null && keys.isEmpty()) {
                throw new CommandException("no keys given; without `--keys FILE` nothing can be believed");
            }
            List<Path> trusted = keys.isEmpty()
                    ? List.of(DemoState.read(terminal, "--keys FILE").signingPublicKey())
                    : keys.stream().map(terminal.directory()::resolve).toList();
            VerificationReport report =
                    LedgerVerifier.verify(AuditCommand.ledger(terminal, ledger), TrustedKeys.read(trusted));
            terminal.out().print(json ? Json.write(report) + "\n" : report.text());
            return report.ok() ? ChaperoneCommand.OK : ChaperoneCommand.FAILED;
        }
    }

    /** {@code chaperone audit replay}. */
    @Command(
            name = "replay",
            description =
                    "Show a session as it happened: every statement, the decision with its reasons, and the rows exactly as"
                            + " the agent got them.",
            footer = {
                "",
                "Example:",
                "  chaperone audit replay 1b0c8a52-6d6e-4c34-9a51-3f2f4f0a7c11 --ledger data/ledger"
            })
    static final class ReplaySession implements Callable<Integer> {

        private final Terminal terminal;

        @Parameters(arity = "1", paramLabel = "SESSION", description = "the session's id; `audit search` lists them")
        private String session = "";

        @Option(names = "--ledger", paramLabel = "DIR", description = "the ledger's directory")
        private @Nullable Path ledger;

        @Option(
                names = "--rows",
                paramLabel = "N",
                defaultValue = "20",
                description = "most rows to show of each response; default ${DEFAULT-VALUE}")
        private int rows;

        @Option(names = "--json", description = "print the steps as JSON")
        private boolean json;

        ReplaySession(Terminal terminal) {
            this.terminal = terminal;
        }

        @Override
        public Integer call() {
            Replay replay = SessionReplay.of(AuditCommand.ledger(terminal, ledger), session, Math.max(0, rows));
            terminal.out().print(json ? Json.write(replay) + "\n" : ReplayText.of(replay));
            return ChaperoneCommand.OK;
        }
    }

    /** {@code chaperone audit search}. */
    @Command(
            name = "search",
            description = "List sessions, newest first. Conditions all have to hold.",
            footer = {
                "",
                "Example:",
                "  chaperone audit search --subject dr.rivera --effect deny",
                "  chaperone audit search --text patients --from 2026-01-01T00:00:00Z --json"
            })
    static final class Search implements Callable<Integer> {

        private final Terminal terminal;

        @Option(names = "--ledger", paramLabel = "DIR", description = "the ledger's directory")
        private @Nullable Path ledger;

        @Option(names = "--subject", paramLabel = "NAME", description = "the human or service, exactly")
        private @Nullable String subject;

        @Option(names = "--agent", paramLabel = "NAME", description = "the acting agent, exactly")
        private @Nullable String agent;

        @Option(names = "--text", paramLabel = "TEXT", description = "part of a statement, in any case")
        private @Nullable String text;

        @Option(names = "--effect", paramLabel = "EFFECT", description = "at least one permit, hold or deny")
        private @Nullable String effect;

        @Option(names = "--from", paramLabel = "TIME", description = "went on at or after, as 2026-01-31T12:00:00Z")
        private @Nullable Instant from;

        @Option(names = "--to", paramLabel = "TIME", description = "began before")
        private @Nullable Instant to;

        @Option(
                names = "--limit",
                paramLabel = "N",
                defaultValue = "100",
                description = "most sessions to list; default ${DEFAULT-VALUE}")
        private int limit;

        @Option(names = "--json", description = "print the sessions as JSON")
        private boolean json;

        Search(Terminal terminal) {
            this.terminal = terminal;
        }

        @Override
        public Integer call() {
            SessionQuery query = new SessionQuery(subject, agent, text, effect(effect), from, to, limit);
            List<SessionSummary> sessions = new SessionSearch(AuditCommand.ledger(terminal, ledger)).find(query);
            if (json) {
                terminal.out().println(Json.write(sessions));
            } else {
                sessions.forEach(this::print);
                terminal.out().println(sessions.size() == 1 ? "1 session" : sessions.size() + " sessions");
            }
            return ChaperoneCommand.OK;
        }

        private void print(SessionSummary session) {
            String who = session.subject().isEmpty() ? "nobody" : session.subject();
            String through = session.agent().isEmpty() ? "" : " through " + session.agent();
            terminal.out()
                    .printf(
                            Locale.ROOT,
                            "%s  %s  %s%s on %s: %d operations, %d rows, %d values masked, %d identifiers found,"
                                    + " %d held, %d denied%n",
                            session.session(),
                            session.began(),
                            Text.printable(who),
                            Text.printable(through),
                            Text.printable(session.upstream()),
                            session.statements(),
                            session.rows(),
                            session.maskedValues(),
                            session.detected().values().stream()
                                    .mapToLong(Long::longValue)
                                    .sum(),
                            session.effects().getOrDefault(Effect.EFFECT_HOLD, 0L),
                            session.effects().getOrDefault(Effect.EFFECT_DENY, 0L));
        }

        private static @Nullable Effect effect(@Nullable String name) {
            if (name == null) {
                return null;
            }
            return switch (name.toLowerCase(Locale.ROOT)) {
                case "permit" -> Effect.EFFECT_PERMIT;
                case "hold" -> Effect.EFFECT_HOLD;
                case "deny" -> Effect.EFFECT_DENY;
                default -> throw new CommandException("`" + name + "` is no effect; write permit, hold or deny");
            };
        }
    }
}
