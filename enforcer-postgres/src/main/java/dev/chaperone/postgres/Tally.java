package dev.chaperone.postgres;

/** How much has been delivered of something that may be delivered in several turns. Belongs to one session's event loop. */
final class Tally {

    private long rows;
    private long bytes;
    private boolean lifted;

    void add(long moreRows, long moreBytes) {
        rows += moreRows;
        bytes += moreBytes;
    }

    /** People have granted that it goes over its limits. */
    void lift() {
        lifted = true;
    }

    /** True when no limit counts any more. */
    boolean lifted() {
        return lifted;
    }

    long rows() {
        return rows;
    }

    long bytes() {
        return bytes;
    }
}
