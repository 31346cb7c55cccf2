package dev.chaperone.pdp;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.function.Supplier;

/** Every metric of the decision point, with its meaning; the reference page is made from these. */
public enum PdpMetric {
    /** Time to evaluate a request, by effect. */
    DECISIONS("chaperone.pdp.decisions", "time to evaluate a request, by effect"),
    /** Requests denied because a rule failed on them: the policy or the request is wrong, and somebody should look. */
    EVALUATION_FAILED("chaperone.pdp.evaluation.failed", "requests denied because the policy failed on them"),
    /** Requests refused without a decision, by gRPC status. */
    REQUESTS_REFUSED("chaperone.pdp.requests.refused", "requests refused without a decision, by gRPC status"),
    /** Policies taken into force, the first included. */
    POLICY_ACTIVATED("chaperone.pdp.policy.activated", "policies taken into force, the first included"),
    /** Changed policies or catalogs that were refused, the old ones staying in force. */
    POLICY_RELOAD_FAILED(
            "chaperone.pdp.policy.reload.failed", "changed policies or catalogs that were refused, the old staying"),
    /** 1 while the newest policy content is the active one, 0 while it is refused. */
    POLICY_CURRENT("chaperone.pdp.policy.current", "1 while the newest policy content is active, 0 while refused"),
    /** Seconds since the epoch at which the active policy became so. */
    POLICY_ACTIVE_SINCE("chaperone.pdp.policy.active.since", "when the active policy became so, in epoch seconds"),
    /** Rules of the active policy. */
    POLICY_RULES("chaperone.pdp.policy.rules", "rules of the active policy"),
    /** Time to compile and warm up a policy. */
    POLICY_COMPILE("chaperone.pdp.policy.compile", "time to compile and warm up a policy"),
    /** Enforcers that follow policy changes. */
    WATCHERS("chaperone.pdp.watchers", "enforcers that follow policy changes");

    private final String id;
    private final String description;

    PdpMetric(String id, String description) {
        this.id = id;
        this.description = description;
    }

    /** The metric's name in Micrometer's dotted form. */
    public String id() {
        return id;
    }

    /** What it counts, with its unit. */
    public String description() {
        return description;
    }

    Timer timer(MeterRegistry registry, String... tags) {
        return Timer.builder(id).description(description).tags(tags).register(registry);
    }

    Counter counter(MeterRegistry registry, String... tags) {
        return Counter.builder(id).description(description).tags(tags).register(registry);
    }

    void gauge(MeterRegistry registry, Supplier<Number> value) {
        Gauge.builder(id, value).description(description).register(registry);
    }
}
