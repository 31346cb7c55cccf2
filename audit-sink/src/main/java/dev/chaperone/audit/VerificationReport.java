package dev.chaperone.audit;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What verifying a ledger has shown.
 *
 * @param integrity whether what is there is what enforcers wrote
 * @param completeness whether everything that enforcers wrote is there
 * @param records records read
 * @param sessions client sessions
 * @param controlSessions control sessions, one for each process of an enforcer
 * @param repeated records that are stored twice, identically, which is harmless
 * @param openProcesses processes without an end and without a successor: running, or cut off at once with all they wrote
 * @param completeUpTo the earliest last sign of life among the open processes: completeness is shown up to there. Null when
 *     no process is open
 */
public record VerificationReport(
        Verdict integrity,
        Verdict completeness,
        long records,
        long sessions,
        long controlSessions,
        long repeated,
        List<OpenProcess> openProcesses,
        @Nullable Instant completeUpTo) {

    public VerificationReport {
        openProcesses = List.copyOf(openProcesses);
    }

    /** True when both verdicts are. */
    public boolean ok() {
        return integrity.ok() && completeness.ok();
    }

    /**
     * A process that has not ended, as far as the ledger knows.
     *
     * @param controlSession its control session
     * @param enforcer its configured name
     * @param lastSigned date of its last signed event
     */
    public record OpenProcess(String controlSession, String enforcer, Instant lastSigned) {}

    /** The report as lines of text. */
    public String text() {
        StringBuilder out = new StringBuilder();
        out.append("records       ")
                .append(records)
                .append(" in ")
                .append(sessions)
                .append(" sessions of ")
                .append(controlSessions)
                .append(" enforcer processes\n");
        verdict(out, "integrity     ", integrity);
        verdict(out, "completeness  ", completeness);
        if (repeated > 0) {
            out.append("repeated      ").append(repeated).append(" records are stored twice, identically\n");
        }
        for (OpenProcess process : openProcesses) {
            out.append("open          enforcer ")
                    .append(Printable.line(process.enforcer()))
                    .append(", control session ")
                    .append(Printable.line(process.controlSession()))
                    .append(": complete up to ")
                    .append(process.lastSigned())
                    .append('\n');
        }
        return out.toString();
    }

    private static void verdict(StringBuilder out, String name, Verdict verdict) {
        out.append(name).append(verdict.ok() ? "OK\n" : "FAILED, " + verdict.totalFailures() + " findings\n");
        verdict.failures().forEach(finding -> out.append("  ! ").append(finding).append('\n'));
        verdict.notes().forEach(finding -> out.append("  - ").append(finding).append('\n'));
        long more = verdict.totalFailures()
                - verdict.failures().size()
                + verdict.totalNotes()
                - verdict.notes().size();
        if (more > 0) {
            out.append("  and ").append(more).append(" more\n");
        }
    }
}
