package dev.chaperone.benchmarks.load;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
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
 * @param metricsPort where that process tells its metrics, 0 for nowhere
 */
record Endpoint(String name, int port, String user, String password, long processId, int metricsPort) {

    static final String DATABASE = "bench";

    /** What the enforcer's meter of the time that decisions take is called in its metrics. */
    private static final String DECISION = "chaperone_postgres_decision_seconds";

    /** One whose process tells no metrics. */
    Endpoint(String name, int port, String user, String password, long processId) {
        this(name, port, user, password, processId, 0);
    }

    /** The same as somebody else. */
    Endpoint as(String token) {
        return new Endpoint(name, port, user, token, processId, metricsPort);
    }

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

    /** How long the decision point has been waited for so far, and how often. */
    Waited decisions() {
        if (metricsPort == 0) {
            return new Waited(0, 0);
        }
        try {
            String metrics = HttpClient.newHttpClient()
                    .send(
                            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + metricsPort + "/metrics"))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString())
                    .body();
            return new Waited(sum(metrics, DECISION + "_sum"), sum(metrics, DECISION + "_count"));
        } catch (IOException e) {
            throw new UncheckedIOException(name + " does not tell its metrics", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    private static double sum(String metrics, String name) {
        return metrics.lines()
                .filter(line -> line.startsWith(name))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    /** @param seconds in all */
    record Waited(double seconds, double times) {

        /** Mean microseconds a time since then. */
        double microsSince(Waited before) {
            double more = times - before.times;
            return more == 0 ? 0 : (seconds - before.seconds) * 1e6 / more;
        }
    }
}
