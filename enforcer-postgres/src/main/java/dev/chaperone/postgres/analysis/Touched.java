package dev.chaperone.postgres.analysis;

import dev.chaperone.decision.v1.Column;
import dev.chaperone.decision.v1.Relation;
import dev.chaperone.decision.v1.Use;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** The relations that a statement touches, and what it does with each of their columns. */
final class Touched {

    private static final class Entry {
        private final RelationInfo relation;
        private final Map<Integer, EnumSet<Use>> uses = new TreeMap<>();
        /** Columns that the server checks the privilege to read of. */
        private final Set<Integer> selected = new HashSet<>();

        private boolean written;

        Entry(RelationInfo relation) {
            this.relation = relation;
        }

        void use(int attribute, Use use) {
            uses.computeIfAbsent(attribute, number -> EnumSet.noneOf(Use.class)).add(use);
        }
    }

    private final Map<Integer, Entry> entries = new LinkedHashMap<>();
    private final Set<Long> unseen = new HashSet<>();
    private final Set<Long> found = new HashSet<>();

    private Entry entry(RelationInfo relation) {
        return entries.computeIfAbsent(relation.oid(), oid -> new Entry(relation));
    }

    void relation(RelationInfo relation) {
        entry(relation);
    }

    void written(RelationInfo relation) {
        entry(relation).written = true;
    }

    void selected(RelationInfo relation, int attribute) {
        entry(relation).selected.add(attribute);
    }

    void writes(RelationInfo relation, int attribute) {
        entry(relation).written = true;
        entry(relation).use(attribute, Use.USE_WRITE);
    }

    void use(long column, RelationInfo relation, Use use) {
        entry(relation).use(Lineage.attribute(column), use);
        found.add(column);
    }

    /** The column as it is stands in a target list that the agent wrote, whether or not it gets any further. */
    void unseen(long column) {
        found.add(column);
        unseen.add(column);
    }

    /** The column is named somewhere that delivers nothing by itself. */
    void found(long column) {
        found.add(column);
    }

    List<Relation> relations() {
        entries.values().forEach(this::settle);
        return entries.values().stream().map(Touched::relation).toList();
    }

    /** What the server says is read, and for which no use was found, is taken for the worst unless it is known to be dropped. */
    private void settle(Entry entry) {
        for (int attribute : entry.selected) {
            EnumSet<Use> uses = entry.uses.get(attribute);
            if (uses != null && !(uses.size() == 1 && uses.contains(Use.USE_WRITE))) {
                continue;
            }
            long column = Lineage.column(entry.relation.oid(), attribute);
            if (unseen.contains(column)) {
                entry.use(attribute, Use.USE_OUTPUT);
            } else if (!found.contains(column)) {
                entry.use(attribute, Use.USE_DERIVED);
            }
        }
        // A row used as one value discloses whatever is in it.
        EnumSet<Use> row = entry.uses.get(0);
        if (row != null) {
            entry.relation.columns().keySet().stream()
                    .filter(entry.relation::holdsData)
                    .forEach(attribute -> row.forEach(use -> entry.use(attribute, use)));
        }
    }

    /** What is used of the database's own catalogs that is no description of the schema, but for what is only delivered. */
    List<String> restricted() {
        Set<String> restricted = new LinkedHashSet<>();
        for (Entry entry : entries.values()) {
            RelationInfo relation = entry.relation;
            if (relation.restricted()) {
                restricted.add("relation `" + relation.qualifiedName() + "`");
            } else if (relation.system()) {
                restricted.addAll(worked(entry, false));
            }
        }
        return List.copyOf(restricted);
    }

    /** What definitions are used in another way than being delivered. */
    List<String> definitions() {
        return entries.values().stream()
                .filter(entry -> entry.relation.system())
                .flatMap(entry -> worked(entry, true).stream())
                .distinct()
                .toList();
    }

    private static List<String> worked(Entry entry, boolean definitions) {
        RelationInfo relation = entry.relation;
        List<String> columns = new ArrayList<>();
        entry.uses.forEach((attribute, uses) -> {
            ColumnInfo column = relation.column(attribute);
            if (column != null
                    && relation.defines(attribute) == definitions
                    && !uses.equals(EnumSet.of(Use.USE_OUTPUT))) {
                columns.add("column `" + relation.qualifiedName() + '.' + column.name() + "`");
            }
        });
        return columns;
    }

    private static Relation relation(Entry entry) {
        RelationInfo info = entry.relation;
        Relation.Builder relation = Relation.newBuilder()
                .setDatabase(info.database())
                .setSchema(info.schema())
                .setName(info.name())
                .addAllAncestors(info.ancestors())
                .addAllAncestors(info.descendants())
                .addAllBuiltFrom(info.builtFrom())
                .setWritten(entry.written)
                .setSystem(info.system());
        entry.uses.forEach((attribute, uses) -> {
            ColumnInfo column =
                    attribute == 0 ? new ColumnInfo("*", "record", "record", false) : info.column(attribute);
            if (column == null) {
                throw UnanalysableException.unknown(
                        "column `" + attribute + "` of relation `" + info.qualifiedName() + "`");
            }
            relation.addColumns(Column.newBuilder()
                    .setName(column.name())
                    .setType(column.type())
                    .addAllSources(column.sources())
                    .addAllSources(FormerNames.sources(info, column))
                    .addAllUses(uses));
        });
        return relation.build();
    }
}
