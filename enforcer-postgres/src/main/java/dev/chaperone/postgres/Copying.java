package dev.chaperone.postgres;

import dev.chaperone.postgres.masking.CopyFormat;
import dev.chaperone.postgres.masking.RowMask;
import org.jspecify.annotations.Nullable;

/**
 * How a COPY that was decided on is carried out.
 *
 * @param source the query whose rows are copied to the client, with the server's tree of it; null for COPY FROM STDIN
 * @param mask what to mask in its rows, null when nothing is
 * @param format how the rows are written; null when that is not understood, which is so only when nothing is masked
 */
record Copying(
        @Nullable Prepared source,
        @Nullable RowMask mask,
        @Nullable CopyFormat format) {

    /** COPY FROM STDIN. */
    static final Copying FROM_CLIENT = new Copying(null, null, null);

    Copying {
        if (mask != null && format == null) {
            throw new IllegalArgumentException("rows in a format that is not understood cannot be masked");
        }
    }
}
