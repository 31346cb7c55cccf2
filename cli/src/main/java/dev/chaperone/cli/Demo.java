package dev.chaperone.cli;

import dev.chaperone.audit.LedgerVerifier;
import dev.chaperone.audit.Replay;
import dev.chaperone.audit.ReplayStep;
import dev.chaperone.audit.ReplayText;
import dev.chaperone.audit.SessionQuery;
import dev.chaperone.audit.SessionReplay;
import dev.chaperone.audit.SessionSearch;
import dev.chaperone.audit.SessionSummary;
import dev.chaperone.audit.TrustedKeys;
import dev.chaperone.audit.VerificationReport;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** The demonstration once everything runs: the script, the replay, the verification, and what to type next. */
final class Demo {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Duration LOOK_AGAIN = Duration.ofMillis(100);
    private static final int ROWS_SHOWN = 5;

    private final Terminal terminal;
    private final DemoWorld world;
    private final DemoProgress progress;
    private final DemoScreen screen;

    Demo(Terminal terminal, DemoWorld world, DemoProgress progress) {
        this.terminal = terminal;
        this.world = world;
        this.progress = progress;
        this.screen = new DemoScreen(terminal);
    }

    /**
     * Runs the script, replays it from the ledger and verifies the ledger.
     *
     * @throws CommandException naming every step that was not as it must be
     */
    void run() {
        screen.line("");
        world.processes().banner().forEach(screen::line);
        screen.line("");
        screen.line("Now " + DemoWorld.AGENT + " connects, acting for " + DemoWorld.SUBJECT
                + ", with a token of its own and an ordinary PostgreSQL driver.");
        List<String> failures = new ArrayList<>(new DemoScript(world, screen).run());
        if (!failures.contains(DemoScript.NOT_CONNECTED)) {
            failures.addAll(replay());
        }
        failures.addAll(verify());
        screen.line("");
        if (!failures.isEmpty()) {
            throw new CommandException("the demonstration failed (its log: "
                    + world.files().log() + ")\n  " + String.join("\n  ", failures));
        }
        screen.line(terminal.green(String.format(
                Locale.ROOT,
                "✓ %d of %d steps were as they must be, recorded, replayed and verified, in %.0f s",
                DemoScript.STEPS.size(),
                DemoScript.STEPS.size(),
                progress.elapsed())));
    }

    private List<String> replay() {
        screen.line("");
        screen.line(terminal.bold("The session, replayed from the ledger"));
        SessionSummary session = awaitSession();
        if (session == null) {
            screen.failed("not there within " + PATIENCE.toSeconds() + " s");
            return List.of(
                    "the ledger does not hold the agent's whole session " + PATIENCE.toSeconds() + " s after its end");
        }
        Replay replay = SessionReplay.of(world.files().ledger(), session.session(), ROWS_SHOWN);
        ReplayText.of(replay)
                .lines()
                .forEach(
                        text -> DemoScreen.wrap(text, terminal.width() - 3).forEach(line -> screen.line("   " + line)));
        return compare(replay);
    }

    /** Whether each step of the script is in the record with the effect that it must have had. */
    private List<String> compare(Replay replay) {
        List<String> failures = new ArrayList<>();
        for (DemoStep step : DemoScript.STEPS) {
            ReplayStep.Asked asked = replay.steps().stream()
                    .filter(ReplayStep.Asked.class::isInstance)
                    .map(ReplayStep.Asked.class::cast)
                    .filter(candidate -> candidate.operation().equals(step.sql()))
                    .findFirst()
                    .orElse(null);
            if (asked == null) {
                failures.add("the record lacks the step: " + step.title());
            } else if (!asked.effect().equals(step.effect())) {
                failures.add("the record says `" + asked.effect() + "` instead of `" + step.effect()
                        + "` for the step: " + step.title());
            } else if (asked.reasons().isEmpty()) {
                failures.add("the record names no rule for the step: " + step.title());
            } else if (step.said() != null && !answered(replay, asked.request())) {
                failures.add("the record does not say what became of the hold: " + step.title());
            }
        }
        failures.forEach(screen::failed);
        return failures;
    }

