package dev.chaperone.enforcer;

import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.proto.ErrorCode;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Asks the decision point, failing closed. */
public interface DecisionClient extends AutoCloseable {

    /**
     * Decides one access request. Never blocks and never completes exceptionally: when no valid decision can be had in time
     * the outcome is a deny with {@link ErrorCode#PDP_UNAVAILABLE}.
     */
    CompletionStage<Outcome> decide(DecideRequest request);

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
