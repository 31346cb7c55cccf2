package dev.chaperone.pdp.approval;

import dev.chaperone.decision.v1.Principal;
import java.util.concurrent.CompletionStage;

/** Says whom an approver's token stands for. Implemented where tokens are verified; approvals know no cryptography. */
public interface Identities {

    /**
     * Verifies a bearer token, its groups included, as of now. Does not block.
     *
     * @return the person, or a failure with an {@link ApprovalException}
     */
    CompletionStage<Principal> verify(String token);
}
