package dev.chaperone.benchmarks.load;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Runs Debian's {@code pgbench}. */
final class PgBench {

    private static final Pattern RATE = Pattern.compile("^tps = ([0-9.]+)", Pattern.MULTILINE);
    private static final Pattern COUNT = Pattern.compile("actually processed: (\\d+)");

    private PgBench() {}

    /**
     * What to run.
     *
     * @param name as the tables call it
     * @param protocol {@code simple}, {@code extended} or {@code prepared}
     * @param clients that many at a time
     * @param script {@code -S}, or {@code -f FILE}
     */
    record Load(String name, String protocol, int clients, List<String> script) {}

    /**
     * What came out.
     *
     * @param rate transactions a second, without the time to connect
     * @param cpuMicros processor time of the process in between, a transaction
     */
    record Result(double rate, double cpuMicros) {}

    /** Runs a load through an endpoint for some seconds. */
    static Result run(Endpoint endpoint, Load load, int seconds) {
        double before = endpoint.cpuSeconds();
        String output = output(endpoint, arguments(endpoint, load, "-T", seconds));
        double spent = endpoint.cpuSeconds() - before;
        return new Result(number(RATE, output), spent * 1e6 / number(COUNT, output));
    }

    /**
     * Runs a load through an endpoint so often, however long that takes. The seconds of {@link #run} begin before the clients
     * are connected: through a process that has compiled nothing yet they could be over before the first transaction is.
     */
    static void runTimes(Endpoint endpoint, Load load, int transactions) {
        output(endpoint, arguments(endpoint, load, "-t", transactions));
    }

    /** Fills the tables of {@code pgbench}. */
    static void initialise(Endpoint owner) {
        output(
                owner,
                List.of(
                        "pgbench",
                        "-i",
                        "-q",
                        "-h",
                        "127.0.0.1",
                        "-p",
                        port(owner),
                        "-U",
                        owner.user(),
                        Endpoint.DATABASE));
    }

    private static List<String> arguments(Endpoint endpoint, Load load, String unit, int count) {
        List<String> arguments = new ArrayList<>(List.of("pgbench", "-n", "-h", "127.0.0.1", "-p", port(endpoint)));
        arguments.addAll(List.of("-U", endpoint.user(), "-M", load.protocol(), "-c", String.valueOf(load.clients())));
        arguments.addAll(List.of(unit, String.valueOf(count)));
        arguments.addAll(load.script());
        arguments.add(Endpoint.DATABASE);
        return arguments;
    }

    private static String output(Endpoint endpoint, List<String> arguments) {
        ProcessBuilder builder = new ProcessBuilder(arguments).redirectErrorStream(true);
        builder.environment().put("PGPASSWORD", endpoint.password());
        builder.environment().put("PGSSLMODE", "disable");
        builder.environment().put("PGGSSENCMODE", "disable");
        try {
            Process process = builder.start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw new IllegalStateException("pgbench failed through " + endpoint.name() + ":\n" + output);
            }
            return output;
        } catch (IOException e) {
            throw new UncheckedIOException("pgbench cannot be run; install it (Debian: postgresql-contrib)", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    private static String port(Endpoint endpoint) {
        return String.valueOf(endpoint.port());
    }

    private static double number(Pattern pattern, String output) {
        Matcher matcher = pattern.matcher(output);
        if (!matcher.find()) {
            throw new IllegalStateException("pgbench said something else:\n" + output);
        }
        return Double.parseDouble(matcher.group(1));
    }
}
