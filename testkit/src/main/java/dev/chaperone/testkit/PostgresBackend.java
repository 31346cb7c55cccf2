package dev.chaperone.testkit;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/** A running PostgreSQL that authenticates every connection by SCRAM-SHA-256. */
public interface PostgresBackend extends AutoCloseable {

    /** Host to connect to. */
    String host();

    /** Port to connect to. */
    int port();

    /** Directory of its Unix socket, for clients that take one as their host; null when it has none. */
    default @Nullable Path socketDirectory() {
        return null;
    }

    /** Name of the superuser. */
    String superuser();

    /** The superuser's password. */
    String superuserPassword();

    /** The server's self-signed certificate (PEM) when it offers TLS. */
    @Nullable
    Path certificate();

    /** Stops the server; deletes its data unless a directory was given. */
    @Override
    void close();

    /** JDBC URL of a database, without credentials. */
    default String jdbcUrl(String database) {
        return "jdbc:postgresql://" + host() + ":" + port() + "/" + database;
    }

    /** Connects as the superuser. */
    default Connection connect(String database) throws SQLException {
        return connect(database, superuser(), superuserPassword());
    }

    /** Connects as a role. */
    default Connection connect(String database, String role, String password) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", role);
        properties.setProperty("password", password);
        return DriverManager.getConnection(jdbcUrl(database), properties);
    }

    /** Runs statements in the database {@code postgres} as the superuser, each by itself. */
    default void execute(String... statements) {
        executeIn("postgres", statements);
    }

    /**
     * Runs statements in a database as the superuser, each by itself.
     *
     * @throws IllegalStateException when the server refuses one
     */
    default void executeIn(String database, String... statements) {
        try (Connection connection = connect(database);
                Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        } catch (SQLException e) {
            throw new IllegalStateException(
                    "PostgreSQL refused a statement in database `" + database + "`: " + e.getMessage(), e);
        }
    }

    /** Creates a login role, or gives an existing one the password. */
    default void createRole(String name, String password) {
        String role = quoteIdentifier(name);
        String literal = "'" + password.replace("'", "''") + "'";
        execute(
                "DO $do$ BEGIN CREATE ROLE " + role + " LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $do$",
                "ALTER ROLE " + role + " LOGIN PASSWORD " + literal);
    }

    /** Creates a database unless it is there; true when it was created. */
    default boolean createDatabase(String name) {
        try (Connection connection = connect("postgres");
                var there = connection.prepareStatement("SELECT 1 FROM pg_database WHERE datname = ?");
                Statement create = connection.createStatement()) {
            there.setString(1, name);
            try (var rows = there.executeQuery()) {
                if (rows.next()) {
                    return false;
                }
            }
            create.execute("CREATE DATABASE " + quoteIdentifier(name));
            return true;
        } catch (SQLException e) {
            throw new IllegalStateException("database `" + name + "` cannot be created: " + e.getMessage(), e);
        }
    }

    private static String quoteIdentifier(String name) {
        return "\"" + name.replace("\"", "\"\"") + "\"";
    }
}
