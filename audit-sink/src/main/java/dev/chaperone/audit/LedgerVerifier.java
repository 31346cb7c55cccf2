package dev.chaperone.audit;

import com.google.protobuf.ByteString;
import dev.chaperone.audit.ChainCheck.Repeated;
import dev.chaperone.audit.VerificationReport.OpenProcess;
import dev.chaperone.proto.AuditChain;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongConsumer;

/**
 * Verifies a ledger offline: from its files and the enforcers' public keys alone, by the rules at the top of {@code
 * chaperone/audit/v1/audit.proto}. Records are read one at a time; memory grows with the number of sessions, by some hundred
 * bytes each.
 *
 * <p>What it cannot show by itself: that the newest records of a process that never ended are all there, because nothing in
 * the ledger comes after them ({@link VerificationReport#completeUpTo} says how far it goes), and events of an unclosed
 * session behind its last signed one, which only the chain vouches for.
 */
public final class LedgerVerifier {

    /** Failures and notes that a verdict lists of each; the rest are counted. */
    public static final int MAX_FINDINGS = 1000;

    private static final int PROGRESS_RECORDS = 1000;

    private final Ledger ledger;
    private final TrustedKeys keys;
    private final Findings integrity = new Findings();
    private final Findings completeness = new Findings();
    private final LongConsumer progress;
    private long records;
    private long identical;

    private LedgerVerifier(Ledger ledger, TrustedKeys keys, LongConsumer progress) {
        this.ledger = ledger;
        this.keys = keys;
        this.progress = progress;
    }

    /**
     * Verifies a ledger.
     *
     * @throws IllegalArgumentException when there is no ledger
     * @throws java.io.UncheckedIOException when a file cannot be read
     */
    public static VerificationReport verify(Path ledger, TrustedKeys keys) {
        return verify(ledger, keys, bytes -> {});
    }

    /**
     * Verifies a ledger, and tells how far it is.
     *
     * @param progress is told from time to time how many bytes were read; what it throws ends the verification
     */
    static VerificationReport verify(Path ledger, TrustedKeys keys, LongConsumer progress) {
        return new LedgerVerifier(Ledger.open(ledger), keys, progress).run();
    }

    private VerificationReport run() {
        ChainCheck chain = new ChainCheck(keys, integrity);
        CompletenessCheck complete = new CompletenessCheck(chain.sessions(), completeness);
        try (Ledger.Cursor items = ledger.items()) {
            for (LedgerItem item = items.next(); item != null; item = items.next()) {
                if (item instanceof LedgerItem.Entry entry) {
                    records++;
                    if (records % PROGRESS_RECORDS == 0) {
                        progress.accept(items.bytesRead());
                    }
                    if (chain.check(entry)) {
                        complete.observe(entry);
                    }
                } else if (item instanceof LedgerItem.Damaged damaged) {
                    report(damaged);
                }
            }
        }
        compareRepeated(chain.repeated());
        noteUnsignedTails(chain.sessions());
        List<OpenProcess> open = complete.conclude();
        long controls = chain.sessions().values().stream()
                .filter(session -> session.facts != null)
                .count();
        return new VerificationReport(
                integrity.verdict(),
                completeness.verdict(),
                records,
                chain.sessions().size() - controls,
                controls,
                identical,
                open,
                open.stream()
                        .map(OpenProcess::lastSigned)
                        .min(Comparator.naturalOrder())
                        .orElse(null));
    }

    private void report(LedgerItem.Damaged damaged) {
        Finding finding = new Finding("", -1, damaged.file(), -1, damaged.detail() + " at byte " + damaged.position());
        if (damaged.damage() == LedgerItem.Damage.TORN && ledger.isBeingWritten(damaged.partition())) {
            integrity.note(finding);
        } else {
            integrity.fail(finding);
        }
    }

    private void noteUnsignedTails(Map<String, SessionState> sessions) {
        sessions.values().stream()
                .filter(session -> !session.closed && session.lastSigned < session.nextSequence - 1)
                .sorted(Comparator.comparing(session -> session.id))
                .forEach(session -> integrity.note(Finding.of(
                        session.id,
                        (session.nextSequence - 1 - session.lastSigned)
                                + " events after its last signed one are vouched for by the chain alone")));
    }

    /** Looks up what was stored first at the places that came twice. */
    private void compareRepeated(List<Repeated> repeated) {
        if (repeated.isEmpty()) {
            return;
        }
        Map<String, ByteString> first = firsts(repeated);
        for (Repeated again : repeated) {
            ByteString earlier = first.get(place(again.place()));
            if (earlier == null || earlier.isEmpty()) {
                integrity.fail(Finding.at(again.place(), "the record stands behind later events of its session"));
            } else if (earlier.equals(again.hash())) {
                identical++;
            } else {
                integrity.fail(Finding.at(
                        again.place(), "another event is stored for the same place: the session has two histories"));
            }
        }
    }

    /** The hash of the first event of each place that came twice; empty when that is the repeated record itself. */
    private Map<String, ByteString> firsts(List<Repeated> repeated) {
        Set<String> places = new HashSet<>();
        Set<String> themselves = new HashSet<>();
        for (Repeated again : repeated) {
            places.add(place(again.place()));
            themselves.add(position(again.place()));
        }
        Map<String, ByteString> first = new HashMap<>();
        try (Ledger.Cursor items = ledger.items()) {
            for (LedgerItem item = items.next(); item != null; item = items.next()) {
                if (item instanceof LedgerItem.Entry entry && places.contains(place(entry))) {
                    boolean itself = themselves.contains(position(entry));
                    first.putIfAbsent(
                            place(entry),
                            itself
                                    ? ByteString.EMPTY
                                    : ByteString.copyFrom(AuditChain.hash(
                                            entry.record().getEvent().toByteArray())));
                }
            }
        }
        return first;
    }

    private static String place(LedgerItem.Entry entry) {
        return entry.event().getSessionId() + "/" + entry.event().getSequence();
    }

    private static String position(LedgerItem.Entry entry) {
        return entry.file() + "/" + entry.position();
    }
}
