package dev.chaperone.postgres.masking;

import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.enforcer.Replacement;
import dev.chaperone.enforcer.detect.Hit;
import dev.chaperone.proto.ErrorCode;
import io.netty.buffer.ByteBuf;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Masks the cells of one column. Immutable, and safe for use by any thread. */
interface CellMask {

    /** Longest cell that is decoded; the mask of a longer one is SQL NULL, unless it is a constant. */
    int MAX_DECODED_BYTES = 64 << 10;

    /** In the place of a length. */
    int SQL_NULL = -1;

    /**
     * The mask of a column.
     *
     * @throws EnforcementException with OBLIGATION_UNFULFILLABLE when its type has no values of its own that could be masked
     */
    static CellMask of(ColumnMask mask) {
        ValueMask plain = new ValueMask(mask);
        if (plain.isAlwaysNull() && mask.function() instanceof Replacement words && words.text() == null) {
            return plain;
        }
        switch (mask.typeOid()) {
            case 705, 2249, 2276, 2277, 2287, 2283, 2776, 3500, 3831, 5077, 5078, 5079, 5080, 4537, 4538:
                throw new EnforcementException(
                        ErrorCode.OBLIGATION_UNFULFILLABLE,
                        "column `" + mask.field() + "` must be masked, and has no type of its own in this statement;"
                                + " select the column as it is");
            default:
                ArrayOids.Element element = ArrayOids.elementOf(mask.typeOid());
                return element == null ? plain : new ArrayMask(mask, element.oid());
        }
    }

    /** The field's name. */
    String field();

    /** The mask of that one cell, which is not SQL NULL; null when it passes as it is. */
    default @Nullable CellMask on(ByteBuf source, int index, int length) {
        return this;
    }

    /** What detectors found in the cell that this is the mask of. */
    default List<Hit> finds() {
        return List.of();
    }

    /** True when the cell must not be delivered in any form, so that {@link #write} fails. */
    default boolean withheld() {
        return false;
    }

    /** Appends the masked cell, its length first. */
    void write(ByteBuf source, int index, int length, ByteBuf out);
}
