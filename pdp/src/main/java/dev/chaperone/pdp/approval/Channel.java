package dev.chaperone.pdp.approval;

import dev.chaperone.approval.v1.ApprovalEvent;

/** Somebody who is told what happens to approvals. Used by one thread at a time, of one replica at a time. */
public interface Channel extends AutoCloseable {

    /** Its name, which stays the same over restarts and is the same in every replica: deliveries wait under it. */
    String name();

    /** Whether it is told of that kind of event. */
    boolean wants(ApprovalEvent.Kind kind);

    /** Whether an event that cannot be delivered holds up those behind it for as long as that takes. */
    boolean ordered();

    /**
     * Delivers one event; may block for seconds. An event may come twice, with the same id.
     *
     * @throws Exception when it was not delivered; it is tried again later
     */
    void deliver(ApprovalEvent event) throws Exception;

    @Override
    void close();
}
