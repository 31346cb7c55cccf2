package dev.chaperone.postgres;

/** How much has been delivered of something that may be delivered in several turns. Belongs to one session's event loop. */
final class Tally {

    private long rows;
    private long bytes;

    void add(long moreRows, long moreBytes) {
        rows += moreRows;
        bytes += moreBytes;
    }

    long rows() {
        return rows;
    }

    long bytes() {
        return bytes;
    }
}
