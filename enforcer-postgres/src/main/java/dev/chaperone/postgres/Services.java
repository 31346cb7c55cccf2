package dev.chaperone.postgres;

import dev.chaperone.decision.v1.Mask;
import dev.chaperone.enforcer.Authenticator;
import dev.chaperone.enforcer.DecisionClient;
import dev.chaperone.enforcer.MaskingFunction;
import dev.chaperone.enforcer.Recorder;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.function.Function;

/** What every session of an enforcer shares. */
record Services(
        PostgresConfig config,
        String enforcer,
        Authenticator authenticator,
        DecisionClient decisions,
        Recorder recorder,
        Function<Mask, MaskingFunction> masks,
        MeterRegistry meters,
        Analyses analyses,
        UpstreamConnector connector,
        Sessions sessions) {}
