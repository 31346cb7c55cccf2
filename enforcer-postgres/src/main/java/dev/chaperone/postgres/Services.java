package dev.chaperone.postgres;

import dev.chaperone.decision.v1.Mask;
import dev.chaperone.enforcer.Authenticator;
import dev.chaperone.enforcer.DecisionClient;
import dev.chaperone.enforcer.HoldGate;
import dev.chaperone.enforcer.MaskingFunction;
import dev.chaperone.enforcer.Recorder;
import dev.chaperone.enforcer.detect.Detectors;
import java.util.function.Function;

/** What every session with one database shares. */
record Services(
        PostgresConfig config,
        String enforcer,
        Authenticator authenticator,
        DecisionClient decisions,
        HoldGate holds,
        Recorder recorder,
        Function<Mask, MaskingFunction> masks,
        Detectors detectors,
        PostgresMeters meters,
        Upstream upstream,
        Sessions sessions) {

    /** What the database's statements touch. */
    Analyses analyses() {
        return upstream.analyses();
    }

    /** Opens connections to the database. */
    UpstreamConnector connector() {
        return upstream.connector();
    }
}
