package dev.chaperone.postgres;

import dev.chaperone.decision.v1.Principal;
import dev.chaperone.decision.v1.PrincipalKind;
import dev.chaperone.enforcer.Authenticator;
import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.proto.ErrorCode;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Knows an agent and a human by two fixed tokens. */
final class TestingAuthenticator implements Authenticator {

    static final String AGENT = "token-of-an-agent";
    static final String HUMAN = "token-of-a-human";

    @Override
    public CompletionStage<Principal> authenticate(String token) {
        return CompletableFuture.supplyAsync(() -> switch (token) {
            case AGENT -> principal(PrincipalKind.PRINCIPAL_KIND_AGENT, "copilot");
            case HUMAN -> principal(PrincipalKind.PRINCIPAL_KIND_HUMAN, "");
            default ->
                throw new EnforcementException(
                        ErrorCode.TOKEN_UNTRUSTED, "the token was not signed by a key of the issuer");
        });
    }

    private static Principal principal(PrincipalKind kind, String agent) {
        return Principal.newBuilder()
                .setKind(kind)
                .setSubject("ada@clinic.example")
                .setAgent(agent)
                .build();
    }
}
