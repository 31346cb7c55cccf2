package dev.chaperone.audit;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One verdict over a ledger.
 *
 * @param ok true when nothing contradicts it
 * @param first the first failure; null when there is none
 * @param failures the failures, at most {@link LedgerVerifier#MAX_FINDINGS}
 * @param totalFailures how many there are
 * @param notes what an auditor should know although it is no failure, bounded likewise
 * @param totalNotes how many there are
 */
public record Verdict(
        boolean ok,
        @Nullable Finding first,
        List<Finding> failures,
        long totalFailures,
        List<Finding> notes,
        long totalNotes) {

    public Verdict {
        failures = List.copyOf(failures);
        notes = List.copyOf(notes);
    }
}
