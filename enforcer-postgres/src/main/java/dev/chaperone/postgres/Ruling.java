package dev.chaperone.postgres;

import dev.chaperone.audit.v1.OperationRepeated;
import dev.chaperone.enforcer.HoldRequest;
import dev.chaperone.postgres.analysis.QueryAnalysis;
import dev.chaperone.proto.ErrorCode;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * What was decided on one statement, and what comes of it.
 *
 * @param request its number in the session's record
 * @param analysis what the statement touches; null for one that is not left to the server to analyse
 * @param terms what the permission is bound to; null when it is refused
 * @param refusal why it is refused; null when it is permitted
 * @param session true for a statement that touches no data: transaction control, settings
 * @param changes true when the statement may change something
 * @param unanalysed true when it is permitted although nobody knows what it touches
 * @param keepBack true when what the server says must not reach the client in its own words
 * @param recorded completes once the decision is durable
 * @param verdict what can be said again when the statement is run again; null when nothing can
 * @param repeated the beginning of its record when it is decided on as before, in which case it is still to be recorded; else
 *     null
 * @param hold what people are asked, before it runs or when it meets a limit; null when they are not
 * @param held true when they are to be asked before it runs
 */
record Ruling(
        long request,
        @Nullable QueryAnalysis analysis,
        @Nullable Terms terms,
        @Nullable GatewayError refusal,
        boolean session,
        boolean changes,
        boolean unanalysed,
        boolean keepBack,
        CompletableFuture<Void> recorded,
        @Nullable Verdict verdict,
        OperationRepeated.@Nullable Builder repeated,
        @Nullable HoldRequest hold,
        boolean held) {

    /** One that is recorded, and not to be repeated. */
    Ruling(
            long request,
            @Nullable QueryAnalysis analysis,
            @Nullable Terms terms,
            @Nullable GatewayError refusal,
            boolean session,
            boolean changes,
            boolean unanalysed,
            boolean keepBack,
            CompletableFuture<Void> recorded) {
        this(
                request,
                analysis,
                terms,
                refusal,
                session,
                changes,
                unanalysed,
                keepBack,
                recorded,
                null,
                null,
                null,
                false);
    }

    /** The same, which people may have to be asked about. */
    Ruling asking(@Nullable HoldRequest people, boolean beforeItRuns) {
        return with(refusal, verdict, people, beforeItRuns);
    }

    /** The same, to be repeated by the verdict. */
    Ruling keeping(@Nullable Verdict kept) {
        return with(refusal, kept, hold, held);
    }

    /**
     * The same in the server's own words, where it is refused because nobody knows what is meant by a name that stands for
     * nothing.
     */
    Ruling refusedAs(GatewayError other) {
        boolean unknown = refusal != null && refusal.code() == ErrorCode.UNANALYSABLE;
        return unknown ? with(other, verdict, hold, held) : this;
    }

    private Ruling with(
            @Nullable GatewayError refused,
            @Nullable Verdict kept,
            @Nullable HoldRequest people,
            boolean beforeItRuns) {
        return new Ruling(
                request,
                analysis,
                terms,
                refused,
                session,
                changes,
                unanalysed,
                keepBack,
                recorded,
                kept,
                repeated,
                people,
                beforeItRuns);
    }

    /** The same for a statement that was rewritten to touch less. */
    Ruling of(QueryAnalysis rewritten) {
        return new Ruling(request, rewritten, terms, refusal, session, changes, unanalysed, keepBack, recorded)
                .asking(hold, held);
    }
}
