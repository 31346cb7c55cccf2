package dev.chaperone.enforcer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.decision.v1.Principal;
import dev.chaperone.proto.ErrorCode;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import no.nav.security.mock.oauth2.MockOAuth2Server;
import no.nav.security.mock.oauth2.OAuth2Config;
import no.nav.security.mock.oauth2.http.NettyWrapper;
import no.nav.security.mock.oauth2.token.OAuth2TokenProvider;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Against an OpenID Connect provider that is not ours: its discovery document, its key set, its tokens. */
class OidcAuthenticatorIT {

    private static final String REALM = "clinic";
    private static final MockOAuth2Server PROVIDER = new MockOAuth2Server(
            new OAuth2Config(false, null, null, false, new OAuth2TokenProvider(), Set.of(), new NettyWrapper()));

    @BeforeAll
    static void start() {
        PROVIDER.start(InetAddress.getLoopbackAddress(), 0);
    }

    @AfterAll
    static void stop() {
        PROVIDER.shutdown();
    }

    @Test
    void acceptsItsTokens() {
        try (OidcAuthenticator authenticator = authenticator()) {
            authenticator.start();
            authenticator.check();
            Principal principal = authenticator
                    .authenticate(token(
                            REALM,
                            "chaperone",
                            Map.of("groups", List.of("nurses"), "act", Map.of("sub", "triage-bot")),
                            600))
                    .toCompletableFuture()
                    .orTimeout(20, TimeUnit.SECONDS)
                    .join();
            assertThat(principal.getSubject()).isEqualTo("dr.roe");
            assertThat(principal.getAgent()).isEqualTo("triage-bot");
            assertThat(principal.getGroupsList()).containsExactly("nurses");
            assertThat(principal.getIssuer())
                    .isEqualTo(PROVIDER.issuerUrl(REALM).toString());
        }
    }

    @Test
    void refusesItsOtherTokens() {
        try (OidcAuthenticator authenticator = authenticator()) {
            assertThat(refusal(authenticator, token(REALM, "somebody-else", Map.of(), 600)))
                    .isEqualTo(ErrorCode.TOKEN_WRONG_AUDIENCE);
            assertThat(refusal(authenticator, token("another-realm", "chaperone", Map.of(), 600)))
                    .isEqualTo(ErrorCode.TOKEN_WRONG_AUDIENCE);
            assertThat(refusal(
                            authenticator,
                            token(
                                    "another-realm",
                                    "chaperone",
                                    Map.of("iss", PROVIDER.issuerUrl(REALM).toString()),
                                    600)))
                    .isEqualTo(ErrorCode.TOKEN_UNTRUSTED);
            assertThat(refusal(authenticator, token(REALM, "chaperone", Map.of(), -600)))
                    .isEqualTo(ErrorCode.TOKEN_EXPIRED);
        }
    }

    private static OidcAuthenticator authenticator() {
        return new OidcAuthenticator(IdentityConfig.of(PROVIDER.issuerUrl(REALM).uri(), List.of("chaperone")));
    }

    private static String token(String realm, String audience, Map<String, Object> claims, long lifetimeSeconds) {
        return PROVIDER.issueToken(
                        realm,
                        "assistant",
                        new no.nav.security.mock.oauth2.token.DefaultOAuth2TokenCallback(
                                realm, "dr.roe", "JWT", List.of(audience), claims, lifetimeSeconds))
                .serialize();
    }

    private static ErrorCode refusal(OidcAuthenticator authenticator, String token) {
        return authenticator
                .authenticate(token)
                .toCompletableFuture()
                .orTimeout(20, TimeUnit.SECONDS)
                .handle((principal, failure) -> {
                    assertThat(failure).isInstanceOf(EnforcementException.class);
                    return ((EnforcementException) failure).code();
                })
                .join();
    }
}
