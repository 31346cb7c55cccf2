package dev.chaperone.postgres.masking;

import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.enforcer.detect.Hit;
import dev.chaperone.proto.ErrorCode;
import io.netty.buffer.ByteBuf;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The mask of one cell in which something was found.
 *
 * @param field the column's name
 * @param finds what was found
 * @param withheld true when the cell must not be delivered in any form
 * @param replacement what is delivered in its place; null for SQL NULL
 */
record Find(String field, List<Hit> finds, boolean withheld, byte @Nullable [] replacement) implements CellMask {

    @Override
    public void write(ByteBuf source, int index, int length, ByteBuf out) {
        if (withheld) {
            throw new EnforcementException(
                    ErrorCode.DETECTED,
                    "a value of `" + field + "` holds what looks like `"
                            + finds.get(0).detector().text() + "`, which the policy does not deliver");
        }
        if (replacement == null) {
            out.writeInt(SQL_NULL);
        } else {
            out.writeInt(replacement.length).writeBytes(replacement);
        }
    }
}
