package dev.chaperone.testkit.conformance;

import java.io.IOException;

/** One thing that an attacker, or the database's owner, does. */
interface Step {

    /** Does it. */
    void perform(Conversation conversation) throws IOException;
}
