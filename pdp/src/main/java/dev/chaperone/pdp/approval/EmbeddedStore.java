package dev.chaperone.pdp.approval;

import dev.chaperone.proto.Secret;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Map;

/**
 * A PostgreSQL of our own, for one node: a child process at a free port of the loopback address, whose data stays in a
 * directory. Whoever connects needs the password that lies in that directory for this user alone.
 */
final class EmbeddedStore implements AutoCloseable {

    private static final String SUPERUSER = "postgres";
    private static final String HBA = """
            local all all scram-sha-256
            host all all 127.0.0.1/32 scram-sha-256
            """;
    private static final Map<String, String> SETTINGS = Map.of(
            "shared_buffers", "16MB",
            "max_connections", "220",
            "max_wal_size", "128MB",
            "listen_addresses", "127.0.0.1",
            "unix_socket_directories", "",
            "password_encryption", "scram-sha-256",
            "fsync", "on",
            "log_min_messages", "error");

    private final EmbeddedPostgres server;
    private final String password;

    private EmbeddedStore(EmbeddedPostgres server, String password) {
        this.server = server;
        this.password = password;
    }

    /**
     * Starts it; creates its data when there are none.
     *
     * @throws ApprovalException when it does not start
     */
    static EmbeddedStore start(Path directory) {
        try {
            Files.createDirectories(directory);
            String password = password(directory.resolve("superuser-password"));
            Path data = directory.toAbsolutePath().resolve("data");
            EmbeddedPostgres.Builder builder = EmbeddedPostgres.builder()
                    .setDataDirectory(data)
                    .setCleanDataDirectory(false)
                    .setConnectConfig("password", password)
                    .setPGStartupWait(Duration.ofSeconds(60))
                    .setOutputRedirector(ProcessBuilder.Redirect.DISCARD)
                    .setErrorRedirector(ProcessBuilder.Redirect.DISCARD);
            SETTINGS.forEach(builder::setServerConfig);
            EmbeddedStore store = new EmbeddedStore(builder.start(), password);
            try {
                store.requirePasswords(data.resolve("pg_hba.conf"));
                return store;
            } catch (IOException | SQLException | RuntimeException e) {
                store.close();
                throw e;
            }
        } catch (IOException | SQLException e) {
            throw new ApprovalException(
                    ApprovalException.Problem.UNAVAILABLE,
                    "the embedded PostgreSQL in `" + directory + "` did not start (" + e.getMessage()
                            + "); see whether another process owns it, or configure the `url` of a database",
                    e);
        }
    }

    private static String password(Path file) throws IOException {
        if (!Files.exists(file)) {
            byte[] random = new byte[24];
            new SecureRandom().nextBytes(random);
            Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Files.writeString(file, HexFormat.of().formatHex(random));
        }
        return Files.readString(file).strip();
    }

    /** The server is initialised trusting everybody of this machine; from here on nobody connects without the password. */
    private void requirePasswords(Path hba) throws IOException, SQLException {
        if (Files.readString(hba).equals(HBA)) {
            return;
        }
        try (Connection connection = DriverManager.getConnection(url(), SUPERUSER, password);
                Statement statement = connection.createStatement()) {
            statement.execute("ALTER ROLE " + SUPERUSER + " PASSWORD '" + password + "'");
            Files.writeString(hba, HBA);
            statement.execute("SELECT pg_reload_conf()");
        }
        awaitPasswords();
    }

    private void awaitPasswords() throws SQLException {
        long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (System.nanoTime() - deadline < 0) {
            try (Connection refused = DriverManager.getConnection(url(), SUPERUSER, "not " + password)) {
                refused.getMetaData();
            } catch (SQLException e) {
                if ("28P01".equals(e.getSQLState())) {
                    return;
                }
                throw e;
            }
            Thread.onSpinWait();
        }
        throw new SQLException("the server still trusts every connection 30 s after it was told not to");
    }

    private String url() {
        return "jdbc:postgresql://127.0.0.1:" + server.getPort() + "/postgres";
    }

    /** How to connect to it. */
    ApprovalsConfig.Store store(int connections) {
        return new ApprovalsConfig.Store(url(), SUPERUSER, new Secret(password), Path.of(""), connections);
    }

    @Override
    public void close() {
        try {
            server.close();
        } catch (IOException e) {
            throw new IllegalStateException("the embedded PostgreSQL did not stop: " + e.getMessage(), e);
        }
    }
}
