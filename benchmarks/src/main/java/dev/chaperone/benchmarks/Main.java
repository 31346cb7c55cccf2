package dev.chaperone.benchmarks;

import java.util.Arrays;
import java.util.Collection;
import java.util.Locale;
import java.util.Map;
import java.util.StringJoiner;
import java.util.TreeMap;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Runs the benchmarks and prints a table.
 *
 * <p>{@code --quick} takes about a minute and shows orders of magnitude: one fork and few iterations, so its error is wide.
 * Without it each benchmark runs in three forks, for figures that may be quoted. Any other argument is a regular expression
 * that selects benchmarks by name.
 */
public final class Main {

    private Main() {}

    public static void main(String[] arguments) throws RunnerException {
        boolean quick = Arrays.asList(arguments).contains("--quick");
        ChainedOptionsBuilder options = new OptionsBuilder()
                .addProfiler(GCProfiler.class)
                .jvmArgsAppend("-Xmx1g", "-XX:+UseSerialGC")
                .shouldFailOnError(true)
                .verbosity(quick ? VerboseMode.SILENT : VerboseMode.NORMAL)
                .forks(quick ? 1 : 3)
                .warmupIterations(quick ? 2 : 5)
                .warmupTime(quick ? TimeValue.milliseconds(500) : TimeValue.seconds(2))
                .measurementIterations(quick ? 3 : 5)
                .measurementTime(quick ? TimeValue.milliseconds(500) : TimeValue.seconds(2));
        Arrays.stream(arguments).filter(argument -> !argument.equals("--quick")).forEach(options::include);
        Collection<RunResult> results = new Runner(options.build()).run();
        System.out.print(table(results));
        if (results.isEmpty()) {
            throw new IllegalStateException("no benchmark matches");
        }
    }

    private static String table(Collection<RunResult> results) {
        Map<String, String> rows = new TreeMap<>();
        for (RunResult run : results) {
            Result<?> time = run.getPrimaryResult();
            Result<?> allocation = run.getSecondaryResults().get("gc.alloc.rate.norm");
            double bytes = allocation == null ? Double.NaN : allocation.getScore();
            String name = name(run.getParams());
            rows.put(
                    name,
                    String.format(
                            Locale.ROOT,
                            "%-58s %12.3f ± %-10.3f %-6s %12.0f B/op%n",
                            name,
                            time.getScore(),
                            time.getScoreError(),
                            time.getScoreUnit(),
                            bytes));
        }
        return String.join("", rows.values());
    }

    private static String name(BenchmarkParams benchmark) {
        String[] path = benchmark.getBenchmark().split("\\.");
        StringJoiner name = new StringJoiner(" ");
        name.add(path[path.length - 2].replace("Benchmark", "") + "." + path[path.length - 1]);
        benchmark.getParamsKeys().forEach(key -> name.add(key + "=" + benchmark.getParam(key)));
        return name.toString();
    }
}
