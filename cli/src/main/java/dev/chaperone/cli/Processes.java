package dev.chaperone.cli;

import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Everything that a configuration names, in one process. Stops in the order in which nothing is lost, whatever the order of
 * the start was: enforcers with their recorders, then the sink, then the decision point.
 */
final class Processes implements AutoCloseable {

    private final ChaperoneConfig config;
    private final PrometheusMeterRegistry meters = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final JvmGcMetrics collections = new JvmGcMetrics();
    private final List<PostgresPart> enforcers = new ArrayList<>();
    private @Nullable PdpPart pdp;
    private @Nullable SinkPart sink;
    private @Nullable ManagementServer management;

    /** Starts nothing yet. */
    Processes(ChaperoneConfig config) {
        this.config = config;
        new JvmMemoryMetrics().bindTo(meters);
        collections.bindTo(meters);
        new JvmThreadMetrics().bindTo(meters);
        new ProcessorMetrics().bindTo(meters);
        new UptimeMetrics().bindTo(meters);
    }

    /**
     * Starts everything that is configured, what others need first; closes what was started when something fails.
     *
     * @throws CommandException when the configuration names no part
     */
    static Processes start(ChaperoneConfig config) {
        if (config.pdp() == null && config.sink() == null && config.postgres().isEmpty()) {
            throw new CommandException("the configuration names nothing to start; add `pdp`, `postgres` or `sink`");
        }
        Processes processes = new Processes(config);
        try {
            processes.startPdp();
            processes.startSink();
            processes.startEnforcers();
            processes.startManagement();
            return processes;
        } catch (RuntimeException e) {
            processes.close();
            throw e;
        }
    }

    /** Starts the decision point if one is configured; takes seconds. */
    void startPdp() {
        if (config.pdp() != null) {
            PdpPart started = PdpPart.start(config.pdp(), config.approvals(), meters);
            synchronized (this) {
                pdp = started;
            }
        }
    }

    /** Starts the sink if one is configured. */
    void startSink() {
        if (config.sink() != null) {
            SinkPart started = SinkPart.start(config.sink(), meters);
            synchronized (this) {
                sink = started;
            }
        }
    }

    /** Starts every configured enforcer; they need the decision point. */
    void startEnforcers() {
        new TreeMap<>(config.postgres()).forEach((name, section) -> {
            PostgresPart started = PostgresPart.start(name, section, meters);
            synchronized (this) {
                enforcers.add(started);
            }
        });
    }

    /** Answers for the health of what was started. */
    synchronized void startManagement() {
        if (config.management().enabled()) {
            management = ManagementServer.start(config.management(), parts(), meters);
        }
    }

    /** What runs, and what each part does and does not do. */
    synchronized List<String> banner() {
        List<String> lines = new ArrayList<>();
        lines.add("chaperone " + Version.number());
        for (Part part : parts()) {
            lines.add("");
            lines.add(part.name());
            part.banner().forEach(line -> lines.add("  " + line));
        }
        if (management != null) {
            lines.add("");
            lines.add("health and metrics on port " + management.port() + ": /healthz, /metrics");
        }
        return lines;
    }

    /** The started parts: what others need first. */
    synchronized List<Part> parts() {
        List<Part> parts = new ArrayList<>();
        if (pdp != null) {
            parts.add(pdp);
        }
        if (sink != null) {
            parts.add(sink);
        }
        parts.addAll(enforcers);
        return parts;
    }

    /** The started enforcers. */
    synchronized List<PostgresPart> enforcers() {
        return List.copyOf(enforcers);
    }

    /** The decision point; null when none was started. */
    synchronized @Nullable PdpPart pdp() {
        return pdp;
    }

    /** Where health and metrics are served; 0 when they are not. */
    synchronized int managementPort() {
        return management == null ? 0 : management.port();
    }

    @Override
    public void close() {
        Closing closing = new Closing();
        synchronized (this) {
            closing.add(meters::close);
            closing.add(collections);
            parts().forEach(closing::add);
            if (management != null) {
                closing.add(management);
            }
            pdp = null;
            sink = null;
            enforcers.clear();
            management = null;
        }
        closing.close();
    }
}
