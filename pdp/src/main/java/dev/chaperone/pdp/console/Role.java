package dev.chaperone.pdp.console;

/** What a person may do in the console, by the groups that they are in. */
public enum Role {
    /** Sees their own requests and those of agents that act for them; everybody has it. */
    REQUESTER,
    /** Decides on the requests of others, and sees what their requesters did before. */
    APPROVER,
    /** Sees every request, every session and the ledger. */
    AUDITOR,
    /** Sees every request, and how enforcers and the ledger are; of sessions their own. */
    ADMIN
}
