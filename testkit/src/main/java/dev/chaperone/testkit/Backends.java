package dev.chaperone.testkit;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Starts real backends for tests and for the demonstration. One switch says where they run: the system property
 * {@code chaperone.backends}, else the environment variable {@code CHAPERONE_BACKENDS}, is {@code embedded} (in this process
 * and its children; no container engine needed), {@code containers} (Testcontainers) or {@code auto} (the default: embedded).
 */
public final class Backends {

    /** Where backends run. */
    public enum Mode {
        /** In this process and its children, from the class path. */
        EMBEDDED,
        /** In containers; an engine has to answer. */
        CONTAINERS
    }

    private Backends() {}

    /**
     * The chosen mode.
     *
     * @throws IllegalArgumentException when the switch says something else than the class description lists
     */
    public static Mode mode() {
        return mode(System.getProperty("chaperone.backends", System.getenv("CHAPERONE_BACKENDS")));
    }

    static Mode mode(@Nullable String configured) {
        String text = configured == null ? "auto" : configured.strip().toLowerCase(Locale.ROOT);
        return switch (text) {
            case "", "auto", "embedded" -> Mode.EMBEDDED;
            case "containers" -> Mode.CONTAINERS;
            default ->
                throw new IllegalArgumentException("CHAPERONE_BACKENDS is `" + configured
                        + "`; write `embedded`, `containers` or `auto`, or leave it out");
        };
    }

    /** Starts a PostgreSQL on a free port with a temporary data directory. */
    public static PostgresBackend postgres() {
        return postgres(PostgresOptions.temporary());
    }

    /**
     * Starts a PostgreSQL.
     *
     * @throws IllegalStateException when it does not start
     */
    public static PostgresBackend postgres(PostgresOptions options) {
        return switch (mode()) {
            case EMBEDDED -> EmbeddedPostgresBackend.start(options);
            case CONTAINERS -> ContainerPostgresBackend.start(options);
        };
    }

    /** Starts a Kafka broker on a free port with a temporary log directory. */
    public static KafkaBackend kafka() {
        return kafka(KafkaOptions.temporary());
    }

    /**
     * Starts a Kafka broker.
     *
     * @throws IllegalStateException when it does not start
     */
    public static KafkaBackend kafka(KafkaOptions options) {
        KafkaBackend backend = switch (mode()) {
            case EMBEDDED -> new EmbeddedKafkaBackend(options);
            case CONTAINERS -> new ContainerKafkaBackend(options);
        };
        backend.start();
        return backend;
    }

    /** Starts an OIDC provider on a free port. */
    public static OidcBackend oidc() {
        return oidc(0);
    }

    /**
     * Starts an OIDC provider.
     *
     * @param port the port to listen on at 127.0.0.1; 0 takes a free one
     */
    public static OidcBackend oidc(int port) {
        return new OidcBackend(
                switch (mode()) {
                    case EMBEDDED -> OidcServer.embedded(port);
                    case CONTAINERS -> OidcServer.container(port);
                });
    }
}
