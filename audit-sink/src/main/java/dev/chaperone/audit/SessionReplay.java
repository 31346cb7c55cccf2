package dev.chaperone.audit;

import dev.chaperone.audit.v1.AuditEvent;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Replays one session from the ledger. What it holds in memory is bounded; {@link Replay#truncated} says when that cut. */
public final class SessionReplay {

    private static final int MAX_STEPS = 10_000;
    private static final int MAX_PAYLOAD_BYTES = 64 << 20;

    private final SummaryBuilder summary;
    private final StepReader reader;
    private final List<ReplayStep> steps = new ArrayList<>();
    private long nextSequence;
    private boolean truncated;

    private SessionReplay(String session, int maxRows) {
        this.summary = new SummaryBuilder(session, null);
        this.reader = new StepReader(maxRows, MAX_PAYLOAD_BYTES);
    }

    /**
     * Replays a session.
     *
     * @param session its id
     * @param maxRows most rows to list of each delivery
     * @throws IllegalArgumentException when the ledger does not hold the session
     */
    public static Replay of(Path ledger, String session, int maxRows) {
        SessionReplay replay = new SessionReplay(session, maxRows);
        try (Ledger.Cursor items = Ledger.open(ledger).items()) {
            for (LedgerItem item = items.next(); item != null; item = items.next()) {
                if (item instanceof LedgerItem.Entry entry
                        && entry.event().getSessionId().equals(session)) {
                    replay.add(entry.event());
                }
            }
        }
        if (replay.summary.isEmpty()) {
            throw new IllegalArgumentException(
                    "the ledger holds no session `" + Printable.line(session) + "`; list sessions to find its id");
        }
        return new Replay(replay.summary.build(), replay.steps, replay.truncated || replay.reader.rowsOmitted());
    }

    private void add(AuditEvent event) {
        if (event.getSequence() < nextSequence) {
            return;
        }
        nextSequence = event.getSequence() + 1;
        summary.add(event);
        for (ReplayStep step : reader.read(event)) {
            if (steps.size() < MAX_STEPS) {
                steps.add(step);
            } else {
                truncated = true;
            }
        }
    }
}
