package dev.chaperone.audit;

import dev.chaperone.decision.v1.Effect;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * One client session in a few words.
 *
 * @param session its id
 * @param enforcer the enforcer's configured name
 * @param protocol its protocol
 * @param upstream configured name of the upstream
 * @param clientAddress where the client was
 * @param transport how the client's connection was protected
 * @param durability how durable records were before anything was released
 * @param subject the human or service; empty when nobody was authenticated
 * @param agent the acting agent; empty for none
 * @param groups the principal's groups
 * @param began date of the first event
 * @param lastSeen date of the last event
 * @param end cause of its end; empty when it has none in the ledger
 * @param statements operations that were decided
 * @param rows rows delivered
 * @param maskedValues values masked in them
 * @param detected what detectors found and replaced in them, by detector
 * @param effects how many operations met with which effect
 */
public record SessionSummary(
        String session,
        String enforcer,
        String protocol,
        String upstream,
        String clientAddress,
        String transport,
        String durability,
        String subject,
        String agent,
        List<String> groups,
        Instant began,
        Instant lastSeen,
        String end,
        long statements,
        long rows,
        long maskedValues,
        Map<String, Long> detected,
        Map<Effect, Long> effects) {

    public SessionSummary {
        groups = List.copyOf(groups);
        detected = Collections.unmodifiableMap(new TreeMap<>(detected));
        effects = Map.copyOf(effects);
    }
}
