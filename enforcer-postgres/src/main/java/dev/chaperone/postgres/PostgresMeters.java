package dev.chaperone.postgres;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** The meters of one enforcer, or of one database behind it; every one carries the names of both. */
final class PostgresMeters {

    private final MeterRegistry registry;
    private final Tags tags;
    private @Nullable Timer decisions;

    private PostgresMeters(MeterRegistry registry, Tags tags) {
        this.registry = registry;
        this.tags = tags;
    }

    /**
     * The meters of one database.
     *
     * @param upstream its name; empty for what happens before a database is known
     */
    static PostgresMeters of(MeterRegistry registry, String enforcer, String upstream) {
        return new PostgresMeters(registry, Tags.of("enforcer", enforcer, "upstream", upstream));
    }

    /** Counts one, by more tags than the names. */
    void count(PostgresMetric metric, String... more) {
        counter(metric, more).increment();
    }

    /** A counter, for who counts often. */
    Counter counter(PostgresMetric metric, String... more) {
        return Counter.builder(metric.metric())
                .description(metric.description())
                .tags(tags.and(more))
                .register(registry);
    }

    /** Time from a statement's analysis to its decision. */
    synchronized Timer decisions() {
        if (decisions == null) {
            decisions = Timer.builder(PostgresMetric.DECISION_TIME.metric())
                    .description(PostgresMetric.DECISION_TIME.description())
                    .tags(tags)
                    .register(registry);
        }
        return decisions;
    }

    /** Shows a number for as long as what it is taken from is in use. */
    <T> void gauge(PostgresMetric metric, T source, ToDoubleFunction<T> number) {
        Gauge.builder(metric.metric(), source, number)
                .description(metric.description())
                .tags(tags)
                .register(registry);
    }
}
