package dev.chaperone.postgres.masking;

import dev.chaperone.enforcer.MaskingFunction;

/**
 * How one column of a result is masked.
 *
 * @param field the field's name, as in {@code chaperone.decision.v1.Mask.field}
 * @param function what replaces its values
 * @param typeOid OID of its type, from RowDescription
 * @param typeModifier its type modifier, from RowDescription; -1 for none
 * @param format 0 for text, 1 for binary: the format that the rows will have, which for a portal is Bind's choice and not
 *     what the statement's Describe reported
 */
public record ColumnMask(String field, MaskingFunction function, int typeOid, int typeModifier, int format) {

    public ColumnMask {
        if (format != 0 && format != 1) {
            throw new IllegalArgumentException(
                    "`" + format + "` is not a result format; it is 0 for text or 1 for binary");
        }
    }
}
