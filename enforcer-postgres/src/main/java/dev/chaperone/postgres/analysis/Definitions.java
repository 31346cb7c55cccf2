package dev.chaperone.postgres.analysis;

import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where the database's own catalogs hold expressions and bodies that somebody wrote: defaults, checks, bounds, conditions of
 * indexes and policies, views, functions. They describe the schema, but for the constants in them, which may be values of the
 * data. {@code docs/adr/0016} says what becomes of them.
 */
final class Definitions {

    /** The type of an expression as the server keeps it; every column of it is a definition. */
    private static final String NODE_TREE = "pg_node_tree";

    private static final Map<String, Set<String>> COLUMNS = Map.ofEntries(
            Map.entry("pg_catalog.pg_indexes", Set.of("indexdef")),
            Map.entry("pg_catalog.pg_matviews", Set.of("definition")),
            Map.entry("pg_catalog.pg_policies", Set.of("qual", "with_check")),
            Map.entry("pg_catalog.pg_proc", Set.of("prosrc")),
            Map.entry("pg_catalog.pg_publication_tables", Set.of("rowfilter")),
            Map.entry("pg_catalog.pg_rules", Set.of("definition")),
            Map.entry("pg_catalog.pg_type", Set.of("typdefault")),
            Map.entry("pg_catalog.pg_views", Set.of("definition")),
            Map.entry("information_schema.attributes", Set.of("attribute_default")),
            Map.entry("information_schema.check_constraints", Set.of("check_clause")),
            Map.entry("information_schema.columns", Set.of("column_default", "generation_expression")),
            Map.entry("information_schema.domains", Set.of("domain_default")),
            Map.entry("information_schema.parameters", Set.of("parameter_default")),
            Map.entry("information_schema.routines", Set.of("routine_definition")),
            Map.entry("information_schema.triggers", Set.of("action_condition", "action_statement")),
            Map.entry("information_schema.views", Set.of("view_definition")));

    /** Functions that print definitions, wherever they are kept. */
    private static final Set<String> PRINTERS = Set.of(
            "pg_get_constraintdef",
            "pg_get_expr",
            "pg_get_function_arg_default",
            "pg_get_function_arguments",
            "pg_get_function_sqlbody",
            "pg_get_functiondef",
            "pg_get_indexdef",
            "pg_get_partition_constraintdef",
            "pg_get_partkeydef",
            "pg_get_publication_tables",
            "pg_get_ruledef",
            "pg_get_statisticsobjdef",
            "pg_get_statisticsobjdef_columns",
            "pg_get_statisticsobjdef_expressions",
            "pg_get_triggerdef",
            "pg_get_viewdef");

    /** What stands for whatever a function prints: {@code pg_attrdef.adbin}, by the numbers that initdb gives. */
    static final long PRINTED = Lineage.column(2604, 4);

    private Definitions() {}

    /** The columns of one of the database's own relations that hold definitions, by number. */
    static Set<Integer> columns(String schema, String relation, Map<Integer, ColumnInfo> columns) {
        if (!SystemRelations.isSystem(schema)) {
            return Set.of();
        }
        Set<String> named = COLUMNS.getOrDefault(schema + '.' + relation, Set.of());
        Set<Integer> found = new HashSet<>();
        columns.forEach((number, column) -> {
            if (column.type().equals(NODE_TREE) || named.contains(column.name())) {
                found.add(number);
            }
        });
        return found;
    }

    /** @param function its name with its schema */
    static boolean printedBy(@Nullable String function) {
        return function != null
                && function.startsWith("pg_catalog.")
                && PRINTERS.contains(function.substring("pg_catalog.".length()));
    }
}
