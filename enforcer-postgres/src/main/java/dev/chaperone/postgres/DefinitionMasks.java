package dev.chaperone.postgres;

import dev.chaperone.enforcer.MaskingFunction;
import dev.chaperone.enforcer.Replacement;
import dev.chaperone.postgres.analysis.OutputColumn;
import dev.chaperone.postgres.analysis.WithoutConstants;
import dev.chaperone.postgres.masking.ColumnMask;
import dev.chaperone.postgres.wire.RowDescription;

/** Masks of columns that deliver definitions of the schema: the constants in them may be values of the data. */
final class DefinitionMasks {

    /** How the server keeps expressions. Clients look whether there is one, and have it printed. */
    private static final int NODE_TREE = 194;

    private static final int TEXT = 25;
    private static final MaskingFunction SOMETHING = new Replacement("***");

    private DefinitionMasks() {}

    static ColumnMask of(OutputColumn output, RowDescription.Column column) {
        String field = output.sources().iterator().next().field();
        int format = column.format() == 1 ? 1 : 0;
        return column.typeOid() == NODE_TREE
                ? new ColumnMask(field, SOMETHING, TEXT, -1, format)
                : new ColumnMask(
                        field, WithoutConstants.of(output.sources()), column.typeOid(), column.typeModifier(), format);
    }
}
