package dev.chaperone.testkit.conformance;

import dev.chaperone.testkit.conformance.Result.Outcome;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Counts results by area, as a table. */
public final class Report {

    private final List<Result> results;

    /** Of these results. */
    public Report(List<Result> results) {
        this.results = List.copyOf(results);
    }

    /** Results that are not as they have to be. */
    public List<Result> bad() {
        return results.stream().filter(result -> !result.outcome().good()).toList();
    }

    /** One line an area: cases, runs, and how many runs came out how. */
    public String table() {
        Map<String, List<Result>> areas = new TreeMap<>();
        results.forEach(result -> areas.computeIfAbsent(result.test().area(), any -> new ArrayList<>())
                .add(result));
        StringBuilder table = new StringBuilder();
        table.append(String.format(
                "%-16s %6s %6s %8s %9s %7s %8s %8s %7s%n",
                "area", "cases", "runs", "refused", "answered", "leaked", "depends", "useless", "silent"));
        areas.forEach((area, runs) -> table.append(line(area, runs)));
        return table.append(line("all", results)).toString();
    }

    private static String line(String area, List<Result> runs) {
        Map<Outcome, Integer> counts = new EnumMap<>(Outcome.class);
        runs.forEach(run -> counts.merge(run.outcome(), 1, Integer::sum));
        long cases = runs.stream().map(run -> run.test().name()).distinct().count();
        return String.format(
                Locale.ROOT,
                "%-16s %6d %6d %8d %9d %7d %8d %8d %7d%n",
                area,
                cases,
                runs.size(),
                counts.getOrDefault(Outcome.REFUSED, 0),
                counts.getOrDefault(Outcome.ANSWERED, 0),
                counts.getOrDefault(Outcome.LEAKED, 0),
                counts.getOrDefault(Outcome.DEPENDS, 0),
                counts.getOrDefault(Outcome.USELESS, 0),
                counts.getOrDefault(Outcome.SILENT, 0));
    }
}
