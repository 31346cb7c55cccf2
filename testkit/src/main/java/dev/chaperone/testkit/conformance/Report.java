package dev.chaperone.testkit.conformance;

import dev.chaperone.testkit.conformance.Result.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Counts results by class of attack, as a table for people and as JSON. */
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

    /** Results that are not as they have to be; of a case that is known to leak, those are all when none of them leaks. */
    public List<Result> unexpected() {
        Map<String, List<Result>> cases = new TreeMap<>();
        results.forEach(result -> cases.computeIfAbsent(result.test().name(), any -> new ArrayList<>())
                .add(result));
        List<Result> unexpected = new ArrayList<>();
        for (List<Result> runs : cases.values()) {
            List<Result> bad = new Report(runs).bad();
            if (runs.get(0).test().open() == null) {
                unexpected.addAll(bad);
            } else if (bad.isEmpty()) {
                unexpected.addAll(runs);
            }
        }
        return unexpected;
    }

    /** Results from which something was learned. */
    public List<Result> leaks() {
        return results.stream()
                .filter(result -> result.outcome() == Outcome.LEAKED || result.outcome() == Outcome.DEPENDS)
                .toList();
    }

    /** One line a class of attack: cases, runs, and how many runs came out how. */
    public String table() {
        StringBuilder table = new StringBuilder();
        table.append(String.format(
                "%-16s %6s %6s %8s %6s %7s %8s %8s %7s%n",
                "class", "cases", "runs", "refused", "held", "leaked", "depends", "useless", "silent"));
        areas().forEach((area, runs) -> table.append(line(area, runs)));
        return table.append(line("all", results)).toString();
    }

    /** Everything, for programs: totals, the same for each class of attack, and every result with what says so. */
    public String json() {
        JsonMapper mapper = new JsonMapper();
        ObjectNode root = mapper.createObjectNode();
        counts(root.putObject("total"), results);
        ObjectNode classes = root.putObject("classes");
        areas().forEach((area, runs) -> counts(classes.putObject(area), runs));
        ArrayNode all = root.putArray("results");
        for (Result result : results) {
            all.addObject()
                    .put("case", result.test().name())
                    .put("mode", name(result.mode()))
                    .put("useful", result.test().useful() != null)
                    .put("outcome", name(result.outcome()))
                    .put("evidence", result.evidence());
        }
        return mapper.writerWithDefaultPrettyPrinter().writeValueAsString(root);
    }

    private Map<String, List<Result>> areas() {
        Map<String, List<Result>> areas = new TreeMap<>();
        results.forEach(result -> areas.computeIfAbsent(result.test().area(), any -> new ArrayList<>())
                .add(result));
        return areas;
    }

    private static void counts(ObjectNode node, List<Result> runs) {
        node.put("cases", cases(runs)).put("runs", runs.size());
        for (Outcome outcome : Outcome.values()) {
            node.put(name(outcome), count(runs, outcome));
        }
    }

    private static String line(String area, List<Result> runs) {
        return String.format(
                Locale.ROOT,
                "%-16s %6d %6d %8d %6d %7d %8d %8d %7d%n",
                area,
                cases(runs),
                runs.size(),
                count(runs, Outcome.REFUSED),
                count(runs, Outcome.HELD),
                count(runs, Outcome.LEAKED),
                count(runs, Outcome.DEPENDS),
                count(runs, Outcome.USELESS),
                count(runs, Outcome.SILENT));
    }

    private static long cases(List<Result> runs) {
        return runs.stream().map(run -> run.test().name()).distinct().count();
    }

    private static long count(List<Result> runs, Outcome outcome) {
        return runs.stream().filter(run -> run.outcome() == outcome).count();
    }

    private static String name(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }
}
