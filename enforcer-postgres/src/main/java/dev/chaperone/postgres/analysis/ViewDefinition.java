package dev.chaperone.postgres.analysis;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The query that a view stands for, or that a materialised view was filled by, as the catalog keeps it: not yet rewritten, so that
 * other views in it are relations.
 *
 * @param columns where the values of each of its columns come from
 * @param used every column that it uses in any way
 * @param understood false when nothing is known of it
 */
record ViewDefinition(Map<Integer, Lineage.Summary> columns, Set<Long> used, boolean understood) {

    static final ViewDefinition NOT_UNDERSTOOD = new ViewDefinition(Map.of(), Set.of(), false);

    private static final Set<String> NOT_EXPRESSIONS = Set.of("rtable", "rteperminfos", "cteList");
    private static final List<String> EVALUATED = List.of("functions", "tablefunc", "values_lists", "tablesample");

    /** Reads {@code pg_rewrite.ev_action}. */
    static ViewDefinition read(CharSequence tree, CatalogSnapshot catalog) {
        try {
            TreeScan scan = new TreeScan(catalog, List.of(), new Touched());
            Level top = scan.query(QueryAnalyzer.query(tree), null, false);
            Lineage lineage = new Lineage(scan.levels(), catalog, scan.definitions());
            Map<Integer, Lineage.Summary> columns = new HashMap<>();
            top.outputExpressions().keySet().forEach(number -> columns.put(number, lineage.output(top, number)));
            Set<Long> used = new HashSet<>();
            scan.levels().values().forEach(level -> used(level, lineage, used));
            return new ViewDefinition(columns, used, true);
        } catch (UnanalysableException e) {
            return NOT_UNDERSTOOD;
        }
    }

    private static void used(Level level, Lineage lineage, Set<Long> used) {
        Node.Struct query = level.query();
        for (int i = 0; i < query.size(); i++) {
            if (!NOT_EXPRESSIONS.contains(query.name(i))) {
                lineage.collect(query.value(i), level, used);
            }
        }
        for (Node entry : level.rangeTable()) {
            EVALUATED.forEach(part -> lineage.collect(Node.struct(entry).field(part), level, used));
        }
    }
}
