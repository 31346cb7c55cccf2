package dev.chaperone.rules;

import dev.chaperone.decision.v1.Decision;
import dev.chaperone.decision.v1.GrantMode;
import dev.chaperone.decision.v1.HoldTerms;
import dev.chaperone.decision.v1.Obligation;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a policy test expects of the terms on which something waits for people.
 *
 * <pre>{@code
 * hold:                               # each may be left out
 *   approvers: [privacy, legal]       # any of these groups; [] where the approval service says who
 *   from-each: [privacy, data-owners] # one person of each
 *   approvals: 2                      # different people
 *   within: 15m                       # how long it may wait
 *   grant: session                    # once, session or window
 *   lasting: 30m                      # how long the grant may be used
 *   break-glass: []                   # who may grant it alone; [] for nobody
 * }</pre>
 *
 * @param expected texts of {@link #terms} by key, of those that the test gives
 */
record HoldExpectation(Map<String, String> expected) {
    private static final String NOT_SAID = "(not said)";

    HoldExpectation {
        expected = Map.copyOf(expected);
    }

    static HoldExpectation read(YamlNode node) {
        node.keys("approvers", "from-each", "approvals", "within", "grant", "lasting", "break-glass");
        Map<String, String> expected = new LinkedHashMap<>();
        node.entries().forEach((key, value) -> {
            switch (key) {
                case "approvers", "from-each", "break-glass" -> expected.put(key, groups(value.texts()));
                case "approvals" -> expected.put(key, String.valueOf(value.number(1)));
                case "grant" -> expected.put(key, mode(value.constant(GrantMode.class, "GRANT_MODE_")));
                default -> expected.put(key, duration(value));
            }
        });
        return new HoldExpectation(expected);
    }

    private static String duration(YamlNode node) {
        Duration duration = Times.parse(node.text());
        if (duration == null) {
            throw node.malformed("`" + node.text() + "` is not a duration, expected `30s`, `5m` or `1h`");
        }
        return PolicyExpectation.seconds(Times.duration(duration));
    }

    /** Adds what differs, one finding each. */
    void compare(Decision decision, List<String> differences) {
        if (expected.isEmpty()) {
            return;
        }
        HoldTerms given = decision.getObligationsList().stream()
                .filter(Obligation::hasHold)
                .map(Obligation::getHold)
                .findFirst()
                .orElse(null);
        if (given == null) {
            differences.add("hold: expected terms, and there are none");
            return;
        }
        Map<String, String> actual = terms(given);
        new TreeMap<>(expected).forEach((key, wanted) -> {
            String was = actual.getOrDefault(key, NOT_SAID);
            if (!wanted.equals(was)) {
                differences.add("hold." + key + ": expected `" + wanted + "`, was `" + was + "`");
            }
        });
    }

    private static Map<String, String> terms(HoldTerms terms) {
        Map<String, String> texts = new LinkedHashMap<>();
        texts.put("approvers", groups(terms.getApproverGroupsList()));
        texts.put("from-each", groups(terms.getRequiredGroupsList()));
        texts.put("approvals", String.valueOf(Math.max(1, terms.getApprovalsNeeded())));
        texts.put("within", terms.hasExpiresAfter() ? PolicyExpectation.seconds(terms.getExpiresAfter()) : NOT_SAID);
        texts.put("grant", mode(terms.getMode()));
        texts.put("lasting", terms.hasGrantLasts() ? PolicyExpectation.seconds(terms.getGrantLasts()) : NOT_SAID);
        texts.put("break-glass", groups(terms.getBreakGlassGroupsList()));
        return texts;
    }

    /** Terms on one line, without what they do not say. */
    static String text(HoldTerms terms) {
        StringBuilder text = new StringBuilder("hold");
        Map<String, String> texts = terms(terms);
        texts.values().removeIf(value -> value.isEmpty() || value.equals(NOT_SAID));
        if (terms.getApprovalsNeeded() == 0) {
            texts.remove("approvals");
        }
        if (terms.getMode() == GrantMode.GRANT_MODE_UNSPECIFIED) {
            texts.remove("grant");
        }
        texts.forEach((key, value) -> text.append(' ').append(key).append('=').append(value));
        return text.toString();
    }

    private static String groups(List<String> groups) {
        return String.join(",", groups.stream().sorted().toList());
    }

    private static String mode(GrantMode mode) {
        return mode == GrantMode.GRANT_MODE_UNSPECIFIED
                ? "once"
                : mode.name().replace("GRANT_MODE_", "").toLowerCase(Locale.ROOT);
    }
}
