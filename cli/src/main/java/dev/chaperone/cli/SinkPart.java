package dev.chaperone.cli;

import dev.chaperone.audit.AuditSink;
import dev.chaperone.audit.EvidenceConfig;
import dev.chaperone.audit.EvidenceServer;
import dev.chaperone.audit.SinkConfig;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The wiring of an audit sink. */
final class SinkPart implements Part {

    private final SinkConfig config;
    private final AuditSink sink;
    private final @Nullable EvidenceServer evidence;

    private SinkPart(SinkConfig config, AuditSink sink, @Nullable EvidenceServer evidence) {
        this.config = config;
        this.sink = sink;
        this.evidence = evidence;
    }

    /** Begins to store, and to answer questions where that is configured. */
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
        try {
            EvidenceConfig answers = config.evidence();
            return new SinkPart(
                    config, sink, answers == null ? null : EvidenceServer.start(answers, config.ledger(), sink));
        } catch (IOException | RuntimeException e) {
            sink.close();
            throw new CommandException("evidence cannot be served: " + e.getMessage() + "; check `sink.evidence`", e);
        }
    }

    /** Where evidence is served; 0 when it is not, or to this process alone. */
    int evidencePort() {
        return evidence == null ? 0 : evidence.port();
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
                evidence(),
                "NOT YET: no Merkle log and no checkpoints; evidence rests on the enforcers' signed chains");
    }

    private String evidence() {
        EvidenceConfig answers = config.evidence();
        if (answers == null) {
            return "no console can search or replay sessions";
        }
        EvidenceConfig.Listen listen = answers.listen();
        String where = listen == null
                ? "this process alone"
                : listen.address() + ":" + evidencePort()
                        + (listen.plaintext() ? " (PLAINTEXT: every process here can ask)" : " (mutual TLS)");
        return "answers consoles on " + where + "; who asked is in " + config.ledger() + "/evidence-access.jsonl";
    }

    @Override
    public void check() {
        sink.check();
        if (evidence != null) {
            evidence.check();
        }
    }

    @Override
    public void close() {
        if (evidence != null) {
            evidence.close();
        }
        sink.close();
    }
}
