package dev.chaperone.postgres.analysis;

import dev.chaperone.decision.v1.ColumnSource;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A relation of the upstream database.
 *
 * @param oid its OID, unsigned
 * @param database the upstream that it is in
 * @param schema its schema
 * @param name its name
 * @param kind {@code pg_class.relkind}
 * @param columns its columns by attribute number, without dropped ones
 * @param builtFrom the columns of other relations that went into it, when it is a materialised view
 * @param ancestors "schema.name" of the relations that it is a partition or a child of, nearest first
 * @param descendants "schema.name" of its own partitions and children, nearest first, and not all of many
 * @param constraints its constraints and unique indexes by name, each with the OID of the relation that it refers to as a
 *     foreign key; 0 for any other
 * @param system true for what describes the schema among the database's own catalogs, see {@link SystemRelations}
 * @param withheld the columns of such a relation that hold something else
 * @param definitions the columns of such a relation that hold {@link Definitions}
 * @param formerly "schema.name" as it was before, see {@link FormerNames}; among the ancestors, too
 */
public record RelationInfo(
        int oid,
        String database,
        String schema,
        String name,
        char kind,
        Map<Integer, ColumnInfo> columns,
        List<ColumnSource> builtFrom,
        List<String> ancestors,
        List<String> descendants,
        Map<String, Integer> constraints,
        boolean system,
        Set<Integer> withheld,
        Set<Integer> definitions,
        List<String> formerly) {

    /** Partitions and children that are named; a relation of more has its labels at the top. */
    static final int MOST_DESCENDANTS = 64;

    public RelationInfo {
        columns = Map.copyOf(columns);
        builtFrom = List.copyOf(builtFrom);
        ancestors = List.copyOf(ancestors);
        descendants = List.copyOf(descendants);
        constraints = Map.copyOf(constraints);
        withheld = Set.copyOf(withheld);
        definitions = Set.copyOf(definitions);
        formerly = List.copyOf(formerly);
    }

    /** The column of an attribute number, null when there is none (any more). */
    public @Nullable ColumnInfo column(int attributeNumber) {
        return columns.get(attributeNumber);
    }

    /** The same, with the relations that it inherits from and those that inherit from it. */
    RelationInfo kin(List<String> above, List<String> below) {
        return new RelationInfo(
                oid,
                database,
                schema,
                name,
                kind,
                columns,
                builtFrom,
                above,
                below,
                constraints,
                system,
                withheld,
                definitions,
                formerly);
    }

    /** The same, with what is known of where its values come from. */
    RelationInfo madeOf(Map<Integer, ColumnInfo> withSources, List<ColumnSource> sources) {
        return new RelationInfo(
                oid,
                database,
                schema,
                name,
                kind,
                withSources,
                sources,
                ancestors,
                descendants,
                constraints,
                system,
                withheld,
                definitions,
                formerly);
    }

    /** The same, with what it and its relatives were called before. */
    RelationInfo formerly(List<String> names, List<String> above, Map<Integer, ColumnInfo> withFormerNames) {
        return new RelationInfo(
                oid,
                database,
                schema,
                name,
                kind,
                withFormerNames,
                builtFrom,
                above,
                descendants,
                constraints,
                system,
                withheld,
                definitions,
                names);
    }

    /** True when the column, or for 0 any of them, holds more than a description of the schema. */
    boolean holdsData(int attributeNumber) {
        return !system
                || (attributeNumber == 0
                        ? !withheld.isEmpty() || !definitions.isEmpty()
                        : withheld.contains(attributeNumber) || definitions.contains(attributeNumber));
    }

    /** True when the column holds a description of the schema, in which there may be constants. */
    boolean defines(int attributeNumber) {
        return system && definitions.contains(attributeNumber) && !withheld.contains(attributeNumber);
    }

    /** True for a relation of the database's own that may hold anybody's data, or tell of other sessions. */
    boolean restricted() {
        return !system && SystemRelations.isSystem(schema);
    }

    /** "schema.name". */
    public String qualifiedName() {
        return schema + '.' + name;
    }
}
