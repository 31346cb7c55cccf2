package dev.chaperone.cli.config;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A piece of a configuration as it was written, with its place, before it is given a type. */
sealed interface ConfigNode {

    /** Where it was written, such as {@code chaperone.yaml:12} or the name of an environment variable. */
    String place();

    /** A single value; {@code text} is null where the file says nothing or {@code null}. */
    record Scalar(@Nullable String text, String place) implements ConfigNode {}

    /** Keys and their values, in the order of the file. */
    record Mapping(Map<String, Entry> entries, String place) implements ConfigNode {
        public Mapping {
            entries = Collections.unmodifiableMap(new LinkedHashMap<>(entries));
        }
    }

    /** Several values. */
    record Sequence(List<ConfigNode> items, String place) implements ConfigNode {
        public Sequence {
            items = List.copyOf(items);
        }
    }

    /** A key's value, and where the key stands. */
    record Entry(ConfigNode value, String place) {}
}
