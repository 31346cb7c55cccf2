package dev.chaperone.cli.config;

import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Which environment variables a configuration knows. A variable that looks like an override and is none must not be ignored:
 * somebody believes it has an effect.
 */
final class EnvironmentNames {

    /** Read by the launcher, not by configuration. */
    private static final Set<String> RESERVED = Set.of(
            "CHAPERONE_HOME", "CHAPERONE_COMMAND", "CHAPERONE_JAVA_OPTS", "CHAPERONE_DEMO_DIR", "CHAPERONE_BACKENDS");

    private final Set<String> known = new TreeSet<>();
    private final Set<String> excused = new HashSet<>(RESERVED);
    private final List<String> ignoredPrefixes = new ArrayList<>();

    /** Notes that a key may be overridden; gives the variable's name. */
    String overridable(String key) {
        String name = KeyNames.environment(key);
        known.add(name);
        return name;
    }

    /** Notes that a variable holds a secret that the file refers to. */
    void secret(String name) {
        excused.add(name);
    }

    /** Notes a part of the file that this process does not look into. */
    void ignore(String key) {
        ignoredPrefixes.add(KeyNames.environment(key));
    }

    /** Notes every key that a type would have, where none of them is set. */
    void describe(Type type, String key) {
        Class<?> raw = ConfigBinder.raw(type);
        if (ScalarParser.handles(raw) || ConfigBinder.isList(raw)) {
            overridable(key);
        } else if (raw.isRecord()) {
            for (RecordComponent component : raw.getRecordComponents()) {
                describe(component.getGenericType(), KeyNames.child(key, KeyNames.kebab(component.getName())));
            }
        }
    }

    /** True when a variable is set for some key below this one. */
    boolean anyBelow(String key, Map<String, String> environment) {
        String prefix = KeyNames.environment(key) + "_";
        return environment.keySet().stream().anyMatch(name -> name.startsWith(prefix));
    }

    /** A problem for each variable that overrides nothing. */
    List<ConfigProblem> unknown(Map<String, String> environment) {
        List<ConfigProblem> problems = new ArrayList<>();
        new TreeMap<>(environment).forEach((name, value) -> {
            if (name.startsWith("CHAPERONE_")
                    && !known.contains(name)
                    && !excused.contains(name)
                    && ignoredPrefixes.stream()
                            .noneMatch(prefix -> name.equals(prefix) || name.startsWith(prefix + "_"))) {
                String nearest = nearest(name);
                String hint = nearest.isEmpty() ? "unset it" : "did you mean `" + nearest + "`?";
                problems.add(new ConfigProblem("$" + name, "", "overrides no key of this configuration; " + hint));
            }
        });
        return problems;
    }

    private String nearest(String name) {
        Map<String, String> lowerCase = new TreeMap<>();
        known.forEach(candidate -> lowerCase.put(lower(candidate), candidate));
        String nearest = KeyNames.nearest(lower(name), lowerCase.keySet());
        return nearest == null ? "" : lowerCase.getOrDefault(nearest, "");
    }

    private static String lower(String name) {
        return name.toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }
}
