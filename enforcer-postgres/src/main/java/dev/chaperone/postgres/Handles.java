package dev.chaperone.postgres;

import dev.chaperone.postgres.analysis.LiteralProof;
import dev.chaperone.postgres.analysis.Skeleton;
import dev.chaperone.postgres.analysis.SqlStatement;
import dev.chaperone.postgres.analysis.StatementClass;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Statements that the gateway keeps prepared on the server under names of its own, for what one client sends as text again and
 * again: the next time, the server need not be asked what the text means. The server itself analyses a prepared statement anew,
 * and says so, when something that it names has changed. What it does not notice is that a name has come to mean another thing
 * by something new that stands before it in the search path; so a text's meaning is asked for again after a second, and after
 * anything in the session that may change meanings.
 *
 * <p>Belongs to one session's event loop.
 */
final class Handles {

    private static final int MOST_TEXTS = 128;
    private static final int MOST_HANDLES = 64;
    private static final int MOST_OF_ONE = 8;
    private static final int LONGEST_TEXT = 8192;
    private static final long FRESH_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** What is known of one text, or of all that differ in their literals only. */
    private static final class Known {
        private final Map<List<String>, Handle> handles = new LinkedHashMap<>();
        private BitSet fixed = new BitSet();
        private @Nullable Verdict verdict;
        private boolean literal;
        private int seen;
    }

    /** One statement on the server. */
    static final class Handle {
        private final String name;
        private final Prepared prepared;
        private long provedAt = System.nanoTime();
        private long epoch;

        private Handle(String name, Prepared prepared, long epoch) {
            this.name = name;
            this.prepared = prepared;
            this.epoch = epoch;
        }

        String name() {
            return name;
        }

        Prepared prepared() {
            return prepared;
        }
    }

    private final Map<String, Known> texts = new LinkedHashMap<>(16, 0.75f, true);
    private final List<String> dropped = new ArrayList<>();
    private long names;
    private int open;
    private long epoch;
    private boolean doubtful;

    // ---- texts as they are ------------------------------------------------------------------------------------------

    /** The statement that is prepared for a text, if it certainly means the same still. */
    @Nullable
    Handle exact(String sql, List<Integer> types) {
        Known known = texts.get(key(sql, types));
        Handle handle = known == null ? null : known.handles.get(List.<String>of());
        return handle != null && fresh(handle) ? handle : null;
    }

    /**
     * The name to prepare a text by: one of the gateway's own when it comes again.
     *
     * @return empty for none
     */
    String nameFor(String sql, List<Integer> types) {
        if (sql.length() > LONGEST_TEXT) {
            return "";
        }
        Known known = texts.computeIfAbsent(key(sql, types), any -> new Known());
        trim();
        Handle handle = known.handles.remove(List.<String>of());
        if (handle != null) {
            known.verdict = handle.prepared.verdict();
            drop(handle);
        }
        return ++known.seen < 2 || Skeleton.tellsTime(sql) || OwnNames.named(sql) ? "" : newName();
    }

    /** A text has been prepared by a name that {@link #nameFor} gave. */
    void prepared(String name, String sql, List<Integer> types, Prepared prepared) {
        Known known = texts.computeIfAbsent(key(sql, types), any -> new Known());
        keep(known, List.of(), name, prepared);
    }

    private static String key(String sql, List<Integer> types) {
        return types.isEmpty() ? "=" + sql : types + "=" + sql;
    }

    // ---- texts with literals ----------------------------------------------------------------------------------------

    /**
     * A statement that is prepared for queries like one.
     *
     * @param values of its parameters, as text
     */
    record Use(Handle handle, List<String> values) {}

    /** The statement that is prepared for a query like this one, if it certainly means the same still. */
    @Nullable
    Use like(Skeleton skeleton) {
        Known known = texts.get(skeleton.shape());
        Handle handle = known == null ? null : known.handles.get(fixedValues(skeleton, known.fixed));
        if (known == null || handle == null || !fresh(handle)) {
            return null;
        }
        List<String> values = new ArrayList<>(skeleton.literals().size());
        for (int i = 0; i < skeleton.literals().size(); i++) {
            if (!known.fixed.get(i)) {
                values.add(skeleton.value(i));
            }
        }
        return new Use(handle, values);
    }

    /** A statement to be prepared for queries like one that has come again. */
    record Proposal(
            Skeleton skeleton, LiteralProof proof, BitSet fixed, String name, String text, List<Integer> types) {}

