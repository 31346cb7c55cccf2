package dev.chaperone.pdp;

import dev.chaperone.rules.RuleInfo;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The policy in force, for people to look at.
 *
 * @param status what decides, and whether that is what is configured
 * @param rules its rules, by file and line
 * @param warnings found when it was compiled
 * @param sources its files and built-in packs
 * @param catalog what names PHI classes; empty when every column is unknown
 * @param refusedAt when a newer content was refused last; null when the newest is active
 */
public record PolicyDetails(
        PolicyStatus status,
        List<RuleInfo> rules,
        List<String> warnings,
        List<String> sources,
        String catalog,
        @Nullable Instant refusedAt) {

    public PolicyDetails {
        rules = List.copyOf(rules);
        warnings = List.copyOf(warnings);
        sources = List.copyOf(sources);
    }
}
