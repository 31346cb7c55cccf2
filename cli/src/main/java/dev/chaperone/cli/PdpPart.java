package dev.chaperone.cli;

import dev.chaperone.pdp.DecisionServer;
import dev.chaperone.pdp.PdpConfig;
import dev.chaperone.pdp.PolicyStatus;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** The wiring of a decision point. */
final class PdpPart implements Part {

    private final PdpConfig config;
    private final DecisionServer server;

    private PdpPart(PdpConfig config, DecisionServer server) {
        this.config = config;
        this.server = server;
    }

    /** Compiles the policies and listens; returns once it decides. */
    static PdpPart start(PdpConfig config, MeterRegistry meters) {
        DecisionServer server = new DecisionServer(config, meters);
        server.start();
        return new PdpPart(config, server);
    }

    /** The port that is listened on. */
    int port() {
        return server.port();
    }

    /** The policy in force. */
    PolicyStatus policy() {
        PolicyStatus status = server.policies().status();
        if (status == null) {
            throw new IllegalStateException("no policy is in force");
        }
        return status;
    }

    @Override
    public String name() {
        return "pdp";
    }

    @Override
    public List<String> banner() {
        PdpConfig.Tls tls = config.listen().tls();
        String hop = tls == null
                ? "PLAINTEXT: anyone who reaches the port can ask"
                : tls.clientCa() == null ? "TLS, any client" : "TLS, clients prove themselves";
        PolicyStatus policy = policy();
        List<String> lines = new ArrayList<>();
        lines.add("decides on " + config.listen().address() + ":" + port() + " (" + hop + ")");
        lines.add("policy " + policy.version() + ": " + policy.rules() + " rules, packs "
                + (config.packs().isEmpty() ? "none" : String.join(", ", config.packs())) + ", directory "
                + (config.policies() == null ? "none" : config.policies()));
        lines.add("sha-256 " + HexFormat.of().formatHex(policy.digest().toByteArray()));
        lines.add(
                config.catalog() == null
                        ? "NO CATALOG: every column counts as unknown"
                        : "PHI catalog " + config.catalog());
        return lines;
    }

    @Override
    public void check() {
        policy();
    }

    @Override
    public void close() {
        server.close();
    }
}
