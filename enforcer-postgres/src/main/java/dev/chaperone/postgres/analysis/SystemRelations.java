package dev.chaperone.postgres.analysis;

import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Properties;
import java.util.Set;

/**
 * The parts of the database's own catalogs that describe the schema and hold no data: enough for {@code \d}, for drivers'
 * metadata and for schema browsers. {@code docs/adr/0007} says what counts as schema.
 */
final class SystemRelations {

    private static final String PG_CATALOG = "pg_catalog";
    private static final String INFORMATION_SCHEMA = "information_schema";
    private static final Map<String, Set<String>> COLUMNS = load();

    private SystemRelations() {}

    /** True for a schema that initdb made. */
    static boolean isSystem(String schema) {
        return schema.equals(PG_CATALOG) || schema.equals(INFORMATION_SCHEMA);
    }

    /** True for a relation of the server's own that describes the schema. */
    static boolean describesSchema(String schema, String relation) {
        // Both kinds of name in the information schema: the standard's views and the private ones beneath them.
        return schema.equals(INFORMATION_SCHEMA)
                ? !relation.contains("user_mapping")
                : schema.equals(PG_CATALOG) && COLUMNS.containsKey(relation);
    }

    /** The columns, by number, of a relation that describes the schema which hold something else. */
    static Set<Integer> withheld(String schema, String relation, Map<Integer, ColumnInfo> columns) {
        Set<String> open = COLUMNS.get(relation);
        if (!schema.equals(PG_CATALOG) || open == null) {
            return Set.of();
        }
        Set<Integer> withheld = new HashSet<>();
        columns.forEach((number, column) -> {
            if (!open.contains(column.name())) {
                withheld.add(number);
            }
        });
        return withheld;
    }

    private static Map<String, Set<String>> load() {
        Properties file = new Properties();
        try (InputStream in = SystemRelations.class.getResourceAsStream("system-columns.properties")) {
            if (in == null) {
                throw new IllegalStateException("`system-columns.properties` is missing from the class path");
            }
            file.load(new InputStreamReader(in, StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Map<String, Set<String>> columns = new HashMap<>();
        file.forEach((relation, names) ->
                columns.put((String) relation, Set.of(((String) names).strip().split("\\s+"))));
        return Map.copyOf(columns);
    }
}
