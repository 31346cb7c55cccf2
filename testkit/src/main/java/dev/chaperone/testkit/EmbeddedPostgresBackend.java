package dev.chaperone.testkit;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** PostgreSQL as a child process. */
final class EmbeddedPostgresBackend implements PostgresBackend {

    private static final String SUPERUSER = "postgres";
    private static final String HBA = """
            local all all scram-sha-256
            host all all 127.0.0.1/32 scram-sha-256
            host all all ::1/128 scram-sha-256
            """;
    private static final Map<String, String> SMALL = Map.of(
            "shared_buffers", "16MB",
            "max_connections", "60",
            "max_wal_size", "128MB",
            "listen_addresses", "127.0.0.1",
            "password_encryption", "scram-sha-256",
            "log_min_messages", "error");

    /** What a socket's path may take on every platform, less the socket's own name. */
    private static final int LONGEST_SOCKET_DIRECTORY = 80;

    private final EmbeddedPostgres server;
    private final Path directory;
    private final boolean temporary;
    private final String password;
    private final @Nullable Path certificate;

    private EmbeddedPostgresBackend(
            EmbeddedPostgres server, Path directory, boolean temporary, String password, @Nullable Path certificate) {
        this.server = server;
        this.directory = directory;
        this.temporary = temporary;
        this.password = password;
        this.certificate = certificate;
    }

    static EmbeddedPostgresBackend start(PostgresOptions options) {
        boolean temporary = options.directory() == null;
        try {
            Path directory = Directories.prepare(options.directory(), "chaperone-postgres");
            if (temporary) {
                PostgresTemplate.copyTo(directory, options.major(), template -> initialise(options.major(), template));
            }
            return start(options, directory, temporary);
        } catch (IOException | SQLException e) {
            throw new IllegalStateException("the embedded PostgreSQL did not start: " + e.getMessage(), e);
        }
    }

    private static void initialise(int major, Path directory) {
        try {
            start(PostgresOptions.temporary().withMajor(major), directory, false)
                    .close();
        } catch (IOException | SQLException e) {
            throw new IllegalStateException("the embedded PostgreSQL was not initialised: " + e.getMessage(), e);
        }
    }

    private static EmbeddedPostgresBackend start(PostgresOptions options, Path directory, boolean temporary)
            throws IOException, SQLException {
        String password = password(directory.resolve("superuser-password"));
        Path data = directory.resolve("data");
        EmbeddedPostgres.Builder builder = EmbeddedPostgres.builder()
                .setDataDirectory(data)
                .setCleanDataDirectory(false)
                .setPort(options.port())
                .setConnectConfig("password", password)
                .setPGStartupWait(Duration.ofSeconds(60))
                .setOutputRedirector(ProcessBuilder.Redirect.DISCARD)
                .setErrorRedirector(ProcessBuilder.Redirect.DISCARD);
        if (!PostgresMajors.onClassPath(options.major())) {
            builder.setPgBinaryResolver(PostgresMajors.binaries(options.major()));
        }
        SMALL.forEach(builder::setServerConfig);
        builder.setServerConfig("unix_socket_directories", hasSocket(directory) ? directory.toString() : "");
        if (options.directory() != null) {
            builder.setServerConfig("fsync", "on");
        } else {
            // What it finds out changes the plans that tests compare, at a time of its own.
            builder.setServerConfig("autovacuum", "off");
            builder.setServerConfig("max_prepared_transactions", "5");
        }
        Path certificate = null;
        if (options.tls()) {
            SelfSigned selfSigned = SelfSigned.in(directory);
            certificate = selfSigned.certificate();
            builder.setServerConfig("ssl", "on")
                    .setServerConfig("ssl_cert_file", certificate.toString())
                    .setServerConfig("ssl_key_file", selfSigned.key().toString());
        }
        EmbeddedPostgres server = builder.start();
        EmbeddedPostgresBackend backend =
                new EmbeddedPostgresBackend(server, directory, temporary, password, certificate);
        backend.requirePasswords(data, options);
        return backend;
    }

    private static boolean hasSocket(Path directory) {
        return directory.toString().length() <= LONGEST_SOCKET_DIRECTORY;
    }

    private static String password(Path file) throws IOException {
        if (!Files.exists(file)) {
            byte[] random = new byte[16];
            new SecureRandom().nextBytes(random);
            Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Files.writeString(file, HexFormat.of().formatHex(random));
        }
        return Files.readString(file).strip();
    }

    /** The server is initialised trusting everybody; from here on nobody connects without a password. */
    private void requirePasswords(Path data, PostgresOptions options) throws IOException, SQLException {
        Path hba = data.resolve("pg_hba.conf");
        if (Files.readString(hba).equals(HBA)) {
            return;
        }
        try (Connection connection = connect("postgres");
                Statement statement = connection.createStatement()) {
            if (options.directory() == null && options.major() >= 16) {
                // Passwords that live as long as a test need not be slow to guess; with the usual 4096 rounds most of
                // what
                // the tests' processors did was to log in.
                statement.execute("ALTER SYSTEM SET scram_iterations = 1");
                statement.execute("SET scram_iterations = 1");
            }
            statement.execute("ALTER ROLE " + SUPERUSER + " PASSWORD '" + password + "'");
            Files.writeString(hba, HBA);
            statement.execute("SELECT pg_reload_conf()");
        }
        awaitPasswords();
    }

    private void awaitPasswords() throws SQLException {
        long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (System.nanoTime() - deadline < 0) {
            try (Connection refused = connect("postgres", SUPERUSER, "not " + password)) {
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

    @Override
    public String host() {
        return "127.0.0.1";
    }

    @Override
    public int port() {
        return server.getPort();
    }

    @Override
    public @Nullable Path socketDirectory() {
        return hasSocket(directory) ? directory : null;
    }

    @Override
    public String superuser() {
        return SUPERUSER;
    }

    @Override
    public String superuserPassword() {
        return password;
    }

    @Override
    public @Nullable Path certificate() {
        return certificate;
    }

    @Override
    public void close() {
        try {
            server.close();
        } catch (IOException e) {
            throw new IllegalStateException("the embedded PostgreSQL did not stop: " + e.getMessage(), e);
        }
        if (temporary) {
            Directories.delete(directory);
        }
    }
}
