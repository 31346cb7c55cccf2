package dev.chaperone.testkit.conformance;

import dev.chaperone.testkit.conformance.BypassCase.Compare;
import dev.chaperone.testkit.conformance.BypassCase.Useful;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/** Reads cases, strictly: a key that is not known is a mistake. The format is described beside the cases. */
public final class CaseReader {

    private static final List<Mode> QUERY_MODES = List.of(
            Mode.SIMPLE, Mode.TEXT, Mode.BINARY, Mode.COPY, Mode.COPY_BINARY, Mode.CURSOR, Mode.PREPARE, Mode.EXPLAIN);
    private static final List<Mode> STATEMENT_MODES = List.of(Mode.SIMPLE, Mode.TEXT);
    private static final Pattern QUERY = Pattern.compile("\\s*\\(*\\s*(select|table|values|with)\\b.*", Pattern.DOTALL);
    private static final Pattern CHANGE = Pattern.compile(
            ".*\\b(insert|update|delete|merge|create|into|alter|drop|truncate|copy)\\b.*", Pattern.DOTALL);
    /** What other sessions notice, or what notices other sessions. */
    private static final Pattern SHARED = Pattern.compile(
            "\\b(owner|listen|notify|lock|vacuum|analyze|reindex|cluster|refresh|grant|revoke|comment)\\b"
                    + "|advisory|_notify|lo_|pg_stat|pg_lock|pg_sleep|nextval|setval|currval|backend|xact|txid|snapshot|now\\(");

    private static final Set<String> KEYS = Set.of(
            "sql",
            "steps",
            "modes",
            "compare",
            "useful",
            "knows",
            "settings",
            "fresh",
            "undo",
            "policies",
            "since",
            "within",
            "open",
            "harmless",
            "why");

    private final String area;

    private CaseReader(String area) {
        this.area = area;
    }

    /** Reads every file of a directory, in the order of their names. */
    public static List<BypassCase> readAll(Path directory) {
        try (Stream<Path> files = Files.list(directory)) {
            List<BypassCase> cases = new ArrayList<>();
            for (Path file : files.filter(path -> path.toString().endsWith(".yaml"))
                    .sorted()
                    .toList()) {
                cases.addAll(read(file));
            }
            return cases;
        } catch (IOException e) {
            throw new UncheckedIOException("`" + directory + "` cannot be read", e);
        }
    }

    private static List<BypassCase> read(Path file) throws IOException {
        String name = String.valueOf(file.getFileName());
        CaseReader reader = new CaseReader(name.substring(0, name.length() - ".yaml".length()));
        JsonNode root = new YAMLMapper().readTree(Files.readString(file));
        List<BypassCase> cases = new ArrayList<>();
        for (Map.Entry<String, JsonNode> entry : root.path("cases").properties()) {
            cases.add(reader.one(entry.getKey(), entry.getValue()));
        }
        if (cases.isEmpty()) {
            throw new IllegalArgumentException("`" + file + "` has no `cases`");
        }
        return cases;
    }

    private BypassCase one(String name, JsonNode node) {
        String full = area + '/' + name;
        node.propertyNames().stream()
                .filter(key -> !KEYS.contains(key))
                .findFirst()
                .ifPresent(key -> {
                    throw new IllegalArgumentException(
                            "case `" + full + "` has `" + key + "`; it can have " + new TreeSet<>(KEYS));
                });
        String sql = node.isString() ? node.asString() : node.path("sql").asString("");
        List<Step> steps = new ArrayList<>();
        node.path("steps").forEach(step -> steps.add(StepReader.read(full, step)));
        boolean query = QUERY.matcher(sql.toLowerCase(Locale.ROOT)).matches();
        String everything = (sql + node.path("steps")).toLowerCase(Locale.ROOT);
        boolean changes =
                !steps.isEmpty() || CHANGE.matcher(sql.toLowerCase(Locale.ROOT)).matches();
        boolean alone = CHANGE.matcher(everything).matches()
                || SHARED.matcher(everything).find()
                || node.has("undo")
                || node.has("within");
        JsonNode within = node.path("within");
        return new BypassCase(
                full,
                sql,
                steps,
                steps.isEmpty()
                        ? modes(node.path("modes"), query ? QUERY_MODES : STATEMENT_MODES)
                        : List.of(Mode.STEPS),
                compare(node.path("compare").asString("same")),
                useful(node.path("useful")),
                Set.copyOf(texts(node.path("knows"))),
                settings(node.path("settings")),
                node.path("fresh").asBoolean(false),
                changes,
                alone,
                texts(node.path("undo")),
                Set.copyOf(texts(node.path("policies"))),
                node.path("since").asInt(0),
                within.isMissingNode()
                        ? null
                        : Duration.parse("PT" + within.asString().toUpperCase(Locale.ROOT)),
                text(node.path("open")),
                text(node.path("harmless")));
    }

    private static List<Mode> modes(JsonNode node, List<Mode> otherwise) {
        List<Mode> modes = new ArrayList<>();
        texts(node)
                .forEach(mode ->
                        modes.add(Mode.valueOf(mode.toUpperCase(Locale.ROOT).replace('-', '_'))));
        return modes.isEmpty() ? otherwise : modes;
    }

    private static Compare compare(String text) {
        return switch (text) {
            case "same" -> Compare.SAME;
            case "pseudonyms" -> Compare.PSEUDONYMS;
            case "no" -> Compare.NOT_COMPARED;
            default -> throw new IllegalArgumentException("`compare: " + text + "` is none of same, pseudonyms, no");
        };
    }

    private static @Nullable Useful useful(JsonNode node) {
        return node.isMissingNode() ? null : new Useful(node.path("rows").asInt(-1), texts(node.path("shows")));
    }

    private static Map<String, String> settings(JsonNode node) {
        Map<String, String> settings = new LinkedHashMap<>();
        node.properties()
                .forEach(entry -> settings.put(entry.getKey(), entry.getValue().asString()));
        return settings;
    }

    private static @Nullable String text(JsonNode node) {
        return node.isMissingNode() ? null : node.asString();
    }

    static List<String> texts(JsonNode node) {
        List<String> texts = new ArrayList<>();
        if (node.isArray()) {
            node.forEach(one -> texts.add(one.asString()));
        } else if (!node.isMissingNode()) {
            texts.add(node.asString());
        }
        return texts;
    }
}
