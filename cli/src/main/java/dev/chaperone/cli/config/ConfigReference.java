package dev.chaperone.cli.config;

import dev.chaperone.proto.Setting;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Writes the configuration reference page from the records that configuration is bound to. */
public final class ConfigReference {

    private static final String HEADER = "| Key | Type | Default | Meaning |\n|---|---|---|---|\n";

    private final StringBuilder page = new StringBuilder();

    private ConfigReference() {}

    /** One key: where it is, how it is written, what it means. */
    public record Entry(
            String key, String environment, String type, String defaultValue, boolean required, String meaning) {}

    /** Every key of a configuration, in order; {@code NAME} stands for a name that the file chooses, {@code []} for an item. */
    public static List<Entry> entries(Class<? extends Record> root) {
        List<Entry> entries = new ArrayList<>();
        collect(root, "", entries);
        return entries;
    }

    /** The page, in Markdown; ends in a line end. */
    public static String markdown(Class<? extends Record> root) {
        ConfigReference reference = new ConfigReference();
        reference.page.append("# Configuration\n\n").append(PREAMBLE);
        for (RecordComponent section : root.getRecordComponents()) {
            Setting setting = section.getAnnotation(Setting.class);
            String name = KeyNames.kebab(section.getName());
            reference.page.append("\n## `").append(name).append("`\n\n");
            reference.page.append(sentence(setting.value())).append("\n\n").append(HEADER);
            List<Entry> entries = new ArrayList<>();
            collectValue(section.getGenericType(), name, entries);
            entries.forEach(reference::row);
        }
        return reference.page.toString();
    }

    private void row(Entry entry) {
        String shown = entry.defaultValue().isEmpty()
                ? (entry.required() ? "**required**" : "")
                : "`" + entry.defaultValue() + "`";
        page.append("| `")
                .append(entry.key())
                .append("` | ")
                .append(cell(entry.type()))
                .append(" | ")
                .append(cell(shown))
                .append(" | ")
                .append(cell(entry.meaning()))
                .append(" |\n");
    }

    private static void collect(Class<?> type, String key, List<Entry> entries) {
        for (RecordComponent component : type.getRecordComponents()) {
            Setting setting = component.getAnnotation(Setting.class);
            if (setting == null) {
                throw new IllegalStateException("`" + component + "` lacks its @Setting");
            }
            String childKey = KeyNames.child(key, KeyNames.kebab(component.getName()));
            String typeName = typeName(component.getGenericType());
            if (!component.getType().isRecord() || !typeName.isEmpty()) {
                boolean required = setting.defaultValue().isEmpty() && !setting.optional();
                entries.add(new Entry(
                        childKey,
                        KeyNames.environment(childKey),
                        typeName,
                        component.getType().isEnum()
                                ? ScalarParser.written(setting.defaultValue())
                                : setting.defaultValue(),
                        required,
                        setting.value()));
            } else if (setting.optional()) {
                entries.add(new Entry(childKey, "", "section", "", false, setting.value()));
            }
            collectValue(component.getGenericType(), childKey, entries);
        }
    }

    private static void collectValue(Type type, String key, List<Entry> entries) {
        Class<?> raw = ConfigBinder.raw(type);
        if (ScalarParser.handles(raw)) {
            return;
        }
        if (ConfigBinder.isList(raw)) {
            collectValue(ConfigBinder.argument(type, 0), key + "[]", entries);
        } else if (Map.class.isAssignableFrom(raw)) {
            collectValue(ConfigBinder.argument(type, 1), key + ".NAME", entries);
        } else {
            collect(raw, key, entries);
        }
    }

    private static String typeName(Type type) {
        Class<?> raw = ConfigBinder.raw(type);
        if (ConfigBinder.isList(raw)) {
            return "list of " + orSection(typeName(ConfigBinder.argument(type, 0)));
        }
        if (Map.class.isAssignableFrom(raw)) {
            return "map of " + orSection(typeName(ConfigBinder.argument(type, 1)));
        }
        return ScalarParser.typeName(raw);
    }

    private static String orSection(String name) {
        return name.isEmpty() ? "sections" : name;
    }

    private static String sentence(String text) {
        return text.substring(0, 1).toUpperCase(java.util.Locale.ROOT) + text.substring(1) + ".";
    }

    private static String cell(String text) {
        return text.replace("|", "\\|");
    }

    private static final String PREAMBLE = """
            <!-- Made by `chaperone config reference` from the records that configuration is bound to; a test keeps it true. -->

            One YAML file configures a Chaperone process, or several: `chaperone up --config FILE` starts everything that the
            file names, `chaperone serve pdp|postgres|sink --config FILE` one part of it, and looks only into that part.

            - Keys are kebab-case. An unknown or duplicate key stops the start and names the nearest known one.
            - The environment variable `CHAPERONE_A_B_C` overrides the key `a.b-c`; lists are separated by commas. A variable
              that starts with `CHAPERONE_` and overrides nothing stops the start.
            - Durations are written `250ms`, `5s`, `2m`, `1h`, `1d` or in ISO-8601; sizes `64MiB`, `1GiB`.
            - Relative paths start at the file's directory.
            - Secrets are references, `env:NAME` or `file:PATH`; a secret written into the file is refused.
            - `NAME` stands for a name that you choose, `[]` for each item of a list.
            """;
}
