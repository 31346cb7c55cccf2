package dev.chaperone.enforcer;

/** Every metric of the decision client, with its meaning; the reference page is made from these. */
enum DecisionMetric {
    /** Time from asking to outcome, by effect, failure and whether the cache answered. */
    DECISIONS("chaperone.enforcer.decisions", "time from asking for a decision to its outcome"),
    /** Requests that wait for a decision now. */
    IN_FLIGHT("chaperone.enforcer.decisions.in.flight", "requests that wait for a decision now"),
    /** 1 while the policy announcements are followed, which is when the cache may be used. */
    WATCH_CONNECTED(
            "chaperone.enforcer.policy.watch.connected", "1 while policy announcements are followed, otherwise 0"),
    /** Times the cache was emptied, by cause. */
    CACHE_EMPTIED("chaperone.enforcer.decision.cache.emptied", "times the decision cache was emptied, by cause");

    private final String id;
    private final String description;

    DecisionMetric(String id, String description) {
        this.id = id;
        this.description = description;
    }

    /** The metric's name in Micrometer's dotted form. */
    String id() {
        return id;
    }

    /** What it counts, with its unit. */
    String description() {
        return description;
    }
}
