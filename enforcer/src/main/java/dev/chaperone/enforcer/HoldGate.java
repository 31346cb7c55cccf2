package dev.chaperone.enforcer;

import java.util.concurrent.CompletionStage;

/**
 * Asks people about what a policy holds: an operation before it runs, or one that has met a limit while it runs. Safe for use
 * by any thread.
 */
public interface HoldGate {

    /** The gate of an enforcer that has no approval service: a hold is a refusal. */
    HoldGate NONE = new HoldGate() {
        @Override
        public boolean available() {
            return false;
        }

        @Override
        public CompletionStage<Hold> ask(HoldRequest request) {
            throw new IllegalStateException("nobody can be asked");
        }
    };

    /** False when nobody can be asked at all, so that what is held is refused at once. */
    boolean available();

    /**
     * Opens a hold. What is held waits for {@link Hold#answer}; the enforcer keeps its client's connection alive meanwhile.
     *
     * @return completes when people can see it; exceptionally when that cannot be, and then what is held is refused
     */
    CompletionStage<Hold> ask(HoldRequest request);
}
