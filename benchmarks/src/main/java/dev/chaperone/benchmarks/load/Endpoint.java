package dev.chaperone.benchmarks.load;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;

/**
 * One way to the database.
 *
 * @param name as the tables call it
 * @param port at the loopback address
 * @param user who connects
 * @param password what it proves itself with: a password or a token
 * @param processId the process in between, 0 for none
 */
record Endpoint(String name, int port, String user, String password, long processId) {

    static final String DATABASE = "bench";

    Connection connect(String... properties) throws SQLException {
        Properties all = new Properties();
        all.setProperty("user", user);
        all.setProperty("password", password);
        for (int i = 0; i < properties.length; i += 2) {
            all.setProperty(properties[i], properties[i + 1]);
        }
        return DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + port + "/" + DATABASE, all);
    }

    /** Processor time of the process in between so far, in seconds; 0 when there is none. */
    double cpuSeconds() {
        return processId == 0 ? 0 : ProcessTimes.cpuSeconds(processId);
    }
}
