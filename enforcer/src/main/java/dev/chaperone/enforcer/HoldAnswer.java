package dev.chaperone.enforcer;

import dev.chaperone.audit.v1.Vote;
import java.util.List;

/**
 * What became of a hold.
 *
 * @param outcome whether what was held may go on, and if not, why not
 * @param words what people say about it, safe to show to the caller; empty for nothing
 * @param votes who decided what, as far as that was told
 * @param breakGlass whether one person granted it by break-glass rights
 */
public record HoldAnswer(Outcome outcome, String words, List<Vote> votes, boolean breakGlass) {

    public HoldAnswer {
        votes = List.copyOf(votes);
    }

    /** An answer of nobody in particular. */
    public HoldAnswer(Outcome outcome, String words) {
        this(outcome, words, List.of(), false);
    }

    /** How a hold ends. */
    public enum Outcome {
        /** It may go on. */
        GRANTED,
        /** Somebody refused. */
        DENIED,
        /** Nobody decided in time. */
        EXPIRED,
        /** Whoever asked took it back. */
        WITHDRAWN,
        /** Nobody could be asked, or the answer cannot be had. */
        UNAVAILABLE
    }

    /** An answer without words. */
    public static HoldAnswer of(Outcome outcome) {
        return new HoldAnswer(outcome, "");
    }

    /** True when it may go on. */
    public boolean granted() {
        return outcome == Outcome.GRANTED;
    }
}
