package dev.chaperone.testkit;

import dev.chaperone.approval.v1.State;
import dev.chaperone.enforcer.DecisionClientConfig;

/** A real approval service, and the people who decide there. */
public interface ApprovalBackend extends AutoCloseable {

    /** The group whose people decide. */
    String APPROVERS = "approvers";

    /** Somebody of that group. */
    String APPROVER = "olivia";

    /** Where enforcers ask. */
    DecisionClientConfig enforcers();

    /** Waits until an operation is held whose text contains that; the approval's id. */
    String awaitHeld(String text) throws Exception;

    /** Somebody of the group consents; true when that counts. */
    boolean approve(String id, String why);

    /** Somebody of the group refuses. */
    void deny(String id, String why);

    /** Its time is over at this moment. */
    void lapse(String id) throws Exception;

    /** What it has come to. */
    State state(String id);

    /** How many there are whose text contains that. */
    int count(String text);

    @Override
    void close();
}
