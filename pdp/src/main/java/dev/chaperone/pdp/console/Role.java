package dev.chaperone.pdp.console;

/** What a person may do in the console, by the groups that they are in. */
public enum Role {
    /** Sees their own requests and those of agents that act for them; everybody has it. */
    REQUESTER,
    /** Decides on the requests of others. */
    APPROVER,
    /** Sees every request. */
    AUDITOR,
    /** Sees every request. */
    ADMIN
}
