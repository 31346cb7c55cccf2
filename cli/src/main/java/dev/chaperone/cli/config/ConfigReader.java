package dev.chaperone.cli.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.dataformat.yaml.YAMLFactory;
import tools.jackson.dataformat.yaml.YAMLParser;

/**
 * Reads YAML into {@link ConfigNode}s, keeping the line of every key. Values stay text until their type is known, so that
 * {@code 010}, {@code no} or {@code 1e3} mean what their key's type says. Anchors, aliases, a second document and duplicate
 * keys are refused: a reader must be able to see a setting where it stands.
 */
final class ConfigReader {

    private static final int MAX_DEPTH = 32;
    private static final YAMLFactory YAML = new YAMLFactory();

    private final String name;
    private final YAMLParser parser;
    private final List<ConfigProblem> problems;

    private ConfigReader(String name, YAMLParser parser, List<ConfigProblem> problems) {
        this.name = name;
        this.parser = parser;
        this.problems = problems;
    }

    /**
     * Reads a document; adds what is wrong with it to {@code problems}.
     *
     * @param name how to call the document in messages
     * @return the root, or null when it cannot be read at all
     */
    static @Nullable ConfigNode read(String name, String text, List<ConfigProblem> problems) {
        try (YAMLParser parser = (YAMLParser) YAML.createParser(ObjectReadContext.empty(), text)) {
            return new ConfigReader(name, parser, problems).document();
        } catch (JacksonException e) {
            String place = e.getLocation() == null
                    ? name
                    : name + ":" + e.getLocation().getLineNr();
            problems.add(new ConfigProblem(place, "", "not valid YAML: " + firstLine(e.getOriginalMessage())));
            return null;
        }
    }

    private ConfigNode document() {
        JsonToken token = parser.nextToken();
        if (token == null) {
            return new ConfigNode.Mapping(Map.of(), name);
        }
        ConfigNode root = node(token, place(), 0);
        if (parser.nextToken() != null) {
            problem("a second document starts here; a configuration file holds one");
        }
        return root;
    }

    /** The value at the current token; a value with parts stands where its key stands. */
    private ConfigNode node(JsonToken token, String place, int depth) {
        if (parser.isCurrentAlias() || parser.getObjectId() != null) {
            problem("anchors and aliases are not allowed; write the value where it is used");
        }
        if (depth > MAX_DEPTH) {
            problem("nested deeper than " + MAX_DEPTH + " levels");
            parser.skipChildren();
            return new ConfigNode.Scalar(null, place);
        }
        if (token == JsonToken.START_OBJECT) {
            return mapping(place, depth);
        }
        if (token == JsonToken.START_ARRAY) {
            List<ConfigNode> items = new ArrayList<>();
            for (JsonToken next = parser.nextToken(); next != JsonToken.END_ARRAY; next = parser.nextToken()) {
                items.add(node(next, place(), depth + 1));
            }
            return new ConfigNode.Sequence(items, place);
        }
        return new ConfigNode.Scalar(token == JsonToken.VALUE_NULL ? null : parser.getString(), place);
    }

    private ConfigNode mapping(String place, int depth) {
        Map<String, ConfigNode.Entry> entries = new LinkedHashMap<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String key = parser.currentName();
            String keyPlace = place();
            ConfigNode value = node(parser.nextToken(), keyPlace, depth + 1);
            ConfigNode.Entry before = entries.putIfAbsent(key, new ConfigNode.Entry(value, keyPlace));
            if (before != null) {
                problems.add(new ConfigProblem(
                        keyPlace, "", "duplicate key `" + key + "`, first set at " + before.place() + "; remove one"));
            }
        }
        return new ConfigNode.Mapping(entries, place);
    }

    private void problem(String message) {
        problems.add(new ConfigProblem(place(), "", message));
    }

    private String place() {
        return name + ":" + parser.currentTokenLocation().getLineNr();
    }

    private static String firstLine(String message) {
        return message.lines().findFirst().orElse(message);
    }
}
