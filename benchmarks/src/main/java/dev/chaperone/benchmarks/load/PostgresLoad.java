package dev.chaperone.benchmarks.load;

import dev.chaperone.benchmarks.load.PgBench.Load;
import dev.chaperone.benchmarks.load.PgBench.Result;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * {@code benchmarks/run postgres}: the PostgreSQL enforcer beside Debian's pgbouncer and the database itself, with policy and
 * recording on. Prints ratios to pgbouncer, which carry over between machines better than rates.
 *
 * <p>{@code --quick} takes about two minutes; without it, about ten. {@code --smoke} only shows that everything runs.
 * {@code --kafka} ships records to a broker on the same machine, whose work then competes with everything else.
 */
public final class PostgresLoad {

    private static final List<String> SELECT = List.of("-S");

    private final PrintStream out;
    private final int rounds;
    private final int seconds;
    private final Rounds results = new Rounds();

    private PostgresLoad(PrintStream out, int rounds, int seconds) {
        this.out = out;
        this.rounds = rounds;
        this.seconds = seconds;
    }

    public static void main(String[] arguments) {
        List<String> given = Arrays.asList(arguments);
        boolean smoke = given.contains("--smoke");
        boolean quick = given.contains("--quick");
        PostgresLoad load = new PostgresLoad(System.out, smoke ? 1 : quick ? 3 : 8, smoke ? 1 : quick ? 2 : 5);
        Path directory = Path.of(
                "benchmarks",
                "target",
                "load",
                String.valueOf(ProcessHandle.current().pid()));
        String javaOptions = System.getenv().getOrDefault("CHAPERONE_JAVA_OPTS", "");
        try (World world = new World(
                Path.of("").toAbsolutePath(), directory.toAbsolutePath(), given.contains("--kafka"), javaOptions)) {
            load.run(world);
        }
    }

    private void run(World world) {
        Endpoint direct = world.direct();
        Endpoint pgbouncer = world.pgbouncer();
        Endpoint relaxed = world.enforcer("relaxed");
        Endpoint durable = world.enforcer("spool");
        List<Endpoint> all = List.of(direct, pgbouncer, relaxed, durable);
        List<Load> selects = selects();
        Load plain = new Load("100 rows of 10 columns, none masked", "prepared", 1, world.script("plain.sql"));
        Load masked = new Load("100 rows of 10 columns, 2 masked", "prepared", 1, world.script("masked.sql"));
        List<Load> rows = List.of(plain, masked);
        warmUp(List.of(relaxed, durable), selects, rows);
        for (int round = 1; round <= rounds; round++) {
            System.err.println("round " + round + " of " + rounds);
            results.run(all, selects, seconds);
            results.run(List.of(relaxed, durable), rows, seconds);
        }
        printRates(all, pgbouncer, selects);
        for (Endpoint enforcer : List.of(relaxed, durable)) {
            double ratio = results.best(enforcer, masked).rate()
                    / results.best(enforcer, plain).rate();
            out.printf(
                    Locale.ROOT,
                    "masking 2 of 10 columns over 100 rows, %s: %.1f %% of the rate%n",
                    enforcer.name(),
                    100 - 100 * ratio);
        }
        printLatencies(direct, List.of(pgbouncer, relaxed, durable));
    }

    private static List<Load> selects() {
        List<Load> loads = new ArrayList<>();
        for (String protocol : List.of("simple", "prepared")) {
            for (int clients : new int[] {1, 8}) {
                loads.add(new Load(
                        protocol + ", " + clients + (clients == 1 ? " client" : " clients"),
                        protocol,
                        clients,
                        SELECT));
            }
        }
        return loads;
    }

    /** A JVM is itself only after its compilers have seen the load. */
    private void warmUp(List<Endpoint> enforcers, List<Load> selects, List<Load> rows) {
        System.err.println("warming up");
        Rounds discarded = new Rounds();
        discarded.run(enforcers, selects, seconds);
        discarded.run(enforcers, selects, seconds);
        discarded.run(enforcers, rows, seconds);
    }

    private void printRates(List<Endpoint> endpoints, Endpoint reference, List<Load> loads) {
        out.printf(
                "%n%-24s %-20s %12s %16s %16s%n", "pgbench -S", "through", "TPS", "TPS / pgbouncer", "CPU / pgbouncer");
        for (Load load : loads) {
            Result base = results.best(reference, load);
            for (Endpoint endpoint : endpoints) {
                Result result = results.best(endpoint, load);
                String cpu = endpoint.processId() == 0
                        ? ""
                        : String.format(
                                Locale.ROOT,
                                "%.2f (%.0f us)",
                                result.cpuMicros() / base.cpuMicros(),
                                result.cpuMicros());
                out.printf(
                        Locale.ROOT,
                        "%-24s %-20s %12.0f %16.2f %16s%n",
                        load.name(),
                        endpoint.name(),
                        result.rate(),
                        result.rate() / base.rate(),
                        cpu);
            }
        }
    }

    private void printLatencies(Endpoint direct, List<Endpoint> others) {
        int statements = 400 * rounds;
        others.forEach(endpoint -> Latencies.newStatement(endpoint, 0, statements));
        double[] best = new double[others.size()];
        Arrays.fill(best, Double.MAX_VALUE);
        double base = Double.MAX_VALUE;
        for (int round = 1; round <= rounds; round++) {
            base = Math.min(base, Latencies.newStatement(direct, round, statements));
            for (int i = 0; i < best.length; i++) {
                best[i] = Math.min(best[i], Latencies.newStatement(others.get(i), round, statements));
            }
        }
        for (int i = 0; i < best.length; i++) {
            out.printf(
                    Locale.ROOT,
                    "%s: a new statement takes %.3f ms more than direct (%.3f ms); cancel takes %.1f ms%n",
                    others.get(i).name(),
                    (best[i] - base) / 1e3,
                    base / 1e3,
                    Latencies.cancel(others.get(i), 3 + rounds));
        }
    }
}
