package dev.chaperone.audit;

import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Finds sessions by reading the ledger once; memory grows with the number of sessions, not of events. */
public final class SessionSearch {

    private final Ledger ledger;

    /**
     * Searches a ledger directory.
     *
     * @throws IllegalArgumentException when there is none
     */
    public SessionSearch(Path ledger) {
        this.ledger = Ledger.open(ledger);
    }

    /** Client sessions that match, newest first. What cannot be read is passed over: verifying is the verifier's part. */
    public List<SessionSummary> find(SessionQuery query) {
        Map<String, SummaryBuilder> sessions = new HashMap<>();
        try (Ledger.Cursor items = ledger.items()) {
            for (LedgerItem item = items.next(); item != null; item = items.next()) {
                if (item instanceof LedgerItem.Entry entry) {
                    sessions.computeIfAbsent(entry.event().getSessionId(), id -> new SummaryBuilder(id, query.text()))
                            .add(entry.event());
                }
            }
        }
        return sessions.values().stream()
                .filter(session -> session.matches(query))
                .map(SummaryBuilder::build)
                .sorted(Comparator.comparing(SessionSummary::began).reversed().thenComparing(SessionSummary::session))
                .limit(query.limit())
                .toList();
    }
}
