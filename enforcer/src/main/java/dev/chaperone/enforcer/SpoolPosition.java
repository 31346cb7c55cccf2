package dev.chaperone.enforcer;

import java.util.Comparator;

/**
 * A place in the spool.
 *
 * @param segment the segment's number
 * @param frame the frame's index within the segment, from 0
 */
record SpoolPosition(long segment, long frame) implements Comparable<SpoolPosition> {

    private static final Comparator<SpoolPosition> ORDER =
            Comparator.comparingLong(SpoolPosition::segment).thenComparingLong(SpoolPosition::frame);

    @Override
    public int compareTo(SpoolPosition other) {
        return ORDER.compare(this, other);
    }

    /** Before every frame: segments are numbered from 1. */
    static final SpoolPosition BEGINNING = new SpoolPosition(0, 0);

    SpoolPosition next() {
        return new SpoolPosition(segment, frame + 1);
    }
}
