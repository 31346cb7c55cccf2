package dev.chaperone.cli;

import dev.chaperone.audit.SinkConfig;
import dev.chaperone.pdp.PdpConfig;
import dev.chaperone.proto.Setting;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A whole configuration file: what each process does that is named in it.
 *
 * @param pdp the decision point, or null when it runs elsewhere
 * @param approvals the decision point's approval service, or null when it has none
 * @param postgres PostgreSQL enforcers by name; the name appears in decisions, records and metrics
 * @param sink the audit sink, or null when it runs elsewhere
 * @param management where the process answers for its health
 */
record ChaperoneConfig(
        @Setting(value = "the decision point; left out when it runs in another process", optional = true) @Nullable
        PdpConfig pdp,

        @Setting(
                value = "the decision point's approval service, where people decide on what policies hold; without it"
                        + " that is refused",
                optional = true)
        @Nullable
        ApprovalsSection approvals,

        @Setting(
                value = "PostgreSQL enforcers by name; the name appears in decisions, records and metrics",
                defaultValue = "{}")
        Map<String, PostgresSection> postgres,

        @Setting(value = "the audit sink; left out when it runs in another process", optional = true) @Nullable
        SinkConfig sink,

        @Setting("where the process answers for its own health")
        ManagementConfig management) {

    ChaperoneConfig {
        postgres = Map.copyOf(postgres);
        if (approvals != null && pdp == null) {
            throw new IllegalArgumentException("`approvals` is part of a decision point, and there is no `pdp`");
        }
        if (pdp != null && approvals != null) {
            requireProvenEnforcers(pdp.listen(), approvals);
        }
        for (String name : postgres.keySet()) {
            if (!name.matches("[a-z0-9][a-z0-9-]{0,62}")) {
                throw new IllegalArgumentException("the enforcer's name `" + name
                        + "` cannot be used; write lower-case letters, digits and hyphens, at most 63");
            }
        }
    }

    /** Whoever may ask for decisions may redeem what people have granted: that takes proof. */
    private static void requireProvenEnforcers(PdpConfig.Listen listen, ApprovalsSection approvals) {
        if (!listen.admitsOnlyProven() && !listen.isLoopback() && !approvals.unprovenEnforcers()) {
            throw new IllegalArgumentException("whoever reaches `pdp.listen` at `" + listen.address()
                    + "` could open, withdraw and redeem approvals; name the authorities of enforcers' certificates in"
                    + " `pdp.listen.tls.client-ca`, listen on a loopback address, or accept it with"
                    + " `approvals.unproven-enforcers: true`");
        }
    }
}
