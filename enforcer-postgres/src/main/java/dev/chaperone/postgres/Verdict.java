package dev.chaperone.postgres;

import com.google.protobuf.ByteString;
import dev.chaperone.audit.v1.OperationRepeated;
import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.enforcer.DecisionClient;
import dev.chaperone.postgres.analysis.QueryAnalysis;
import dev.chaperone.postgres.masking.RowMask;
import io.netty.buffer.ByteBuf;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * What came of deciding on a prepared statement, for when it is run again in the same session: it is permitted without being
 * asked about, and its record refers to the first, for as long as the decision is kept and the statement means the same. Only
 * permitted reads have one. Belongs to one session's event loop.
 */
final class Verdict {

    private static final CompletableFuture<Void> NOTHING_TO_WAIT_FOR = CompletableFuture.completedFuture(null);

    private final DecideRequest request;
    private final Decision decision;
    private final String tree;
    private final long catalog;
    private final QueryAnalysis analysis;
    private final Terms terms;
    private final boolean keepBack;
    private final long decided;
    private DecisionClient.@Nullable Kept kept;
    private @Nullable Rows rows;

    /**
     * What a portal delivers.
     *
     * @param description the server's whole RowDescription message
     * @param columns of each row
     * @param mask what to mask, null when nothing is
     */
    record Rows(byte[] description, int columns, @Nullable RowMask mask) {

        boolean describedBy(ByteBuf message) {
            if (message.readableBytes() != description.length) {
                return false;
            }
            int start = message.readerIndex();
            for (int i = 0; i < description.length; i++) {
                if (message.getByte(start + i) != description[i]) {
                    return false;
                }
            }
            return true;
        }
    }

    private Verdict(
            DecideRequest request,
            Decision decision,
            String tree,
            long catalog,
            QueryAnalysis analysis,
            Terms terms,
            boolean keepBack,
            long decided) {
        this.request = request;
        this.decision = decision;
        this.tree = tree;
        this.catalog = catalog;
        this.analysis = analysis;
        this.terms = terms;
        this.keepBack = keepBack;
        this.decided = decided;
    }

    /**
     * The verdict to keep.
     *
     * @param request as the decision point was asked
     * @param tree what the statement means
     * @param catalog version of the catalog that it was analysed by
     * @param decided sequence of the event that records the decision
     * @return null for a ruling that must not be repeated
     */
    static @Nullable Verdict of(
            DecideRequest request,
            Decision decision,
            @Nullable String tree,
            long catalog,
            Ruling ruling,
            long decided) {
        QueryAnalysis analysis = ruling.analysis();
        Terms terms = ruling.terms();
        return tree != null && analysis != null && terms != null && AskAhead.possible(ruling)
                ? new Verdict(request, decision, tree, catalog, analysis, terms, ruling.keepBack(), decided)
                : null;
    }

    /**
     * True when the statement may be run again by it. Once false it is of no more use.
     *
     * @param treeNow what the statement means now
     * @param catalogNow version of the catalog now
     */
    boolean holds(@Nullable String treeNow, long catalogNow, DecisionClient decisions) {
        if (catalogNow != catalog || !tree.equals(treeNow)) {
            return false;
        }
        if (kept == null) {
            kept = decisions.kept(request);
        }
        return kept != null && kept.decision().equals(decision) && kept.again().getAsBoolean();
    }

    /** The permission to run it once more. */
    Ruling again(long number, Asked asked) {
        OperationRepeated.Builder repeated =
                OperationRepeated.newBuilder().setDecidedSequence(decided).addAllParameters(asked.parameters());
        if (asked.text() != null) {
            repeated.setOperation(ByteString.copyFromUtf8(asked.text()));
        }
        return new Ruling(
                number,
                analysis,
                terms,
                null,
                false,
                false,
                false,
                keepBack,
                NOTHING_TO_WAIT_FOR,
                this,
                repeated,
                null,
                false);
    }

    /** What was delivered the last time. */
    @Nullable
    Rows rows() {
        return rows;
    }

    void rows(Rows delivered) {
        rows = delivered;
    }
}
