package dev.chaperone.postgres.analysis;

import java.util.Set;

/**
 * One column that a statement delivers, as RowDescription must announce it.
 *
 * @param name column name
 * @param tableOid relation that RowDescription reports as the origin; 0 when there is none
 * @param attributeNumber that relation's column; 0 when there is none
 * @param typeOid the type's OID
 * @param sources base columns whose values are delivered unchanged through this one; empty when it is derived or constant.
 *     A mask on any of them masks this column
 * @param withheld true when values of the database's own catalogs arrive here that are no description of the schema
 * @param definition true when nothing arrives here but definitions, with the constants in them
 * @param passThrough true when every value delivered here is an unchanged value of one of the sources
 */
public record OutputColumn(
        String name,
        int tableOid,
        int attributeNumber,
        int typeOid,
        Set<FieldRef> sources,
        boolean withheld,
        boolean definition,
        boolean passThrough) {

    public OutputColumn {
        sources = Set.copyOf(sources);
    }
}
