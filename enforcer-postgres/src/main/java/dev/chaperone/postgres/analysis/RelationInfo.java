package dev.chaperone.postgres.analysis;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A relation of the upstream database.
 *
 * @param oid its OID, unsigned
 * @param database the database it is in
 * @param schema its schema
 * @param name its name
 * @param kind {@code pg_class.relkind}
 * @param columns its columns by attribute number, without dropped ones
 * @param ancestors "schema.name" of the relations that it is a partition or a child of, nearest first
 * @param system true for pg_catalog, information_schema and pg_toast
 */
public record RelationInfo(
        int oid,
        String database,
        String schema,
        String name,
        char kind,
        Map<Integer, ColumnInfo> columns,
        List<String> ancestors,
        boolean system) {

    public RelationInfo {
        columns = Map.copyOf(columns);
        ancestors = List.copyOf(ancestors);
    }

    /** The column of an attribute number, null when there is none (any more). */
    public @Nullable ColumnInfo column(int attributeNumber) {
        return columns.get(attributeNumber);
    }

    RelationInfo withAncestors(List<String> names) {
        return new RelationInfo(oid, database, schema, name, kind, columns, names, system);
    }

    /** "schema.name". */
    public String qualifiedName() {
        return schema + '.' + name;
    }
}