    /** Whether the record has a hold of that request, and its end. */
    private static boolean answered(Replay replay, long request) {
        List<String> kinds = replay.steps().stream()
                .filter(step -> step.request() == request)
                .map(ReplayStep::kind)
                .toList();
        return kinds.contains("operation_held") && kinds.contains("hold_ended");
    }

    private @Nullable SessionSummary awaitSession() {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        SessionQuery query = SessionQuery.all().withAgent(DemoWorld.AGENT);
        while (System.nanoTime() - deadline < 0) {
            if (Files.isDirectory(world.files().ledger())) {
                for (SessionSummary session : new SessionSearch(world.files().ledger()).find(query)) {
                    if (!session.end().isEmpty()) {
                        return session;
                    }
                }
            }
            LockSupport.parkNanos(LOOK_AGAIN.toNanos());
        }
        return null;
    }

    private List<String> verify() {
        screen.line("");
        screen.line(terminal.bold("The ledger, verified"));
        VerificationReport report = LedgerVerifier.verify(
                world.files().ledger(), TrustedKeys.read(List.of(world.files().signingPublicKey())));
        report.text().lines().forEach(text -> screen.line("   " + text));
        return report.ok() ? List.of() : List.of("the ledger does not verify: " + report.text());
    }

    /** What to type next. */
    void printHints() {
        DemoState state = world.state();
        String command = terminal.environment().getOrDefault("CHAPERONE_COMMAND", "chaperone");
        if (!world.files().configuration().resolveSibling("").equals(DemoState.directory(terminal))) {
            // The other commands look for the demonstration in its usual place unless they are told.
            command = "CHAPERONE_DEMO_DIR=" + world.files().configuration().resolveSibling("") + ' ' + command;
        }
        screen.line("");
        screen.line(terminal.bold("Now you") + " (in another terminal; Ctrl-C here ends it)");
        hint(
                "be the agent",
                "PGPASSWORD=$(" + command + " token) psql 'host=" + state.postgresHost() + " port="
                        + state.postgresPort() + " dbname=" + state.database() + " user=" + state.subject()
                        + " sslmode=require'");
        hint(
                "be a clinician in person",
                "PGPASSWORD=$(" + command + " token --no-agent --subject dr.osei --groups treatment) psql 'host="
                        + state.postgresHost() + " port=" + state.postgresPort() + " dbname=" + state.database()
                        + " user=dr.osei sslmode=require'");
        hint("be somebody else", command + " token --subject dr.osei --agent other-agent --groups clinicians");
        String officer = "CHAPERONE_TOKEN=$(" + command + " token --no-agent --subject " + DemoOfficer.NAME
                + " --groups " + DemoOfficer.GROUP + ") " + command + " approvals ";
        String server = " --plaintext --server 127.0.0.1:" + state.approvalsPort();
        hint("be somebody who decides", officer + "list" + server);
        hint("see what was asked", command + " audit search --agent " + state.agent());
        hint("replay a session", command + " audit replay SESSION");
        hint("verify the ledger", command + " audit verify");
        hint("health", "curl http://127.0.0.1:" + state.managementPort() + "/healthz");
        hint("what it is set up with", "less " + world.files().configuration());
        screen.line("");
        screen.line(terminal.bold("Hold something") + ": as the agent, type");
        screen.line(
                "      UPDATE clinic.patients SET phone = '(503) 555-0142' WHERE patient_id = 8 RETURNING patient_id, family_name;");
        screen.line(
                "   It waits. Decide with `approvals approve ID --because WHY` in place of `approvals list` above, or in a browser:");
        screen.line(
                "      " + state.console() + "   sign in as " + DemoOfficer.NAME + ", with the claims {\"groups\": [\""
                        + DemoOfficer.GROUP + "\", \"auditors\"]}; sessions are replayed there, too");
    }

    private void hint(String what, String line) {
        screen.line("   " + terminal.dim(Text.fit(what, 26)) + line);
    }
}
