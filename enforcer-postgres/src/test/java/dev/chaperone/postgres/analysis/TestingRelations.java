package dev.chaperone.postgres.analysis;

import java.util.List;
import java.util.Map;
import java.util.Set;

/** Relations that nobody has to ask a server for. */
final class TestingRelations {

    private TestingRelations() {}

    /** A relation that has nothing to do with any other. */
    static RelationInfo relation(int oid, String schema, String name, char kind, Map<Integer, ColumnInfo> columns) {
        return new RelationInfo(
                oid, "clinic", schema, name, kind, columns, List.of(), List.of(), List.of(), Map.of(), false, Set.of(),
                Set.of(), List.of());
    }
}
