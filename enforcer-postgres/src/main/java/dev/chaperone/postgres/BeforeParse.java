package dev.chaperone.postgres;

import dev.chaperone.postgres.analysis.CatalogSnapshot;
import dev.chaperone.postgres.analysis.PartLiterals;
import dev.chaperone.proto.ErrorCode;
import java.util.concurrent.CompletableFuture;

/**
 * What is looked at before the server gets to see a text: it must not run anybody's code while it only analyses. It does where
 * a literal of a composite type, an array or a range holds a value of a domain with a check.
 */
final class BeforeParse {

    static final GatewayError RUNS_CODE = GatewayError.of(
            ErrorCode.UNANALYSABLE,
            "a literal of the statement would run its type's own code before it is decided on",
            "write ARRAY[...] or ROW(...) instead of a literal in quotes");

    private final Session session;
    private final Decider decider;

    BeforeParse(Session session, Decider decider) {
        this.session = session;
        this.decider = decider;
    }

    /**
     * Looks at a text by what the catalog says now.
     *
     * @param harmless the server may have it
     * @param otherwise it may not, or nobody knows
     */
    void check(String sql, Runnable harmless, Runnable otherwise) {
        if (!PartLiterals.in(sql)) {
            harmless.run();
            return;
        }
        CompletableFuture<CatalogSnapshot> asked = decider.catalog().toCompletableFuture();
        if (asked.isDone() && !asked.isCompletedExceptionally()) {
            check(sql, asked.join(), harmless, otherwise);
            return;
        }
        asked.whenComplete((catalog, failure) -> session.inLoop(() -> {
            if (failure != null) {
                otherwise.run();
            } else {
                check(sql, catalog, harmless, otherwise);
            }
        }));
    }

    private static void check(String sql, CatalogSnapshot catalog, Runnable harmless, Runnable otherwise) {
        if (catalog.mayRunOnParse(sql)) {
            otherwise.run();
        } else {
            harmless.run();
        }
    }
}
