package dev.chaperone.enforcer;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** The meters of {@link RecordingMetric}, registered with one registry until they are closed. */
final class RecorderMeters implements AutoCloseable {

    private final MeterRegistry registry;
    private final List<Meter> meters = new ArrayList<>();
    private final Timer append;
    private final DistributionSummary groupSize;
    private final Counter shipped;
    private final Counter refused;

    RecorderMeters(MeterRegistry registry) {
        this.registry = registry;
        append = add(Timer.builder(RecordingMetric.APPEND_LATENCY.meter())
                .description(RecordingMetric.APPEND_LATENCY.description())
                .publishPercentileHistogram()
                .register(registry));
        groupSize = add(DistributionSummary.builder(RecordingMetric.GROUP_SIZE.meter())
                .description(RecordingMetric.GROUP_SIZE.description())
                .register(registry));
        shipped = counter(RecordingMetric.SHIPPED);
        refused = counter(RecordingMetric.REFUSED);
    }

    /** Shows a value for as long as this is open. */
    synchronized void gauge(RecordingMetric metric, Supplier<Number> value) {
        add(Gauge.builder(metric.meter(), value)
                .description(metric.description())
                .register(registry));
    }

    void appended(long sinceNanos) {
        append.record(System.nanoTime() - sinceNanos, TimeUnit.NANOSECONDS);
    }

    void committed(int entries) {
        groupSize.record(entries);
    }

    void shipped() {
        shipped.increment();
    }

    void refused() {
        refused.increment();
    }

    @Override
    public synchronized void close() {
        meters.forEach(registry::remove);
        meters.clear();
    }

    private Counter counter(RecordingMetric metric) {
        return add(Counter.builder(metric.meter())
                .description(metric.description())
                .register(registry));
    }

    private <M extends Meter> M add(M meter) {
        meters.add(meter);
        return meter;
    }
}
