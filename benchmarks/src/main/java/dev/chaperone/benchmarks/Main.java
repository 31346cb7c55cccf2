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
 * Runs the benchmarks and prints one table.
 *
 * <p>{@code --quick} takes a minute or two and shows orders of magnitude: one fork and few iterations, the table shows the
 * slowest and the fastest. Without it each benchmark runs in three forks, for figures that may be quoted. Any other argument
 * is a regular expression that selects benchmarks by name.
 */
public final class Main {

    private static final String LINE = "%-44s %14s %30s %12s%n";

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
        System.out.println(quick ? "measuring for a minute or two …" : "measuring for a quarter of an hour …");
        Collection<RunResult> results = new Runner(options.build()).run();
        if (results.isEmpty()) {
            throw new IllegalStateException("no benchmark matches");
        }
        System.out.print(table(results));
    }

    private static String table(Collection<RunResult> results) {
        Map<String, String> rows = new TreeMap<>();
        for (RunResult run : results) {
            rows.put(name(run.getParams()), row(run));
        }
        return String.format(Locale.ROOT, LINE, "benchmark", "mean", "fastest to slowest", "allocated")
                + String.join("", rows.values());
    }

    private static String row(RunResult run) {
        Result<?> time = run.getPrimaryResult();
        Result<?> allocation = run.getSecondaryResults().get("gc.alloc.rate.norm");
        return String.format(
                Locale.ROOT,
                LINE,
                name(run.getParams()),
                figure(time.getScore()) + ' ' + time.getScoreUnit(),
                figure(time.getStatistics().getMin()) + " to "
                        + figure(time.getStatistics().getMax()),
                allocation == null ? "" : Math.round(allocation.getScore()) + " B/op");
    }

    /** Three digits that count, whatever the size. */
    private static String figure(double value) {
        return String.format(
                Locale.ROOT, value < 1 ? "%.3f" : value < 10 ? "%.2f" : value < 100 ? "%.1f" : "%.0f", value);
    }

    private static String name(BenchmarkParams benchmark) {
        String[] path = benchmark.getBenchmark().split("\\.");
        StringJoiner name = new StringJoiner(" ");
        name.add(path[path.length - 2].replace("Benchmark", "") + "." + path[path.length - 1]);
        benchmark.getParamsKeys().forEach(key -> name.add(key + "=" + benchmark.getParam(key)));
        return name.toString();
    }
}
