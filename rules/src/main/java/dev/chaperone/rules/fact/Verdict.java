package dev.chaperone.rules.fact;

/**
 * Takes down what rules conclude. Compiled rules know only the number of the conclusion that their author wrote: texts,
 * names and durations of a policy never become code.
 */
public interface Verdict {
    /** Concludes the conclusion of that number. */
    void conclude(int conclusion);

    /** Concludes the conclusion of that number about one fact. */
    void conclude(int conclusion, Target target);
}
