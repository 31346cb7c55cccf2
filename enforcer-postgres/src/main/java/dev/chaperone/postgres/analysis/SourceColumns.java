package dev.chaperone.postgres.analysis;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Which columns of which relations a statement refers to where the agent wrote it, before views are looked into, and what each
 * of those columns is made of.
 */
final class SourceColumns {

    /** A place in a statement: an entry of a level's range table. */
    private record Place(Level level, int entry) {}

    private final TreeScan scan;
    private final Lineage lineage;
    private final CatalogSnapshot catalog;
    private final Map<Place, Set<Integer>> used = new HashMap<>();
    private final ArrayDeque<Runnable> open = new ArrayDeque<>();

    SourceColumns(TreeScan scan, Lineage lineage, CatalogSnapshot catalog) {
        this.scan = scan;
        this.lineage = lineage;
        this.catalog = catalog;
    }

    /** The relations by OID, each with its columns by attribute number, each with the base columns behind it. */
    Map<Integer, Map<Integer, Lineage.Summary>> find() {
        for (Level level : scan.levels().values()) {
            if (!level.inView()) {
                for (int i = 0; i < level.query().size(); i++) {
                    if (!level.query().name(i).equals("rtable")) {
                        variables(level.query().value(i), level);
                    }
                }
                level.rangeTable().forEach(entry -> entry(Node.struct(entry), level));
            }
        }
        while (!open.isEmpty()) {
            open.remove().run();
        }
        Map<Integer, Map<Integer, Lineage.Summary>> found = new LinkedHashMap<>();
        used.forEach((place, attributes) -> {
            int oid = scan.relationOf(place.level().entry(place.entry()));
            if (oid != 0) {
                Map<Integer, Lineage.Summary> columns = found.computeIfAbsent(oid, any -> new TreeMap<>());
                attributes(oid, attributes)
                        .forEach(
                                number -> columns.put(number, lineage.attribute(place.level(), place.entry(), number)));
            }
        });
        return found;
    }

    private Set<Integer> attributes(int oid, Set<Integer> attributes) {
        RelationInfo relation = catalog.relation(oid);
        if (relation == null || attributes.stream().anyMatch(number -> number < 0)) {
            throw new UnanalysableException("statement uses columns that only the relation itself has");
        }
        return attributes.contains(0) ? relation.columns().keySet() : attributes;
    }

    /** Parts of an entry that are evaluated wherever it is used; what a join lists is followed on demand. */
    private void entry(Node.Struct entry, Level level) {
        for (String part : new String[] {"functions", "tablefunc", "values_lists", "groupexprs", "tablesample"}) {
            variables(entry.field(part), level);
        }
    }

    private void variables(Node node, Level level) {
        if (node instanceof Node.Items list) {
            list.items().forEach(item -> variables(item, level));
        } else if (node instanceof Node.Struct struct && struct.is("VAR")) {
            use(level.up(struct.number("varlevelsup")), struct.number("varno"), struct.number("varattno"));
        } else if (node instanceof Node.Struct struct && !struct.is("QUERY")) {
            for (int i = 0; i < struct.size(); i++) {
                variables(struct.value(i), level);
            }
        }
    }

    private void use(Level level, int index, int attribute) {
        if (!used.computeIfAbsent(new Place(level, index), place -> new HashSet<>())
                .add(attribute)) {
            return;
        }
        Node.Struct entry = level.entry(index);
        if (entry.number("rtekind") == Level.RTE_JOIN) {
            var listed = entry.list("joinaliasvars");
            open.add(() -> {
                if (attribute == 0) {
                    variables(entry.field("joinaliasvars"), level);
                } else if (attribute > 0 && attribute <= listed.size()) {
                    variables(listed.get(attribute - 1), level);
                }
            });
        }
    }
}
