package dev.chaperone.enforcer;

import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.proto.ErrorCode;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Asks the decision point, failing closed. */
public interface DecisionClient extends AutoCloseable {

    /**
     * Decides one access request. Never blocks and never completes exceptionally: when no valid decision can be had in time
     * the outcome is a deny with {@link ErrorCode#PDP_UNAVAILABLE}.
     */
    CompletionStage<Outcome> decide(DecideRequest request);

    /**
     * The decision that {@link #decide} would give at once on a request like this one, and on every further one that differs
     * from it in nothing but id and time, for as long as it is kept.
     *
     * @return null when the decision point would have to be asked
     */
    default @Nullable Kept kept(DecideRequest request) {
        return null;
    }

    /**
     * A decision that may be applied again without asking.
     *
     * @param decision the decision
     * @param again says whether it may be applied once more, and if so counts it; once false, always false. Safe for use by any
     *     thread
     */
    record Kept(Decision decision, BooleanSupplier again) {}

    @Override
    void close();

    /**
     * What was decided.
     *
     * @param decision the decision to enforce; its effect is never unspecified, and every obligation has a member set
     * @param cached true when it came from the cache
     * @param failure set when the deny is for want of a decision
     */
    record Outcome(
            Decision decision, boolean cached, @Nullable ErrorCode failure) {}
}
