package dev.chaperone.audit;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** The sink's meters, made once. */
final class SinkMeters {

    private final Map<SinkMetric, Counter> counters = new EnumMap<>(SinkMetric.class);
    private final Timer force;
    private final AtomicLong lag = new AtomicLong(-1);
    private final AtomicLong stored = new AtomicLong();

    SinkMeters(MeterRegistry registry) {
        for (SinkMetric metric : SinkMetric.values()) {
            if (metric != SinkMetric.FORCE && metric != SinkMetric.LAG) {
                counters.put(
                        metric,
                        Counter.builder(metric.id())
                                .description(metric.description())
                                .register(registry));
            }
        }
        force = Timer.builder(SinkMetric.FORCE.id())
                .description(SinkMetric.FORCE.description())
                .register(registry);
        Gauge.builder(SinkMetric.LAG.id(), lag, AtomicLong::get)
                .description(SinkMetric.LAG.description())
                .register(registry);
    }

    void count(SinkMetric metric, long amount) {
        Counter counter = counters.get(metric);
        if (counter != null) {
            counter.increment(amount);
        }
    }

    void forced(long nanos, long records, long bytes) {
        force.record(nanos, TimeUnit.NANOSECONDS);
        count(SinkMetric.STORED, records);
        count(SinkMetric.STORED_BYTES, bytes);
        stored.addAndGet(records);
    }

    void lag(long records) {
        lag.set(records);
    }

    long lag() {
        return lag.get();
    }

    long stored() {
        return stored.get();
    }
}
