package dev.chaperone.cli;

import dev.chaperone.audit.AuditSink;
import dev.chaperone.audit.SinkConfig;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.util.List;

/** The wiring of an audit sink. */
final class SinkPart implements Part {

    private final SinkConfig config;
    private final AuditSink sink;

    private SinkPart(SinkConfig config, AuditSink sink) {
        this.config = config;
        this.sink = sink;
    }

    /** Begins to store. */
    static SinkPart start(SinkConfig config, MeterRegistry meters) {
        AuditSink sink = new AuditSink(config, meters);
        try {
            sink.start();
        } catch (IOException e) {
            throw new CommandException(
                    "the ledger `" + config.ledger() + "` cannot be written (" + e.getMessage()
                            + "); check `sink.ledger`",
                    e);
        }
        return new SinkPart(config, sink);
    }

    @Override
    public String name() {
        return "sink";
    }

    @Override
    public List<String> banner() {
        return List.of(
                "stores topic " + config.topic() + " of Kafka at " + config.bootstrapServers() + " in "
                        + config.ledger(),
                "NOT YET: no Merkle log and no checkpoints; evidence rests on the enforcers' signed chains");
    }

    @Override
    public void check() {
        sink.check();
    }

    @Override
    public void close() {
        sink.close();
    }
}
