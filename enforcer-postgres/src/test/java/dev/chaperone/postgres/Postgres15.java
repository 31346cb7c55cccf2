package dev.chaperone.postgres;

import dev.chaperone.testkit.PostgresBackend;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.jspecify.annotations.Nullable;

/** A PostgreSQL of before the trees of utility statements were printed. */
final class Postgres15 implements PostgresBackend {

    private static final String HBA = "host all all 127.0.0.1/32 scram-sha-256\n";
    private static final String PASSWORD = "fifteen";

    private final EmbeddedPostgres server;

    private Postgres15(EmbeddedPostgres server) {
        this.server = server;
    }

    static Postgres15 start() {
        String jar = System.getProperty("postgres15");
        if (jar == null) {
            throw new IllegalStateException("the system property `postgres15` does not say where the binaries are");
        }
        try {
            Path data = Files.createTempDirectory("chaperone-postgres15");
            EmbeddedPostgres server = EmbeddedPostgres.builder()
                    .setPgBinaryResolver((system, architecture) -> URI.create(
                                    "jar:" + Path.of(jar).toUri() + "!/postgres-linux-x86_64.txz")
                            .toURL()
                            .openStream())
                    .setDataDirectory(data)
                    .setCleanDataDirectory(true)
                    .setServerConfig("password_encryption", "scram-sha-256")
                    .setServerConfig("max_prepared_transactions", "5")
                    .setOutputRedirector(ProcessBuilder.Redirect.DISCARD)
                    .setErrorRedirector(ProcessBuilder.Redirect.DISCARD)
                    .start();
            try (Connection connection = server.getPostgresDatabase().getConnection();
                    Statement statement = connection.createStatement()) {
                statement.execute("ALTER ROLE postgres PASSWORD '" + PASSWORD + "'");
                Files.writeString(data.resolve("pg_hba.conf"), HBA);
                statement.execute("SELECT pg_reload_conf()");
            }
            Postgres15 backend = new Postgres15(server);
            backend.awaitPasswords();
            return backend;
        } catch (IOException | SQLException e) {
            throw new IllegalStateException("PostgreSQL 15 did not start", e);
        }
    }

    private void awaitPasswords() throws SQLException {
        while (true) {
            try (Connection trusted = connect("postgres", "postgres", "not " + PASSWORD)) {
                trusted.getMetaData();
            } catch (SQLException e) {
                if ("28P01".equals(e.getSQLState())) {
                    return;
                }
                throw e;
            }
            Thread.onSpinWait();
        }
    }

    @Override
    public String host() {
        return "127.0.0.1";
    }

    @Override
    public int port() {
        return server.getPort();
    }

    @Override
    public String superuser() {
        return "postgres";
    }

    @Override
    public String superuserPassword() {
        return PASSWORD;
    }

    @Override
    public @Nullable Path certificate() {
        return null;
    }

    @Override
    public void close() {
        try {
            server.close();
        } catch (IOException e) {
            throw new IllegalStateException("PostgreSQL 15 did not stop", e);
        }
    }
}
