package dev.chaperone.pdp.console;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.function.Supplier;

/** Every metric of the console, with its meaning. None says who did what. */
public enum ConsoleMetric {
    /** Time to answer a request, by what kind of path it is for and by HTTP status. */
    REQUESTS("chaperone.console.requests", "time to answer a request, by kind of path and HTTP status"),
    /** Sign-ins that succeeded. */
    SIGN_INS("chaperone.console.signins", "sign-ins that succeeded"),
    /** Browsers that are connected. */
    CONNECTIONS("chaperone.console.connections", "connections of browsers");

    private final String id;
    private final String description;

    ConsoleMetric(String id, String description) {
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

    Counter counter(MeterRegistry registry) {
        return Counter.builder(id).description(description).register(registry);
    }

    void gauge(MeterRegistry registry, Supplier<Number> value) {
        Gauge.builder(id, value).description(description).register(registry);
    }
}
