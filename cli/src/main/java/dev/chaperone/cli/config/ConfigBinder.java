package dev.chaperone.cli.config;

import dev.chaperone.proto.Setting;
import java.io.IOException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Binds a YAML file to nested records whose components carry {@link Setting}. Keys are the components' names in kebab-case;
 * an environment variable {@code CHAPERONE_A_B_C} overrides the key {@code a.b-c}; what neither sets takes the annotation's
 * default. Paths are relative to the file's directory. All problems are reported together.
 */
public final class ConfigBinder {

    private static final long MAX_BYTES = 1024 * 1024;

    private final Map<String, String> environment;
    private final ScalarParser scalars;
    private final List<ConfigProblem> problems = new ArrayList<>();
    private final EnvironmentNames names = new EnvironmentNames();

    private ConfigBinder(Map<String, String> environment, Path directory) {
        this.environment = Map.copyOf(environment);
        this.scalars = new ScalarParser(directory, environment);
    }

    /**
     * Reads and binds a file.
     *
     * @param type the record of the whole file
     * @param environment overrides and the values of {@code env:} secrets
     * @throws ConfigException with everything that is wrong
     */
    public static <T extends Record> T bind(Class<T> type, Path file, Map<String, String> environment) {
        return bind(type, file, environment, Set.of());
    }

    /**
     * Reads a file and binds only some of its top-level keys, for a process that plays one of several parts. The others must
     * be known keys but are not looked into, so that a process needs no secret of another; they come out as their type's
     * absence: null, an empty list or an empty map.
     *
     * @param parts component names of the top-level record to bind; empty means all
     */
    public static <T extends Record> T bind(
            Class<T> type, Path file, Map<String, String> environment, Set<String> parts) {
        Path directory = file.toAbsolutePath().normalize().getParent();
        return bind(type, String.valueOf(file.getFileName()), text(file), directory, environment, parts);
    }

    /** Binds text that is already in memory; see {@link #bind(Class, Path, Map, Set)}. */
    static <T extends Record> T bind(
            Class<T> type,
            String name,
            String text,
            @Nullable Path directory,
            Map<String, String> environment,
            Set<String> parts) {
        ConfigBinder binder = new ConfigBinder(environment, directory == null ? Path.of("") : directory);
        ConfigNode root = ConfigReader.read(name, text, binder.problems);
        Object bound = root == null ? null : binder.record(type, root, "", parts);
        if (root != null) {
            binder.problems.addAll(binder.names.unknown(environment));
        }
        if (!binder.problems.isEmpty() || bound == null) {
            throw new ConfigException(binder.problems);
        }
        return type.cast(bound);
    }

