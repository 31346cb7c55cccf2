package dev.chaperone.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class OidcBackendIT {

    private static final TokenSpec SPEC =
            TokenSpec.of("dr-grey").withAgent("triage-bot").withGroups("clinicians", "research");

    @SuppressWarnings("NullAway.Init")
    private static OidcBackend oidc;

    @SuppressWarnings("NullAway.Init")
    private static DefaultJWTProcessor<SecurityContext> processor;

    @BeforeAll
    static void start() throws Exception {
        oidc = Backends.oidc();
        processor = new DefaultJWTProcessor<>();
        processor.setJWSKeySelector(new JWSVerificationKeySelector<>(
                JWSAlgorithm.RS256,
                JWKSourceBuilder.create(URI.create(oidc.issuer() + "/jwks").toURL())
                        .build()));
        processor.setJWTClaimsSetVerifier(new DefaultJWTClaimsVerifier<>(
                oidc.audience(),
                new JWTClaimsSet.Builder().issuer(oidc.issuer().toString()).build(),
                Set.of("sub", "exp")));
    }

    @AfterAll
    static void stop() {
        oidc.close();
    }

    @Test
    void describesItself() throws Exception {
        HttpResponse<String> answer = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create(oidc.issuer() + "/.well-known/openid-configuration"))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body()).contains("\"" + oidc.issuer() + "\"").contains("\"" + oidc.issuer() + "/jwks\"");
    }

    @Test
    void signsWhatTheSpecificationSays() throws Exception {
        JWTClaimsSet claims = processor.process(oidc.token(SPEC), null);
        assertThat(claims.getSubject()).isEqualTo("dr-grey");
        assertThat(claims.getJSONObjectClaim("act")).isEqualTo(Map.of("sub", "triage-bot"));
        assertThat(claims.getStringListClaim("groups")).isEqualTo(List.of("clinicians", "research"));
    }

    @ParameterizedTest
    @EnumSource
    void everyBadTokenIsRefusedByACorrectVerifier(BadToken flaw) {
        assertThatThrownBy(() -> processor.process(oidc.badToken(flaw, SPEC), null))
                .isInstanceOf(Exception.class);
    }
}
