package dev.chaperone.pdp.approval;

/** What is followed until it is closed. */
public interface Subscription extends AutoCloseable {

    /** Follows no longer; what is being told at this moment may still come. */
    @Override
    void close();
}
