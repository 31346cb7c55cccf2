package dev.chaperone.enforcer;

import dev.chaperone.decision.v1.Principal;
import java.util.concurrent.CompletionStage;

/** Turns a bearer token into a principal. */
public interface Authenticator {

    /**
     * Verifies a token and says whom it stands for. Never blocks the calling thread.
     *
     * @param token a JWT in compact serialization (RFC 7519), as the client sent it; it is neither kept nor forwarded
     * @return the principal, or a failure with an {@link EnforcementException} whose code says what is wrong with the token
     */
    CompletionStage<Principal> authenticate(String token);
}