    /**
     * The server has said what a query means that has no statement prepared for it.
     *
     * @return what to prepare for the next one like it; null for nothing
     */
    @Nullable
    Proposal meant(Skeleton skeleton, String tree) {
        Known known = texts.computeIfAbsent(skeleton.shape(), any -> new Known());
        trim();
        if (++known.seen < 2 || OwnNames.named(skeleton.text())) {
            return null;
        }
        LiteralProof proof = LiteralProof.of(skeleton, tree);
        if (proof == null) {
            return null;
        }
        BitSet fixed = proof.fixed();
        if (known.literal) {
            fixed.set(0, skeleton.literals().size());
        }
        if (proof.hasTimes() && Skeleton.tellsTime(skeleton.text())) {
            return null;
        }
        if (!fixed.equals(known.fixed)) {
            forget(known);
            known.fixed = fixed;
        }
        List<String> values = fixedValues(skeleton, fixed);
        Handle handle = known.handles.get(values);
        if (handle != null) {
            if (!handle.prepared.unsure() && proves(proof, tree, known, handle)) {
                handle.provedAt = System.nanoTime();
                handle.epoch = epoch;
                return null;
            }
            known.handles.remove(values);
            known.verdict = handle.prepared.verdict();
            drop(handle);
        }
        return new Proposal(
                skeleton,
                proof,
                fixed,
                newName(),
                skeleton.parameterised(fixed),
                known.literal ? List.of() : proof.types());
    }

    private static boolean proves(LiteralProof proof, String tree, Known known, Handle handle) {
        String prepared = handle.prepared.tree();
        return !handle.prepared.stale()
                && prepared != null
                && (known.literal ? prepared.equals(tree) : proof.holds(prepared));
    }

    /**
     * The proposed statement has been prepared.
     *
     * @param tree what it means; null when the server did not accept it
     */
    void accepted(Proposal proposal, @Nullable String tree) {
        Known known = texts.get(proposal.skeleton().shape());
        if (known == null) {
            dropped.add(proposal.name());
            return;
        }
        if (tree == null || !known.literal && !proposal.proof().holds(tree)) {
            // Its literals are more than values: from now on only the very same text counts as the same.
            known.literal = true;
            dropped.add(proposal.name());
            return;
        }
        SqlStatement statement =
                new SqlStatement(proposal.text(), 0, proposal.text().length(), StatementClass.QUERY, "select", null);
        Prepared prepared = new Prepared(statement, Prepared.REWRITTEN, proposal.types());
        prepared.tree(tree);
        keep(known, fixedValues(proposal.skeleton(), proposal.fixed()), proposal.name(), prepared);
    }

    private static List<String> fixedValues(Skeleton skeleton, BitSet fixed) {
        if (fixed.isEmpty()) {
            return List.of();
        }
        List<String> values = new ArrayList<>();
        fixed.stream().filter(i -> i < skeleton.literals().size()).forEach(i -> values.add(skeleton.value(i)));
        return values;
    }

    // ---- what becomes of them ---------------------------------------------------------------------------------------

    /** Something has run that may have changed what texts mean. */
    void doubt() {
        epoch++;
        doubtful = true;
    }

    /** Says from now on whether nothing has run since that may have changed what texts mean. */
    BooleanSupplier unchanged() {
        long now = epoch;
        return () -> epoch == now;
    }

    /** Something has run that may have dropped prepared statements. */
    void lost() {
        doubt();
        texts.values().forEach(this::forget);
    }

    /** A statement is about to be prepared again by the name that it had. */
    void revived(String name) {
        dropped.remove(name);
    }

    /** A transaction has gone on, or has ended: what was changed in it may have been undone. */
    void ready(char transactionStatus) {
        if (doubtful) {
            epoch++;
            doubtful = transactionStatus != 'I';
        }
    }

    /** Names on the server that are no longer needed, once. */
    List<String> dropped() {
        if (dropped.isEmpty()) {
            return List.of();
        }
        List<String> names = List.copyOf(dropped);
        dropped.clear();
        return names;
    }

    private boolean fresh(Handle handle) {
        return handle.epoch == epoch
                && !handle.prepared.stale()
                && !handle.prepared.unsure()
                && System.nanoTime() - handle.provedAt < FRESH_NANOS;
    }

    private void keep(Known known, List<String> fixed, String name, Prepared prepared) {
        Handle before = known.handles.remove(fixed);
        if (before != null) {
            known.verdict = before.prepared.verdict();
            drop(before);
        }
        // The verdict says itself whether it still holds.
        prepared.verdict(known.verdict);
        prepared.handle(name);
        known.handles.put(fixed, new Handle(name, prepared, epoch));
        open++;
        while (open > MOST_HANDLES && texts.size() > 1) {
            evict();
        }
        while (known.handles.size() > MOST_OF_ONE) {
            drop(known.handles.remove(known.handles.keySet().iterator().next()));
        }
    }

    private void forget(Known known) {
        known.handles.values().forEach(this::drop);
        known.handles.clear();
    }

    private void drop(@Nullable Handle handle) {
        if (handle != null) {
            // The client may still hold it, as its unnamed statement.
            handle.prepared.unsure(true);
            dropped.add(handle.name);
            open--;
        }
    }

    private void trim() {
        while (texts.size() > MOST_TEXTS) {
            evict();
        }
    }

    private void evict() {
        var eldest = texts.entrySet().iterator();
        forget(eldest.next().getValue());
        eldest.remove();
    }

    private String newName() {
        return StatementFlow.RESERVED + "h" + ++names;
    }
}
