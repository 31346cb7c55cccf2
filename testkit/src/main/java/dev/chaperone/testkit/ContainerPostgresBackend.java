package dev.chaperone.testkit;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.testcontainers.postgresql.PostgreSQLContainer;

/** PostgreSQL in a container, where an engine answers. */
final class ContainerPostgresBackend implements PostgresBackend {

    private static final String IMAGE = "postgres:";

    private final PostgreSQLContainer container;

    private ContainerPostgresBackend(PostgreSQLContainer container) {
        this.container = container;
    }

    static ContainerPostgresBackend start(PostgresOptions options) {
        if (options.directory() != null || options.port() != 0 || options.tls()) {
            throw new IllegalStateException(
                    "a fixed directory, a fixed port and TLS need the embedded PostgreSQL; set CHAPERONE_BACKENDS to `embedded`");
        }
        Containers.requireEngine();
        PostgreSQLContainer container = new PostgreSQLContainer(IMAGE + options.major()).withUsername("postgres");
        container.start();
        return new ContainerPostgresBackend(container);
    }

    @Override
    public String host() {
        return container.getHost();
    }

    @Override
    public int port() {
        return container.getMappedPort(PostgreSQLContainer.POSTGRESQL_PORT);
    }

    @Override
    public String superuser() {
        return container.getUsername();
    }

    @Override
    public String superuserPassword() {
        return container.getPassword();
    }

    @Override
    public @Nullable Path certificate() {
        return null;
    }

    @Override
    public void close() {
        container.stop();
    }
}
