package dev.chaperone.audit;

import java.util.List;

/**
 * A session, step by step.
 *
 * @param summary the session in a few words
 * @param steps its steps in order
 * @param truncated true when the session has more steps or rows than a replay holds
 */
public record Replay(SessionSummary summary, List<ReplayStep> steps, boolean truncated) {

    public Replay {
        steps = List.copyOf(steps);
    }
}
