package dev.chaperone.enforcer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.decision.v1.Principal;
import dev.chaperone.decision.v1.PrincipalKind;
import dev.chaperone.proto.ErrorCode;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PrincipalClaimsTest extends AuthenticatorFixture {

    @Test
    void acceptsAValidToken() throws NoSuchAlgorithmException {
        String token = token(claims -> claims.jwtID("t-1").claim("act", Map.of("sub", "triage-bot")));
        Principal principal = accept(token);
        assertThat(principal.getKind()).isEqualTo(PrincipalKind.PRINCIPAL_KIND_AGENT);
        assertThat(principal.getSubject()).isEqualTo("dr.roe");
        assertThat(principal.getAgent()).isEqualTo("triage-bot");
        assertThat(principal.getDelegationList()).containsExactly("triage-bot");
        assertThat(principal.getIssuer()).isEqualTo(provider.issuer().toString());
        assertThat(principal.getTokenId()).isEqualTo("t-1");
        assertThat(principal.getExpiresAt().getSeconds())
                .isBetween(Instant.now().getEpochSecond(), Instant.now().getEpochSecond() + 3600);
        assertThat(principal.getTokenHash().toByteArray())
                .isEqualTo(MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.US_ASCII)));
        assertThat(principal.toString()).doesNotContain(token);
    }

    @Test
    void readsNestedActors() {
        Principal principal = accept(token(claims -> claims.claim(
                "act", Map.of("sub", "inner", "act", Map.of("sub", "orchestrator", "act", Map.of("sub", "gateway"))))));
        assertThat(principal.getAgent()).isEqualTo("inner");
        assertThat(principal.getDelegationList()).containsExactly("inner", "orchestrator", "gateway");
    }

    @Test
    void boundsTheDelegationChain() {
        Map<String, Object> chain = Map.of("sub", "a");
        for (int depth = 1; depth < 8; depth++) {
            chain = Map.of("sub", "a", "act", chain);
        }
        Map<String, Object> eight = chain;
        assertThat(accept(token(claims -> claims.claim("act", eight))).getDelegationCount())
                .isEqualTo(8);
        refuse(ErrorCode.TOKEN_MALFORMED, token(claims -> claims.claim("act", Map.of("sub", "a", "act", eight))));
    }

    @Test
    void refusesActorsWithoutAName() {
        refuse(ErrorCode.TOKEN_MALFORMED, token(claims -> claims.claim("act", Map.of("iss", "x"))));
        refuse(ErrorCode.TOKEN_MALFORMED, token(claims -> claims.claim("act", "bot")));
        refuse(ErrorCode.TOKEN_MALFORMED, token(claims -> claims.claim("act", Map.of("sub", 7))));
        refuse(ErrorCode.TOKEN_MALFORMED, token(claims -> claims.claim("azp", List.of("portal"))));
        refuse(ErrorCode.TOKEN_MALFORMED, token(claims -> claims.claim("azp", "a\nb")));
    }

    @Test
    void tellsAgentsHumansAndServicesApart() {
        assertThat(accept(token(claims -> {})).getKind()).isEqualTo(PrincipalKind.PRINCIPAL_KIND_AGENT);
        Principal agent = accept(token(claims -> claims.claim("azp", "assistant")));
        assertThat(agent.getKind()).isEqualTo(PrincipalKind.PRINCIPAL_KIND_AGENT);
        assertThat(agent.getAgent()).isEqualTo("assistant");
        Principal human = accept(token(claims -> claims.claim("azp", "portal")));
        assertThat(human.getKind()).isEqualTo(PrincipalKind.PRINCIPAL_KIND_HUMAN);
        assertThat(human.getAgent()).isEmpty();
        assertThat(accept(token(claims -> claims.claim("client_id", "nightly"))).getKind())
                .isEqualTo(PrincipalKind.PRINCIPAL_KIND_SERVICE);
    }

    @Test
    void treatsWhateverIsAmbiguousAsAnAgent() {
        Principal acting = accept(token(claims -> claims.claim("azp", "portal").claim("act", Map.of("sub", "bot"))));
        assertThat(acting.getKind()).isEqualTo(PrincipalKind.PRINCIPAL_KIND_AGENT);
        assertThat(acting.getAgent()).isEqualTo("bot");
        assertThat(accept(token(claims -> claims.claim("azp", "portal").claim("client_id", "assistant")))
                        .getKind())
                .isEqualTo(PrincipalKind.PRINCIPAL_KIND_AGENT);
    }

    @Test
    void readsGroupsOfEitherForm() {
        assertThat(accept(token(claims -> claims.claim("groups", List.of("nurses", "ward 3"))))
                        .getGroupsList())
                .containsExactly("nurses", "ward 3");
        assertThat(accept(token(claims -> claims.claim("groups", "nurses  ward-3")))
                        .getGroupsList())
                .containsExactly("nurses", "ward-3");
        assertThat(accept(token(claims -> {})).getGroupsList()).isEmpty();
        refuse(ErrorCode.TOKEN_MALFORMED, token(claims -> claims.claim("groups", List.of("nurses", 1))));
        refuse(ErrorCode.TOKEN_MALFORMED, token(claims -> claims.claim("groups", Map.of("nurses", true))));
    }

    @Test
    void passesOnOnlyConfiguredClaims() {
        Principal principal = accept(token(claims -> claims.claim("tenant", 7)
                .claim("address", Map.of("city", "Boston"))
                .claim("realm", Map.of("site", "north"))
                .claim("https://example.org/unit", "icu")
                .claim("secret", "no")));
        assertThat(principal.getClaimsMap())
                .isEqualTo(Map.of(
                        "tenant", "7",
                        "address", "{\"city\":\"Boston\"}",
                        "realm.site", "north",
                        "https://example.org/unit", "icu"));
    }
}
