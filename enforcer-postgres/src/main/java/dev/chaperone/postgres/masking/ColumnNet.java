package dev.chaperone.postgres.masking;

import dev.chaperone.enforcer.detect.ContentNet;

/**
 * How one column of a result that no mask covers is searched.
 *
 * @param field the field's name, as in {@code chaperone.decision.v1.Mask.field}; the column's own where it is no field
 * @param net what is looked for
 * @param typeOid OID of its type, from RowDescription
 * @param typeModifier its type modifier, from RowDescription; -1 for none
 * @param format 0 for text, 1 for binary: the format that the rows will have
 */
public record ColumnNet(String field, ContentNet net, int typeOid, int typeModifier, int format) {}
