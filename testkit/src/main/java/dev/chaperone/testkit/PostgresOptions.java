package dev.chaperone.testkit;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * How a PostgreSQL is started.
 *
 * @param directory where its data, its certificate and its superuser's password stay over restarts; null for a temporary
 *     directory, which {@code close} deletes. Containers keep nothing and refuse a directory
 * @param port port at the loopback address; 0 takes a free one
 * @param tls true for a server that offers TLS with a self-signed certificate
 * @param major its major version, one that {@link PostgresMajors} knows
 */
public record PostgresOptions(@Nullable Path directory, int port, boolean tls, int major) {

    public PostgresOptions {
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("`" + port + "` is not a port; write 1 to 65535, or 0 for a free one");
        }
        PostgresMajors.checked(major);
    }

    /** A free port, a temporary directory, no TLS, the major version that was chosen for the tests. */
    public static PostgresOptions temporary() {
        return new PostgresOptions(null, 0, false, PostgresMajors.chosen());
    }

    /** The same with TLS offered. */
    public PostgresOptions withTls() {
        return new PostgresOptions(directory, port, true, major);
    }

    /** The same at a fixed port. */
    public PostgresOptions withPort(int fixed) {
        return new PostgresOptions(directory, fixed, tls, major);
    }

    /** The same, keeping its data. */
    public PostgresOptions withDirectory(Path kept) {
        return new PostgresOptions(kept, port, tls, major);
    }

    /** The same in another major version. */
    public PostgresOptions withMajor(int version) {
        return new PostgresOptions(directory, port, tls, version);
    }
}
