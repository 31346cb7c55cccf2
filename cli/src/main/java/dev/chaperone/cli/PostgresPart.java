package dev.chaperone.cli;

import dev.chaperone.enforcer.GrpcDecisionClient;
import dev.chaperone.enforcer.GrpcHoldGate;
import dev.chaperone.enforcer.HoldGate;
import dev.chaperone.enforcer.MaskingFunctions;
import dev.chaperone.enforcer.OidcAuthenticator;
import dev.chaperone.enforcer.RecordingConfig;
import dev.chaperone.enforcer.SpoolRecorder;
import dev.chaperone.enforcer.detect.Detectors;
import dev.chaperone.postgres.PostgresConfig;
import dev.chaperone.postgres.PostgresEnforcer;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/** The wiring of a PostgreSQL enforcer. */
final class PostgresPart implements Part {

    private final String enforcerName;
    private final PostgresSection config;
    private final PostgresEnforcer enforcer;
    private final SpoolRecorder recorder;
    private final GrpcDecisionClient decisions;
    private final Closing closing;

    private PostgresPart(
            String enforcerName,
            PostgresSection config,
            PostgresEnforcer enforcer,
            SpoolRecorder recorder,
            GrpcDecisionClient decisions,
            Closing closing) {
        this.enforcerName = enforcerName;
        this.config = config;
        this.enforcer = enforcer;
        this.recorder = recorder;
        this.decisions = decisions;
        this.closing = closing;
    }

    /** Loads keys, recovers the spool, checks the upstream, listens; in the order in which each needs the one before. */
    static PostgresPart start(String name, PostgresSection config, MeterRegistry meters) {
        Closing closing = new Closing();
        try {
            MaskingFunctions masks = new MaskingFunctions(config.masking().pseudonymKey());
            OidcAuthenticator authenticator = closing.add(new OidcAuthenticator(config.identity()));
            authenticator.start();
            GrpcDecisionClient decisions = closing.add(GrpcDecisionClient.connect(config.decisions(), name, meters));
            HoldGate holds = config.approvals() ? closing.add(GrpcHoldGate.connect(config.decisions())) : HoldGate.NONE;
            SpoolRecorder recorder = closing.add(new SpoolRecorder(config.recording(), name, meters));
            recorder.start();
            PostgresEnforcer enforcer = closing.add(new PostgresEnforcer(
                    config.postgres(),
                    name,
                    authenticator,
                    decisions,
                    holds,
                    recorder,
                    masks::of,
                    new Detectors(config.detection()),
                    meters));
            enforcer.start();
            return new PostgresPart(name, config, enforcer, recorder, decisions, closing);
        } catch (RuntimeException e) {
            closing.close();
            throw e;
        }
    }

    /** The port that is listened on. */
    int port() {
        return enforcer.port();
    }

    @Override
    public String name() {
        return "postgres." + enforcerName;
    }

    @Override
    public List<String> banner() {
        PostgresConfig.Listen listen = config.listen();
        List<String> lines = new ArrayList<>();
        lines.add("guards " + String.join(", ", config.upstreams().keySet()) + " for clients of "
                + String.join(" and ", enforcer.addresses()) + " ("
                + (listen.tls() == null
                        ? "PLAINTEXT"
                                + (listen.requireTls() ? ", from this machine only" : ": tokens can be read on the way")
                        : listen.requireTls() ? "TLS, plaintext from this machine only" : "TLS OFFERED, NOT REQUIRED")
                + ")");
        config.upstreams()
                .forEach((name, upstream) -> lines.add("upstream " + name + " is " + upstream.user() + "@"
                        + upstream.host() + ":"
                        + upstream.port() + "/" + upstream.database() + " (" + upstreamHop(upstream.tls()) + ")"
                        + (upstream.role().allow().isEmpty()
                                ? ""
                                : ", ALLOWED FOR ITS ROLE: "
                                        + String.join(", ", upstream.role().allow()))
                        + (upstream.allowTrust() ? ", TRUST AUTHENTICATION ALLOWED" : "")));
        lines.add("tokens of " + config.identity().issuer() + " for "
                + String.join(", ", config.identity().audiences()));
        lines.add("decisions from " + String.join(", ", config.decisions().targets()) + " within "
                + config.decisions().deadline().toMillis() + " ms, else deny");
        lines.add("records before it releases: " + durability(config.recording().durability()) + ", to Kafka at "
                + config.recording().kafka().bootstrapServers());
        lines.add(
                config.zones().isEmpty()
                        ? "NO ZONES: policies cannot tell where data goes"
                        : "clients' networks: "
                                + String.join(", ", new TreeSet<>(config.zones().keySet()))
                                + "; whoever is in none is elsewhere");
        lines.add(
                config.approvals()
                        ? "what a policy holds waits for people"
                        : "NO APPROVALS: whatever a policy holds is refused");
        return lines;
    }

    private static String upstreamHop(PostgresConfig.TlsMode mode) {
        return switch (mode) {
            case DISABLE -> "PLAINTEXT";
            case REQUIRE -> "TLS, ANY CERTIFICATE";
            case VERIFY_FULL -> "TLS, verified";
        };
    }

    private static String durability(RecordingConfig.Durability durability) {
        return switch (durability) {
            case SPOOL -> "synced to this machine's disk";
            case QUORUM -> "synced to disk and acknowledged by Kafka";
            case RELAXED -> "RELAXED, a power failure loses records";
        };
    }

    @Override
    public void check() {
        recorder.check();
        if (!decisions.isConnected()) {
            throw new IllegalStateException("the decision point does not answer");
        }
        enforcer.check();
    }

    @Override
    public void close() {
        closing.close();
    }
}
