package dev.chaperone.testkit.conformance;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/**
 * One database with the fixture in it, and the gateway before it. Two worlds are the same but for their secrets.
 *
 * @param gateway what is attacked
 * @param database the database itself, with the rights that the gateway has there; null when it cannot be reached
 * @param owner the database itself, as the fixture's owner
 */
public record World(Endpoint gateway, @Nullable Endpoint database, Endpoint owner) {

    /** The world with nothing before its database. */
    public World bare() {
        Endpoint itself = database;
        if (itself == null) {
            throw new IllegalStateException("the database behind " + gateway + " cannot be reached");
        }
        return new World(itself, itself, owner);
    }

    /** A connection of the owner. */
    public Connection connectOwner() throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", owner.user());
        properties.setProperty("password", owner.password());
        properties.setProperty("sslmode", owner.tls() ? "require" : "disable");
        // A client that is left in a transaction must not hold up its own case for ever.
        properties.setProperty("options", "-c lock_timeout=10s");
        return DriverManager.getConnection(
                "jdbc:postgresql://" + owner.host() + ":" + owner.port() + "/" + owner.database(), properties);
    }

    /** Every value of every labelled column, by name. */
    public Map<String, Canary> canaries(Labels labels) {
        Map<String, Canary> canaries = new LinkedHashMap<>();
        try (Connection connection = connectOwner();
                Statement statement = connection.createStatement()) {
            for (Labels.Column column : labels.secrets()) {
                String name = '"' + column.name() + '"';
                String from = '"' + column.schema() + "\".\"" + column.table() + '"';
                try (ResultSet rows = statement.executeQuery("select t.id, t." + name + "::text, pg_typeof(t." + name
                        + ")::text from " + from + " t where t." + name + " is not null order by t.id")) {
                    while (rows.next()) {
                        String key = column.table() + '.' + rows.getString(1) + '.' + column.name();
                        canaries.put(key, new Canary(key, rows.getString(2), rows.getString(3)));
                    }
                }
            }
        } catch (SQLException e) {
            throw new IllegalStateException("the secrets of " + owner + " cannot be read: " + e.getMessage(), e);
        }
        return canaries;
    }
}
