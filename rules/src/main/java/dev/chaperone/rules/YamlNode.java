package dev.chaperone.rules;

import dev.chaperone.rules.PolicyTestReader.Malformed;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;

/**
 * A YAML node that knows where it is and says so when it is not what it should be.
 *
 * @param path where it is, as {@code cases[3].given.action}
 * @param json the node; a missing node for what is not there
 */
record YamlNode(String path, JsonNode json) {
    boolean isPresent() {
        return !json.isMissingNode() && !json.isNull();
    }

    boolean isText() {
        return json.isString();
    }

    /** The node at a key of a mapping; missing when it is not there. */
    YamlNode at(String key) {
        return new YamlNode(path.isEmpty() ? key : path + "." + key, json.path(key));
    }

    /** Requires a mapping, if anything, with no other keys than these. */
    YamlNode keys(String... allowed) {
        Set<String> known = new TreeSet<>(List.of(allowed));
        for (String key : entries().keySet()) {
            if (!known.contains(key)) {
                throw malformed("there is no `" + key + "`; " + FactModel.suggest(key, known));
            }
        }
        return this;
    }

    /** The entries of a mapping in order; none when it is not there. */
    Map<String, YamlNode> entries() {
        Map<String, YamlNode> entries = new LinkedHashMap<>();
        if (isPresent()) {
            if (!json.isObject()) {
                throw malformed("expected a mapping");
            }
            json.properties().forEach(entry -> entries.put(entry.getKey(), at(entry.getKey())));
        }
        return entries;
    }

    /** The items of a list; none when it is not there. */
    List<YamlNode> items() {
        List<YamlNode> items = new ArrayList<>();
        if (isPresent()) {
            if (!json.isArray()) {
                throw malformed("expected a list");
            }
            for (int i = 0; i < json.size(); i++) {
                items.add(new YamlNode(path + "[" + i + "]", json.get(i)));
            }
        }
        return items;
    }

    List<String> texts() {
        return items().stream().map(YamlNode::text).toList();
    }

    /** The text of a scalar that must be there. */
    String text() {
        if (!isPresent() || !json.isValueNode()) {
            throw malformed("expected a text");
        }
        return json.asString();
    }

    String text(String otherwise) {
        return isPresent() ? text() : otherwise;
    }

    boolean bool() {
        if (isPresent() && !json.isBoolean()) {
            throw malformed("expected `true` or `false`");
        }
        return isPresent() && json.asBoolean();
    }

    long number(long otherwise) {
        if (isPresent() && !json.isIntegralNumber()) {
            throw malformed("expected a whole number");
        }
        return isPresent() ? json.asLong() : otherwise;
    }

    /** The constant of an enum of the contract, written without its prefix in lower case. */
    <E extends Enum<E>> E constant(Class<E> type, String prefix) {
        String name = prefix + text().toUpperCase(Locale.ROOT);
        for (E constant : type.getEnumConstants()) {
            if (constant.name().equals(name)) {
                return constant;
            }
        }
        List<String> names = new ArrayList<>();
        for (E constant : type.getEnumConstants()) {
            if (!constant.name().endsWith("UNRECOGNIZED")) {
                names.add(constant.name().substring(prefix.length()).toLowerCase(Locale.ROOT));
            }
        }
        throw malformed("`" + text() + "` is unknown; " + FactModel.suggest(text(), names));
    }

    Malformed malformed(String message) {
        return new Malformed((path.isEmpty() ? "the file" : "`" + path + "`") + ": " + message);
    }
}
