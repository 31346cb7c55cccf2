package dev.chaperone.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PostgresBackendIT {

    @Test
    void keepsDataOverARestartAndDemandsPasswordsAndOffersTls(@TempDir Path directory) throws SQLException {
        PostgresOptions options =
                PostgresOptions.temporary().withDirectory(directory).withTls();
        try (PostgresBackend first = Backends.postgres(options)) {
            assertThat(first.createDatabase("clinic")).isTrue();
            first.executeIn("clinic", "CREATE TABLE t (a int)", "INSERT INTO t VALUES (42)");
            first.createRole("agent", "it's secret");
            assertThatThrownBy(() -> first.connect("clinic", "agent", "wrong"))
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("28P01"));
        }
        try (PostgresBackend second = Backends.postgres(options)) {
            assertThat(second.createDatabase("clinic")).isFalse();
            assertThat(one(second.connect("clinic"), "SELECT a::text FROM t")).isEqualTo("42");
            assertThat(one(second.connect("clinic", "agent", "it's secret"), "SELECT current_user"))
                    .isEqualTo("agent");
            Connection encrypted = DriverManager.getConnection(
                    second.jdbcUrl("postgres") + "?sslmode=verify-full&sslrootcert=" + second.certificate(),
                    second.superuser(),
                    second.superuserPassword());
            assertThat(one(encrypted, "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()"))
                    .startsWith("TLSv1.3");
        }
    }

    private static String one(Connection connection, String sql) throws SQLException {
        try (connection;
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            assertThat(rows.next()).isTrue();
            return rows.getString(1);
        }
    }
}
