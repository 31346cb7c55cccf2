package dev.chaperone.testkit.conformance;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * Which columns of the fixture hold secrets: a catalog as the decision point reads it, of one database. A letter (A to R of 45
 * CFR 164.514(b)(2)(i)) says that a column holds what no attacker may learn; {@code NONE} and {@code CLINICAL} that it may be
 * read.
 */
public final class Labels {

    /** A labelled column. */
    public record Column(String schema, String table, String name, String label) {}

    private static final Map<String, String> IDENTIFIERS = Map.ofEntries(
            Map.entry("A", "name"),
            Map.entry("B", "geographic subdivision"),
            Map.entry("C", "date or age"),
            Map.entry("D", "telephone number"),
            Map.entry("E", "fax number"),
            Map.entry("F", "e-mail address"),
            Map.entry("G", "social security number"),
            Map.entry("H", "medical record number"),
            Map.entry("I", "health plan number"),
            Map.entry("J", "account number"),
            Map.entry("K", "certificate or license number"),
            Map.entry("L", "vehicle identifier"),
            Map.entry("M", "device identifier"),
            Map.entry("N", "URL"),
            Map.entry("O", "IP address"),
            Map.entry("P", "biometric identifier"),
            Map.entry("Q", "photograph"),
            Map.entry("R", "any other identifier"));

    private final String database;
    private final Map<String, Map<String, String>> tables = new TreeMap<>();
    private final Map<String, String> others = new TreeMap<>();

    private Labels(String database) {
        this.database = database;
    }

    /** Reads a catalog's text. */
    public static Labels parse(String yaml) {
        JsonNode databases = new YAMLMapper().readTree(yaml).path("databases");
        if (databases.size() != 1) {
            throw new IllegalArgumentException("the labels name " + databases.size() + " databases, expected one");
        }
        Map.Entry<String, JsonNode> only = databases.properties().iterator().next();
        Labels labels = new Labels(only.getKey());
        for (Map.Entry<String, JsonNode> schema :
                only.getValue().path("schemas").properties()) {
            for (Map.Entry<String, JsonNode> table : schema.getValue().properties()) {
                labels.add(schema.getKey() + '.' + table.getKey(), table.getValue());
            }
        }
        return labels;
    }

    private void add(String table, JsonNode node) {
        Map<String, String> columns = new TreeMap<>();
        node.path("columns")
                .properties()
                .forEach(
                        column -> columns.put(column.getKey(), column.getValue().asString()));
        tables.put(table, columns);
        if (node.has("others")) {
            others.put(table, node.path("others").asString());
        }
    }

    /** The database that they are of. */
    public String database() {
        return database;
    }

    /** The label of a column of {@code schema.table}; null when it has none. */
    public @Nullable String of(String table, String column) {
        Map<String, String> columns = tables.get(table);
        return columns == null ? null : columns.getOrDefault(column, others.get(table));
    }

    /** True when the table is listed. */
    public boolean knows(String table) {
        return tables.containsKey(table);
    }

    /** The labels of all listed columns of a table. */
    public List<String> of(String table) {
        return List.copyOf(tables.getOrDefault(table, Map.of()).values());
    }

    /** True when what is so labelled must not be learned. */
    public static boolean secret(String label) {
        return label.length() == 1;
    }

    /** Every column that holds secrets. */
    public List<Column> secrets() {
        List<Column> secrets = new ArrayList<>();
        tables.forEach((table, columns) -> columns.forEach((column, label) -> {
            if (secret(label)) {
                int dot = table.indexOf('.');
                secrets.add(new Column(table.substring(0, dot), table.substring(dot + 1), column, label));
            }
        }));
        return secrets;
    }

    /**
     * The columns that hold secrets in a form that any gateway's configuration can be made from: comma-separated, a line a column,
     * with what each one holds in the words of 45 CFR 164.514(b)(2)(i).
     */
    public String csv() {
        StringBuilder csv = new StringBuilder("schema,table,column,letter,holds\n");
        for (Column column : secrets()) {
            csv.append(String.join(
                            ",",
                            column.schema(),
                            column.table(),
                            column.name(),
                            column.label(),
                            IDENTIFIERS.getOrDefault(column.label(), "other")))
                    .append('\n');
        }
        return csv.toString();
    }
}
