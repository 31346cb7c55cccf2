package dev.chaperone.postgres;

import dev.chaperone.decision.v1.Mask;
import dev.chaperone.enforcer.Authenticator;
import dev.chaperone.enforcer.DecisionClient;
import dev.chaperone.enforcer.MaskingFunction;
import dev.chaperone.enforcer.Recorder;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.function.Function;

/**
 * The PostgreSQL enforcer: listens for clients, and guards one upstream database.
 *
 * <p>It owns none of its collaborators: close them after the enforcer.
 */
public final class PostgresEnforcer implements AutoCloseable {

    private final PostgresConfig config;

    /**
     * Makes an enforcer that does nothing yet.
     *
     * @param enforcerName the configured name, as it appears in decisions and records
     * @param masks gives the function that a mask obligation names; throws {@code EnforcementException} for one that it does
     *     not know
     */
    public PostgresEnforcer(
            PostgresConfig config,
            String enforcerName,
            Authenticator authenticator,
            DecisionClient decisions,
            Recorder recorder,
            Function<Mask, MaskingFunction> masks,
            MeterRegistry meters) {
        this.config = config;
    }

    /**
     * Checks the upstream and its role, then listens. Blocks until both are done.
     *
     * @throws dev.chaperone.enforcer.EnforcementException when the upstream cannot be reached, or its role may do more than
     *     the configuration allows
     */
    public void start() {}

    /**
     * Whether a new session could be served now. Blocks for at most the connect timeout.
     *
     * @throws dev.chaperone.enforcer.EnforcementException saying what is wrong
     */
    public void check() {}

    /** The TCP port that is listened on. */
    public int port() {
        return config.listen().port();
    }

    /** Refuses new sessions, lets running requests finish within the configured bound, then ends every session. */
    @Override
    public void close() {}
}
