package dev.chaperone.pdp;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What a decision point knows of an enforcer, by the name that the enforcer gives itself.
 *
 * @param name its configured name
 * @param streams how many of its processes follow policy changes at the moment
 * @param followsSince since when the first of them does; null when none does
 * @param announcedVersion the policy that all of them were told of; empty when none follows, or one was not told yet
 * @param decisions decisions that it was given
 * @param lastDecision when it asked for the last one; null when it has not asked
 * @param decidedVersion the policy of that decision
 * @param left when its last process was lost that followed; null when none was
 */
public record EnforcerStatus(
        String name,
        int streams,
        @Nullable Instant followsSince,
        String announcedVersion,
        long decisions,
        @Nullable Instant lastDecision,
        String decidedVersion,
        @Nullable Instant left) {}
