package dev.chaperone.audit;

import java.util.ArrayList;
import java.util.List;

/** Collects findings, keeping the first of them and counting the rest. */
final class Findings {

    private final List<Finding> failures = new ArrayList<>();
    private final List<Finding> notes = new ArrayList<>();
    private long totalFailures;
    private long totalNotes;

    void fail(Finding finding) {
        totalFailures++;
        if (failures.size() < LedgerVerifier.MAX_FINDINGS) {
            failures.add(finding);
        }
    }

    void note(Finding finding) {
        totalNotes++;
        if (notes.size() < LedgerVerifier.MAX_FINDINGS) {
            notes.add(finding);
        }
    }

    Verdict verdict() {
        return new Verdict(
                totalFailures == 0,
                failures.isEmpty() ? null : failures.get(0),
                failures,
                totalFailures,
                notes,
                totalNotes);
    }
}
