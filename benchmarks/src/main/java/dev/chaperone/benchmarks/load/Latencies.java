package dev.chaperone.benchmarks.load;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;

/** How long single things take, through one endpoint. */
final class Latencies {

    private Latencies() {}

    /**
     * What a statement takes that nobody has sent before: no two have the same text or the same tree.
     *
     * @param micros mean of all that it takes
     * @param decisionMicros mean of what the enforcer waits for its decision, a part of that
     */
    record NewStatement(double micros, double decisionMicros) {

        static final NewStatement WORST = new NewStatement(Double.MAX_VALUE, 0);

        double withoutDecision() {
            return micros - decisionMicros;
        }

        NewStatement orBetter(NewStatement other) {
            return other.withoutDecision() < withoutDecision() ? other : this;
        }
    }

    static NewStatement newStatement(Endpoint endpoint, int round, int count) {
        try (Connection connection = endpoint.connect("preferQueryMode", "simple");
                Statement statement = connection.createStatement()) {
            long[] nanos = new long[count];
            Endpoint.Waited before = endpoint.decisions();
            for (int i = 0; i < count; i++) {
                String sql =
                        "SELECT abalance AS " + unique(endpoint, round, i) + " FROM pgbench_accounts WHERE aid = " + i;
                long began = System.nanoTime();
                read(statement, sql);
                nanos[i] = System.nanoTime() - began;
            }
            return new NewStatement(
                    Arrays.stream(nanos).average().orElseThrow() / 1e3,
                    endpoint.decisions().microsSince(before));
        } catch (SQLException e) {
            throw new IllegalStateException("a statement failed through " + endpoint.name(), e);
        }
    }

    /** Median milliseconds from a cancel request to the error that tells of it. */
    static double cancel(Endpoint endpoint, int count) {
        try (Connection connection = endpoint.connect();
                Statement statement = connection.createStatement()) {
            long[] nanos = new long[count];
            for (int i = 0; i < count; i++) {
                nanos[i] = cancelled(statement);
            }
            return median(nanos) / 1e6;
        } catch (SQLException e) {
            throw new IllegalStateException("a statement could not be cancelled through " + endpoint.name(), e);
        }
    }

    private static long cancelled(Statement statement) throws SQLException {
        CountDownLatch running = new CountDownLatch(1);
        CompletableFuture<Long> ended = CompletableFuture.supplyAsync(() -> {
            running.countDown();
            try {
                read(statement, "SELECT count(*) FROM masked a, masked b, masked c WHERE a.kind + b.kind + c.kind < 0");
                throw new IllegalStateException("the statement ended before it was cancelled");
            } catch (SQLException expected) {
                return System.nanoTime();
            }
        });
        await(running);
        long began = System.nanoTime();
        statement.cancel();
        return ended.join() - began;
    }

    private static void await(CountDownLatch running) {
        try {
            running.await();
            Thread.sleep(200); // the statement has to be at work in the server, which says nothing of it
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void read(Statement statement, String sql) throws SQLException {
        try (ResultSet rows = statement.executeQuery(sql)) {
            while (rows.next()) {
                rows.getString(1);
            }
        }
    }

    private static String unique(Endpoint endpoint, int round, int i) {
        return "c_" + Integer.toHexString(endpoint.name().hashCode()) + "_" + round + "_" + i;
    }

    private static double median(long[] nanos) {
        Arrays.sort(nanos);
        return nanos[nanos.length / 2];
    }
}
