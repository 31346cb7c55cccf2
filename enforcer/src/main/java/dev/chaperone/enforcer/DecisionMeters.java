package dev.chaperone.enforcer;

import dev.chaperone.decision.v1.Effect;
import dev.chaperone.enforcer.DecisionClient.Outcome;
import dev.chaperone.proto.ErrorCode;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** The decision client's meters, looked up once. */
final class DecisionMeters {

    /** Why the cache was emptied. */
    enum Cause {
        /** Another policy became active, or the first. */
        POLICY,
        /** The announcements ended. */
        LOST
    }

    private final Map<Effect, Timer> asked = new EnumMap<>(Effect.class);
    private final Map<Effect, Timer> cached = new EnumMap<>(Effect.class);
    private final Map<ErrorCode, Timer> failed = new EnumMap<>(ErrorCode.class);
    private final Map<Cause, Counter> emptied = new EnumMap<>(Cause.class);
    private final AtomicInteger watching = new AtomicInteger();

    DecisionMeters(MeterRegistry registry, AtomicInteger inFlight) {
        for (Effect effect : new Effect[] {Effect.EFFECT_PERMIT, Effect.EFFECT_HOLD, Effect.EFFECT_DENY}) {
            String name = effect.name().substring("EFFECT_".length()).toLowerCase(Locale.ROOT);
            asked.put(effect, timer(registry, name, "none", "pdp"));
            cached.put(effect, timer(registry, name, "none", "cache"));
        }
        for (ErrorCode code : new ErrorCode[] {ErrorCode.PDP_UNAVAILABLE, ErrorCode.OBLIGATION_UNFULFILLABLE}) {
            failed.put(code, timer(registry, "deny", code.code(), "enforcer"));
        }
        for (Cause cause : Cause.values()) {
            emptied.put(
                    cause,
                    Counter.builder(DecisionMetric.CACHE_EMPTIED.id())
                            .description(DecisionMetric.CACHE_EMPTIED.description())
                            .tag("cause", cause.name().toLowerCase(Locale.ROOT))
                            .register(registry));
        }
        gauge(registry, DecisionMetric.IN_FLIGHT, inFlight);
        gauge(registry, DecisionMetric.WATCH_CONNECTED, watching);
    }

    void decided(Outcome outcome, long nanos) {
        ErrorCode failure = outcome.failure();
        Timer timer = failure != null
                ? failed.get(failure)
                : (outcome.cached() ? cached : asked).get(outcome.decision().getEffect());
        if (timer != null) {
            timer.record(nanos, TimeUnit.NANOSECONDS);
        }
    }

    void cacheEmptied(Cause cause) {
        Counter counter = emptied.get(cause);
        if (counter != null) {
            counter.increment();
        }
    }

    void watching(boolean connected) {
        watching.set(connected ? 1 : 0);
    }

    private static Timer timer(MeterRegistry registry, String effect, String failure, String source) {
        return Timer.builder(DecisionMetric.DECISIONS.id())
                .description(DecisionMetric.DECISIONS.description())
                .tags("effect", effect, "failure", failure, "source", source)
                .register(registry);
    }

    private static void gauge(MeterRegistry registry, DecisionMetric metric, AtomicInteger value) {
        Gauge.builder(metric.id(), value, AtomicInteger::get)
                .description(metric.description())
                .strongReference(true)
                .register(registry);
    }
}
