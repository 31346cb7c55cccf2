package dev.chaperone.enforcer;

import java.time.Instant;
import java.util.concurrent.CompletionStage;

/** Something that waits for people to decide on it. Safe for use by any thread. */
public interface Hold {

    /** Opaque id, safe to show to the caller. */
    String id();

    /** Where people decide on it, safe to show to the caller; empty when no such place is known. */
    default String url() {
        return "";
    }

    /** Whether people had decided before it was asked for: a grant for a session or a window, used once more. */
    default boolean grantedBefore() {
        return false;
    }

    /** When it lapses by itself. */
    Instant expiresAt();

    /**
     * What people decided. A grant has been redeemed when it is given here: it holds for exactly the request that was asked
     * about, and this once. Never completes exceptionally.
     */
    CompletionStage<HoldAnswer> answer();

    /** Takes the request back; nothing when there is an answer. */
    void withdraw();
}
