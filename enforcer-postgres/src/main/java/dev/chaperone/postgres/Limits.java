package dev.chaperone.postgres;

import dev.chaperone.decision.v1.Effect;
import dev.chaperone.decision.v1.Limit;
import org.jspecify.annotations.Nullable;

/**
 * How much a statement may deliver, and whether people are asked about more.
 *
 * @param maxRows most rows, {@link Long#MAX_VALUE} for no bound
 * @param holdsRows true when more rows are held for approval, false when they are refused
 * @param maxBytes most payload bytes, {@link Long#MAX_VALUE} for no bound
 * @param holdsBytes true when more bytes are held for approval, false when they are refused
 */
record Limits(long maxRows, boolean holdsRows, long maxBytes, boolean holdsBytes) {

    /** No bounds. */
    static final Limits NONE = new Limits(Long.MAX_VALUE, false, Long.MAX_VALUE, false);

    /**
     * A limit that has been met.
     *
     * @param most how much may be delivered
     * @param what of what: "rows" or "bytes"
     * @param holds true when people are asked
     */
    record Met(long most, String what, boolean holds) {

        /** What is asked for: "more than 1000 rows". */
        String words() {
            return "more than " + most + " " + what;
        }
    }

    /** These and another one: the smaller of two bounds, and of two equal ones the one that refuses. */
    Limits and(Limit limit) {
        boolean holds = limit.getOnExceed() == Effect.EFFECT_HOLD;
        long rows = limit.getMaxRows() > 0 ? limit.getMaxRows() : Long.MAX_VALUE;
        long bytes = limit.getMaxBytes() > 0 ? limit.getMaxBytes() : Long.MAX_VALUE;
        return new Limits(
                Math.min(rows, maxRows),
                rows == maxRows ? holds && holdsRows : rows < maxRows ? holds : holdsRows,
                Math.min(bytes, maxBytes),
                bytes == maxBytes ? holds && holdsBytes : bytes < maxBytes ? holds : holdsBytes);
    }

    /** True when there is a bound. */
    boolean bound() {
        return !equals(NONE);
    }

    /** True when people may have to be asked. */
    boolean holds() {
        return holdsRows || holdsBytes;
    }

    /**
     * The limit that the next message goes over; null for none.
     *
     * @param delivered what has been delivered
     * @param row whether the message is a row
     */
    @Nullable
    Met met(Tally delivered, int length, boolean row) {
        if (row && delivered.rows() >= maxRows) {
            return new Met(maxRows, "rows", holdsRows);
        }
        return delivered.bytes() + length > maxBytes ? new Met(maxBytes, "bytes", holdsBytes) : null;
    }
}