    private static String text(Path file) {
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw failure(file, "larger than 1 MiB; this is not a configuration file");
            }
            return Files.readString(file);
        } catch (NoSuchFileException e) {
            throw failure(file, "there is no such file; check the path, examples/ holds complete ones to start from");
        } catch (MalformedInputException e) {
            throw failure(file, "not UTF-8 text");
        } catch (IOException e) {
            throw failure(file, "cannot be read (" + e.getClass().getSimpleName() + "); check its rights");
        }
    }

    private static ConfigException failure(Path file, String message) {
        return new ConfigException(List.of(new ConfigProblem(file.toString(), "", message)));
    }

    /** The record, or null after adding a problem. */
    private @Nullable Object record(Class<?> type, @Nullable ConfigNode node, String key, Set<String> parts) {
        String place = node == null ? "environment" : node.place();
        Map<String, ConfigNode.Entry> entries = entries(node, key);
        if (entries == null) {
            return null;
        }
        RecordComponent[] components = type.getRecordComponents();
        unknownKeys(entries, components, key);
        int before = problems.size();
        @Nullable Object[] values = new Object[components.length];
        for (int i = 0; i < components.length; i++) {
            String name = KeyNames.kebab(components[i].getName());
            String childKey = KeyNames.child(key, name);
            if (!parts.isEmpty() && !parts.contains(components[i].getName())) {
                names.ignore(childKey);
                values[i] = absence(components[i].getType());
                continue;
            }
            ConfigNode.Entry entry = entries.get(name);
            values[i] = component(components[i], entry == null ? null : entry.value(), childKey, place);
        }
        if (problems.size() > before) {
            return null;
        }
        try {
            return RecordMaker.make(type, values);
        } catch (IllegalArgumentException e) {
            problem(place, key, String.valueOf(e.getMessage()));
            return null;
        }
    }

    private void unknownKeys(Map<String, ConfigNode.Entry> entries, RecordComponent[] components, String key) {
        Set<String> known = new LinkedHashSet<>();
        for (RecordComponent component : components) {
            known.add(KeyNames.kebab(component.getName()));
        }
        entries.forEach((name, entry) -> {
            if (!known.contains(name)) {
                String nearest = KeyNames.nearest(name, known);
                String hint = nearest == null
                        ? "; known here: " + String.join(", ", known)
                        : "; did you mean `" + nearest + "`?";
                problem(entry.place(), KeyNames.child(key, name), "unknown key `" + name + "`" + hint);
            }
        });
    }

    private @Nullable Object component(
            RecordComponent component, @Nullable ConfigNode written, String key, String parentPlace) {
        Setting setting = component.getAnnotation(Setting.class);
        if (setting == null) {
            throw new IllegalStateException("`" + component + "` lacks its @Setting");
        }
        ConfigNode node = overridden(component.getType(), written, key);
        boolean empty = node == null || (node instanceof ConfigNode.Scalar scalar && scalar.text() == null);
        boolean below = component.getType().isRecord() && names.anyBelow(key, environment);
        if (!empty || below) {
            return value(component.getGenericType(), empty ? null : node, key);
        }
        if (!setting.defaultValue().isEmpty()) {
            return value(component.getGenericType(), defaultNode(component.getType(), setting), key);
        }
        if (setting.optional()) {
            names.describe(component.getGenericType(), key);
            return null;
        }
        if (component.getType().isRecord() && !ScalarParser.handles(component.getType())) {
            return record(component.getType(), new ConfigNode.Mapping(Map.of(), parentPlace), key, Set.of());
        }
        problem(node == null ? parentPlace : node.place(), key, "missing; it is " + setting.value() + "; add it");
        return null;
    }

    private @Nullable ConfigNode overridden(Class<?> type, @Nullable ConfigNode written, String key) {
        if (!ScalarParser.handles(type) && !isList(type)) {
            return written;
        }
        String name = names.overridable(key);
        String value = environment.get(name);
        if (value == null) {
            return written;
        }
        return isList(type) ? split(value, "$" + name) : new ConfigNode.Scalar(value, "$" + name);
    }

    private static ConfigNode defaultNode(Class<?> type, Setting setting) {
        String text = setting.defaultValue();
        if (ScalarParser.handles(type)) {
            boolean quotedNothing = text.equals("''") || text.equals("\"\"");
            return new ConfigNode.Scalar(quotedNothing ? "" : text, "default");
        }
        if (isList(type) && !text.startsWith("[")) {
            return split(text, "default");
        }
        List<ConfigProblem> defects = new ArrayList<>();
        ConfigNode node = ConfigReader.read("default", text, defects);
        if (node == null || !defects.isEmpty()) {
            throw new IllegalStateException("the default `" + text + "` is not valid: " + defects);
        }
        return node;
    }

    private static ConfigNode split(String text, String place) {
        List<ConfigNode> items = new ArrayList<>();
        for (String item : text.split(",", -1)) {
            if (!item.isBlank()) {
                items.add(new ConfigNode.Scalar(item.strip(), place));
            }
        }
        return new ConfigNode.Sequence(items, place);
    }

    private @Nullable Object value(Type type, @Nullable ConfigNode node, String key) {
        Class<?> raw = raw(type);
        if (ScalarParser.handles(raw)) {
            return scalar(raw, node, key);
        }
        if (isList(raw)) {
            return list(argument(type, 0), node, key, raw);
        }
        if (Map.class.isAssignableFrom(raw)) {
            return map(argument(type, 1), node, key);
        }
        if (raw.isRecord()) {
            return record(raw, node, key, Set.of());
        }
        throw new IllegalStateException("`" + key + "` has a type that cannot be configured: " + type);
    }

    private @Nullable Object scalar(Class<?> type, @Nullable ConfigNode node, String key) {
        if (!(node instanceof ConfigNode.Scalar scalar) || scalar.text() == null) {
            problem(place(node), key, "expected " + ScalarParser.typeName(type) + ", found something with parts");
            return null;
        }
        if (type == dev.chaperone.proto.Secret.class && scalar.text().startsWith("env:")) {
            names.secret(scalar.text().substring("env:".length()));
        }
        try {
            return scalars.parse(type, scalar.text());
        } catch (IllegalArgumentException e) {
            problem(scalar.place(), key, String.valueOf(e.getMessage()));
            return null;
        }
    }

    private @Nullable Object list(Type itemType, @Nullable ConfigNode node, String key, Class<?> raw) {
        if (!(node instanceof ConfigNode.Sequence sequence)) {
            problem(place(node), key, "expected a list; write each item on its own line after `- `, or `[a, b]`");
            return null;
        }
        List<Object> items = new ArrayList<>();
        for (int i = 0; i < sequence.items().size(); i++) {
            Object item = value(itemType, sequence.items().get(i), key + "[" + i + "]");
            if (item != null) {
                items.add(item);
            }
        }
        return raw == Set.class ? new LinkedHashSet<>(items) : items;
    }

    private @Nullable Object map(Type valueType, @Nullable ConfigNode node, String key) {
        Map<String, ConfigNode.Entry> entries = entries(node, key);
        if (entries == null) {
            return null;
        }
        Map<String, Object> values = new LinkedHashMap<>();
        entries.forEach((name, entry) -> {
            Object value = value(valueType, overriddenItem(valueType, entry.value(), key, name), key + "." + name);
            if (value != null) {
                values.put(name, value);
            }
        });
        return values;
    }

    private ConfigNode overriddenItem(Type type, ConfigNode written, String key, String name) {
        ConfigNode node = overridden(raw(type), written, KeyNames.child(key, name));
        return node == null ? written : node;
    }

    private @Nullable Map<String, ConfigNode.Entry> entries(@Nullable ConfigNode node, String key) {
        if (node == null || (node instanceof ConfigNode.Scalar scalar && scalar.text() == null)) {
            return Map.of();
        }
        if (node instanceof ConfigNode.Mapping mapping) {
            return mapping.entries();
        }
        problem(
                node.place(),
                key,
                "expected keys below it, found " + (node instanceof ConfigNode.Scalar ? "a value" : "a list"));
        return null;
    }

    private void problem(String place, String key, String message) {
        problems.add(new ConfigProblem(place, key, message));
    }

    private static String place(@Nullable ConfigNode node) {
        return node == null ? "environment" : node.place();
    }

    private static @Nullable Object absence(Class<?> type) {
        if (isList(type)) {
            return type == Set.class ? Set.of() : List.of();
        }
        return Map.class.isAssignableFrom(type) ? Map.of() : null;
    }

    static boolean isList(Class<?> type) {
        return type == List.class || type == Set.class;
    }

    static Class<?> raw(Type type) {
        return type instanceof ParameterizedType parameterized
                ? (Class<?>) parameterized.getRawType()
                : (Class<?>) type;
    }

    static Type argument(Type type, int index) {
        return ((ParameterizedType) type).getActualTypeArguments()[index];
    }
}
