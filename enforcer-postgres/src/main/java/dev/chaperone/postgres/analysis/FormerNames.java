package dev.chaperone.postgres.analysis;

import dev.chaperone.decision.v1.ColumnSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What relations and columns were called before. Labels go by name, and whoever renames a column, or moves a table, leaves its
 * label behind. So whatever was renamed while this process knew it answers to its former names as well: a column that has no label of
 * its own has that of its former name, as if it were made of it, and a relation inherits the labels of its former name.
 *
 * <p>Nothing of it is kept when the process ends.
 */
final class FormerNames {

    /** Of something that was renamed more often nobody knows what it was. */
    private static final int MOST = 16;

    private FormerNames() {}

    /** The newer relations, with the names that they had in the earlier ones, or before that. */
    static Map<Integer, RelationInfo> carry(Map<Integer, RelationInfo> earlier, Map<Integer, RelationInfo> newer) {
        Map<Integer, List<String>> renamed = new HashMap<>();
        Map<String, List<String>> byName = new HashMap<>();
        newer.forEach((oid, now) -> {
            RelationInfo before = earlier.get(oid);
            List<String> names =
                    before == null ? List.of() : names(before.formerly(), before.qualifiedName(), now.qualifiedName());
            if (!names.isEmpty()) {
                renamed.put(oid, names);
                byName.put(now.qualifiedName(), names);
            }
        });
        Map<Integer, RelationInfo> carried = new HashMap<>(newer);
        carried.replaceAll((oid, now) -> {
            RelationInfo before = earlier.get(oid);
            Map<Integer, ColumnInfo> columns = before == null ? now.columns() : columns(before, now);
            List<String> names = renamed.getOrDefault(oid, List.of());
            Set<String> above = new LinkedHashSet<>(now.ancestors());
            above.addAll(names);
            Stream.concat(now.ancestors().stream(), now.descendants().stream())
                    .map(byName::get)
                    .filter(Objects::nonNull)
                    .forEach(above::addAll);
            return above.size() == now.ancestors().size() && columns.equals(now.columns())
                    ? now
                    : now.formerly(names, List.copyOf(above), columns);
        });
        return renamed.isEmpty() && carried.equals(newer) ? newer : throughSources(carried);
    }

    /** What is stored of a column that was renamed answers to its former names, too. */
    private static Map<Integer, RelationInfo> throughSources(Map<Integer, RelationInfo> relations) {
        Map<String, RelationInfo> byName = new HashMap<>();
        relations.values().forEach(relation -> byName.put(relation.qualifiedName(), relation));
        Map<Integer, RelationInfo> traced = new HashMap<>(relations);
        traced.replaceAll((oid, relation) -> {
            Map<Integer, ColumnInfo> columns = new HashMap<>(relation.columns());
            columns.replaceAll((number, column) -> column.sources().isEmpty()
                    ? column
                    : column.from(column.sources().stream()
                            .map(source -> traced(source, byName))
                            .toList()));
            List<ColumnSource> builtFrom = relation.builtFrom().stream()
                    .map(source -> traced(source, byName))
                    .toList();
            return columns.equals(relation.columns()) && builtFrom.equals(relation.builtFrom())
                    ? relation
                    : relation.madeOf(columns, builtFrom);
        });
        return traced;
    }

    private static ColumnSource traced(ColumnSource source, Map<String, RelationInfo> byName) {
        RelationInfo relation = byName.get(source.getSchema() + '.' + source.getRelation());
        if (relation == null) {
            return source;
        }
        ColumnSource.Builder traced =
                source.toBuilder().addAllAncestors(relation.formerly()).clearSources();
        source.getSourcesList().forEach(inner -> traced.addSources(traced(inner, byName)));
        relation.columns().values().stream()
                .filter(column -> column.name().equals(source.getColumn()))
                .forEach(column -> traced.addAllSources(sources(relation, column)));
        return traced.build();
    }

    private static Map<Integer, ColumnInfo> columns(RelationInfo before, RelationInfo now) {
        Map<Integer, ColumnInfo> columns = new HashMap<>(now.columns());
        columns.replaceAll((number, column) -> {
            ColumnInfo earlier = before.column(number);
            List<String> names = earlier == null ? List.of() : names(earlier.formerly(), earlier.name(), column.name());
            return names.isEmpty() ? column : column.formerly(names);
        });
        return columns;
    }

    private static List<String> names(List<String> formerly, String before, String now) {
        if (before.equals(now)) {
            return formerly;
        }
        Set<String> names = new LinkedHashSet<>(formerly);
        names.add(before);
        names.remove(now);
        // The first names are the ones that somebody may have listed.
        return names.stream().limit(MOST).toList();
    }

    /** A column's former names, as columns that it is made of. */
    static List<ColumnSource> sources(RelationInfo relation, ColumnInfo column) {
        List<ColumnSource> sources = new ArrayList<>();
        for (String name : column.formerly()) {
            sources.add(ColumnSource.newBuilder()
                    .setSchema(relation.schema())
                    .setRelation(relation.name())
                    .setColumn(name)
                    .addAllAncestors(relation.ancestors())
                    .addAllAncestors(relation.descendants())
                    .build());
        }
        return sources;
    }
}
