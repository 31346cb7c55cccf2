package dev.chaperone.postgres.analysis;

import dev.chaperone.decision.v1.ColumnSource;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Says of generated columns and of materialised views which columns their values come from. The server keeps the definition of
 * each view as a query tree, which is read as any statement's is; views between a materialised view and its tables are looked
 * through.
 */
final class StoredColumns {

    /** A definition that is not understood: whoever is asked about a source without a name does not know it. */
    private static final ColumnSource UNKNOWN = ColumnSource.getDefaultInstance();

    /** Sources that one column is described by; one with more is not understood. */
    private static final int MOST_SOURCES = 200;

    private static final int MOST_NESTED = 8;

    private static final String DEFINITION = """
            SELECT ev_action::text FROM pg_catalog.pg_rewrite WHERE rulename = '_RETURN' AND ev_class = """;

    private final Map<Integer, RelationInfo> relations;
    private final Map<Integer, Map<Integer, Set<Integer>>> generated;
    private final Statement statement;
    private final CatalogSnapshot catalog;
    private final Map<Integer, ViewDefinition> definitions = new HashMap<>();

    /**
     * @param relations every relation by OID, without sources
     * @param generated relation to generated column to the columns that it is computed from
     * @param statement for asking for definitions
     */
    StoredColumns(
            Map<Integer, RelationInfo> relations,
            Map<Integer, Map<Integer, Set<Integer>>> generated,
            Statement statement) {
        this.relations = relations;
        this.generated = generated;
        this.statement = statement;
        this.catalog = new CatalogSnapshot(
                relations,
                FunctionList.of(Map.of(), Set.of()),
                Map.of(),
                Map.of(),
                Set.of(),
                Map.of(),
                HiddenCode.NONE);
    }

    /** The relations, with the sources of what they store of others' values. */
    Map<Integer, RelationInfo> label() throws SQLException {
        Map<Integer, RelationInfo> labelled = new HashMap<>(relations);
        for (RelationInfo relation : relations.values()) {
            if (relation.kind() == 'm' || generated.containsKey(relation.oid())) {
                labelled.put(relation.oid(), label(relation));
            }
        }
        return labelled;
    }

    private RelationInfo label(RelationInfo relation) throws SQLException {
        Map<Integer, ColumnInfo> columns = new HashMap<>();
        for (Map.Entry<Integer, ColumnInfo> column : relation.columns().entrySet()) {
            List<ColumnSource> sources = bounded(sources(relation, column.getKey(), false, MOST_NESTED));
            columns.put(column.getKey(), column.getValue().from(sources));
        }
        List<ColumnSource> builtFrom = relation.kind() == 'm' ? builtFrom(relation.oid()) : List.of();
        return relation.madeOf(columns, bounded(builtFrom));
    }

    /** All that a definition uses, and the definitions of the views in it: what chooses rows says something of them, too. */
    private List<ColumnSource> builtFrom(int oid) throws SQLException {
        List<ColumnSource> builtFrom = new ArrayList<>();
        Set<Integer> seen = new HashSet<>(Set.of(oid));
        ArrayDeque<Integer> open = new ArrayDeque<>(seen);
        while (!open.isEmpty()) {
            ViewDefinition definition = definition(open.remove());
            if (!definition.understood()) {
                builtFrom.add(UNKNOWN);
            }
            for (long used : new TreeSet<>(definition.used())) {
                RelationInfo relation = relations.get(Lineage.relation(used));
                if (relation == null || relation.kind() != 'v' || relation.system()) {
                    builtFrom.addAll(source(used, true, MOST_NESTED));
                } else if (seen.add(relation.oid())) {
                    open.add(relation.oid());
                }
            }
        }
        return builtFrom;
    }

    /** Where the values of one column come from; none for a column that holds them by itself. */
    private List<ColumnSource> sources(RelationInfo relation, int attribute, boolean computed, int depth)
            throws SQLException {
        List<ColumnSource> sources = new ArrayList<>();
        if (relation.kind() == 'm' || relation.kind() == 'v') {
            ViewDefinition definition = definition(relation.oid());
            Lineage.Summary summary = definition.columns().get(attribute);
            if (!definition.understood() || summary == null || depth == 0) {
                return List.of(UNKNOWN);
            }
            for (long column : new TreeSet<>(summary.pass())) {
                sources.addAll(source(column, computed, depth - 1));
            }
            for (long column : new TreeSet<>(summary.derived())) {
                sources.addAll(source(column, true, depth - 1));
            }
        } else {
            Set<Integer> bases =
                    generated.getOrDefault(relation.oid(), Map.of()).getOrDefault(attribute, Set.of());
            for (int base : new TreeSet<>(bases)) {
                sources.addAll(source(Lineage.column(relation.oid(), base), true, depth - 1));
            }
        }
        return sources.size() > MOST_SOURCES ? List.of(UNKNOWN) : sources;
    }

    private List<ColumnSource> source(long column, boolean computed, int depth) throws SQLException {
        RelationInfo relation = relations.get(Lineage.relation(column));
        int attribute = Lineage.attribute(column);
        if (relation == null || depth < 0) {
            return List.of(UNKNOWN);
        }
        if (relation.kind() == 'v' && !relation.system()) {
            if (attribute > 0) {
                return sources(relation, attribute, computed, depth);
            }
            List<ColumnSource> row = new ArrayList<>();
            for (int number : new TreeSet<>(relation.columns().keySet())) {
                row.addAll(sources(relation, number, true, depth));
            }
            return row;
        }
        ColumnInfo info = relation.column(attribute);
        if (info == null) {
            // The whole row; its columns are there by themselves.
            return attribute == 0 ? List.of() : List.of(UNKNOWN);
        }
        return List.of(ColumnSource.newBuilder()
                .setSchema(relation.schema())
                .setRelation(relation.name())
                .setColumn(info.name())
                .addAllAncestors(relation.ancestors())
                .addAllAncestors(relation.descendants())
                .setComputed(computed)
                .addAllSources(sources(relation, attribute, false, depth))
                .build());
    }

    private static List<ColumnSource> bounded(List<ColumnSource> sources) {
        List<ColumnSource> distinct = sources.stream().distinct().toList();
        return distinct.size() > MOST_SOURCES ? List.of(UNKNOWN) : distinct;
    }

    private ViewDefinition definition(int oid) throws SQLException {
        ViewDefinition known = definitions.get(oid);
        if (known == null) {
            try (ResultSet row = statement.executeQuery(DEFINITION + Integer.toUnsignedString(oid))) {
                known = row.next() ? ViewDefinition.read(row.getString(1), catalog) : ViewDefinition.NOT_UNDERSTOOD;
            }
            definitions.put(oid, known);
        }
        return known;
    }
}
