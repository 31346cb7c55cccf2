package dev.chaperone.pdp.console;

import java.util.List;

/**
 * Where the console finds approvals, and leaves what people decide. The service behind it is the authority on who may decide and
 * on what state allows what; it says no with a {@link DeskException}, whose message people read. Calls may block.
 */
public interface ApprovalDesk {

    /** What that person may see, newest first: pending ones all, others as far back as the desk goes; at most 500. */
    List<HeldOperation> list(Person person);

    /** One of them. */
    HeldOperation find(Person person, String id);

    /** Other approvals of the same requester that the person may see, the newest 10, pending ones among them. */
    List<HeldOperation> before(Person person, HeldOperation held);

    /** Takes down what somebody says, and returns what became of it. */
    HeldOperation vote(Person person, Ballot ballot);

    /** Calls back whenever something that person may see has changed, until closed. The callback neither blocks nor fails. */
    Following follow(Person person, Runnable changed);

    /**
     * What somebody says.
     *
     * @param id of the approval
     * @param revision that they have seen
     * @param approve consent or refusal
     * @param justification why
     * @param breakGlass consent alone, by break-glass rights
     */
    record Ballot(String id, long revision, boolean approve, String justification, boolean breakGlass) {}

    /** Something that is followed until it is closed. */
    interface Following extends AutoCloseable {

        @Override
        void close();
    }
}
