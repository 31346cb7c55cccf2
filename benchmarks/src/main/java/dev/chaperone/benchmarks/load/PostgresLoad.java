package dev.chaperone.benchmarks.load;

import dev.chaperone.benchmarks.load.Latencies.NewStatement;
import dev.chaperone.benchmarks.load.PgBench.Load;
import dev.chaperone.benchmarks.load.PgBench.Result;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * {@code benchmarks/run postgres}: the PostgreSQL enforcer beside Debian's pgbouncer and the database itself, with policy and
 * recording on. Prints ratios to pgbouncer, which carry over between machines better than rates.
 *
 * <p>{@code --quick} takes about two minutes; without it, about ten. {@code --smoke} only shows that everything runs.
 * {@code --kafka} ships records to a broker on the same machine, whose work then competes with everything else.
 */
public final class PostgresLoad {

    private static final List<String> SELECT = List.of("-S");

    /** New statements after which the compilers of an enforcer's JVM have come to rest. */
    private static final int UNTIL_COMPILED = 20_000;

    private final PrintStream out;
    private final int rounds;
    private final int seconds;
    private final Rounds results = new Rounds();
    private final Targets targets = new Targets();

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
            targets.atMost(
                    "rate that masking 2 of 10 columns over 100 rows takes, " + enforcer.name(),
                    15,
                    100 - 100 * ratio,
                    " %");
        }
        addRatios(selects, pgbouncer, relaxed, 0.9);
        addRatios(selects, pgbouncer, durable, 0.7);
        printLatencies(direct, pgbouncer, List.of(relaxed, durable));
        targets.print(out);
    }

    private void addRatios(List<Load> loads, Endpoint pgbouncer, Endpoint enforcer, double least) {
        for (Load load : loads) {
            Result base = results.best(pgbouncer, load);
            Result result = results.best(enforcer, load);
            if (load.clients() == 8) {
                targets.atLeast(
                        "TPS / pgbouncer, " + load.name() + ", " + enforcer.name(),
                        least,
                        result.rate() / base.rate(),
                        "");
            }
            targets.atMost(
                    "CPU / pgbouncer, " + load.name() + ", " + enforcer.name(),
                    2,
                    result.cpuMicros() / base.cpuMicros(),
                    "");
        }
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
        for (Endpoint enforcer : enforcers) {
            selects.forEach(load -> PgBench.runTimes(enforcer, load, 2000));
            rows.forEach(load -> PgBench.runTimes(enforcer, load, 200));
        }
        Rounds discarded = new Rounds();
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

    private void printLatencies(Endpoint direct, Endpoint pgbouncer, List<Endpoint> enforcers) {
        int statements = 400 * rounds;
        System.err.println("warming up with new statements");
        Map<Endpoint, Double> first = new LinkedHashMap<>();
        for (Endpoint endpoint : enforcers) {
            first.put(endpoint, Latencies.newStatement(endpoint, 0, statements).micros());
            Latencies.newStatement(endpoint, rounds + 1, rounds == 1 ? statements : UNTIL_COMPILED);
        }
        List<Endpoint> all = new ArrayList<>(List.of(direct, pgbouncer));
        all.addAll(enforcers);
        Map<Endpoint, NewStatement> best = new LinkedHashMap<>();
        for (int round = 1; round <= rounds; round++) {
            for (Endpoint endpoint : all) {
                best.merge(endpoint, Latencies.newStatement(endpoint, round, statements), NewStatement::orBetter);
            }
        }
        out.printf(
                "%n%-24s %16s %16s %16s %16s %12s%n",
                "a new statement", "ms", "above direct", "the decision", "the first " + statements, "cancel, ms");
        double base = best.getOrDefault(direct, NewStatement.WORST).micros();
        best.forEach((endpoint, one) -> {
            double cancel = Latencies.cancel(endpoint, 3 + rounds);
            out.printf(
                    Locale.ROOT,
                    "%-24s %16.3f %16.3f %16.3f %16.3f %12.1f%n",
                    endpoint.name(),
                    one.micros() / 1e3,
                    (one.micros() - base) / 1e3,
                    one.decisionMicros() / 1e3,
                    first.getOrDefault(endpoint, one.micros()) / 1e3,
                    cancel);
            if (enforcers.contains(endpoint)) {
                targets.atMost(
                        "a new statement besides its decision, " + endpoint.name(),
                        0.4,
                        (one.withoutDecision() - base) / 1e3,
                        " ms");
                targets.atMost("cancel, " + endpoint.name(), 50, cancel, " ms");
            }
        });
    }
}
