package dev.chaperone.cli;

import dev.chaperone.pdp.DecisionServer;
import dev.chaperone.pdp.PdpConfig;
import dev.chaperone.pdp.PolicyStatus;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The wiring of a decision point. */
final class PdpPart implements Part {

    private final PdpConfig config;
    private final DecisionServer server;
    private final @Nullable ApprovalsPart approvals;

    private PdpPart(PdpConfig config, DecisionServer server, @Nullable ApprovalsPart approvals) {
        this.config = config;
        this.server = server;
        this.approvals = approvals;
    }

    /** Opens approvals if there are to be any, compiles the policies and listens; returns once it decides. */
    static PdpPart start(PdpConfig config, @Nullable ApprovalsSection approvals, MeterRegistry meters) {
        DecisionServer server = new DecisionServer(config, meters);
        ApprovalsPart people = null;
        try {
            people = approvals == null ? null : ApprovalsPart.start(approvals, server, meters);
            server.start();
            return new PdpPart(config, server, people);
        } catch (RuntimeException e) {
            server.close();
            if (people != null) {
                people.close();
            }
            throw e;
        }
    }

    /** The approval service beside it; null for none. */
    @Nullable
    ApprovalsPart approvals() {
        return approvals;
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
        if (approvals == null) {
            lines.add("NO APPROVALS: nobody can be asked about what a policy holds");
        } else {
            lines.addAll(approvals.banner());
            if (!config.listen().admitsOnlyProven() && !config.listen().isLoopback()) {
                lines.add("UNPROVEN ENFORCERS: whoever reaches the decision point can open and redeem approvals");
            }
        }
        return lines;
    }

    @Override
    public void check() {
        policy();
        if (approvals != null) {
            approvals.check();
        }
    }

    @Override
    public void close() {
        if (approvals != null) {
            approvals.drain();
        }
        server.close();
        if (approvals != null) {
            approvals.close();
        }
    }
}
