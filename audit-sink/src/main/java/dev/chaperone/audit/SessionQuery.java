package dev.chaperone.audit;

import dev.chaperone.decision.v1.Effect;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Which sessions to look for. A component that is null does not restrict; the others all have to hold.
 *
 * @param subject the exact subject
 * @param agent the exact agent
 * @param text part of an operation's text, in any case
 * @param effect an effect that at least one operation met with
 * @param from sessions that went on at or after this moment
 * @param to sessions that began before this moment
 * @param limit most sessions to give, the newest
 */
public record SessionQuery(
        @Nullable String subject,
        @Nullable String agent,
        @Nullable String text,
        @Nullable Effect effect,
        @Nullable Instant from,
        @Nullable Instant to,
        int limit) {

    /** Most sessions that one search gives. */
    public static final int MAX_LIMIT = 10_000;

    public SessionQuery {
        if (limit < 1 || limit > MAX_LIMIT) {
            throw new IllegalArgumentException("the limit is `" + limit + "`; write 1 to " + MAX_LIMIT);
        }
    }

    /** Every session, the newest 100. */
    public static SessionQuery all() {
        return new SessionQuery(null, null, null, null, null, null, 100);
    }

    /** The same for one subject. */
    public SessionQuery withSubject(String exact) {
        return new SessionQuery(exact, agent, text, effect, from, to, limit);
    }

    /** The same for one agent. */
    public SessionQuery withAgent(String exact) {
        return new SessionQuery(subject, exact, text, effect, from, to, limit);
    }

    /** The same with this text in an operation. */
    public SessionQuery withText(String part) {
        return new SessionQuery(subject, agent, part, effect, from, to, limit);
    }

    /** The same with at least one operation of this effect. */
    public SessionQuery withEffect(Effect met) {
        return new SessionQuery(subject, agent, text, met, from, to, limit);
    }

    /** The same within a stretch of time. */
    public SessionQuery between(@Nullable Instant first, @Nullable Instant last) {
        return new SessionQuery(subject, agent, text, effect, first, last, limit);
    }
}
