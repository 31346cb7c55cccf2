package dev.chaperone.rules;

import java.util.List;
import java.util.Set;

/**
 * A rule that has been read and checked.
 *
 * @param info name and metadata
 * @param patterns its conditions, all of which must match
 * @param conclusions its consequence, in order
 * @param reads request attributes that its conditions read
 */
record Rule(RuleInfo info, List<Pattern> patterns, List<Conclusion> conclusions, Set<String> reads) {
    Rule {
        patterns = List.copyOf(patterns);
        conclusions = List.copyOf(conclusions);
        reads = Set.copyOf(reads);
    }
}
