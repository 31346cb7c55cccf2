package dev.chaperone.enforcer;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jwt.JWTClaimsSet;
import dev.chaperone.decision.v1.Principal;
import dev.chaperone.proto.ByteSize;
import dev.chaperone.proto.ErrorCode;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;

/** A provider, an authenticator that trusts it, and tokens that are valid but for one change. */
abstract class AuthenticatorFixture {

    private static final IdentityConfig.Claims CLAIMS = new IdentityConfig.Claims(
            "groups",
            List.of("act.sub", "azp", "client_id"),
            List.of("tenant", "address", "realm.site", "https://example.org/unit"),
            List.of("portal"),
            List.of("nightly"));

    final TestingProvider provider = new TestingProvider();
    final List<OidcAuthenticator> opened = new ArrayList<>();
    final OidcAuthenticator authenticator = open(config());

    @AfterEach
    void close() {
        opened.forEach(OidcAuthenticator::close);
        provider.close();
    }

    IdentityConfig config() {
        return config(2, 64, Duration.ofSeconds(10));
    }

    IdentityConfig config(int threads, int queue, Duration timeout) {
        IdentityConfig usual = IdentityConfig.of(provider.issuer(), List.of("chaperone", "chaperone-2"));
        return new IdentityConfig(
                usual.issuer(),
                usual.audiences(),
                usual.algorithms(),
                usual.clockSkew(),
                false,
                new ByteSize(16 << 10),
                threads,
                queue,
                timeout,
                usual.keys(),
                CLAIMS);
    }

    OidcAuthenticator open(IdentityConfig config) {
        OidcAuthenticator made = new OidcAuthenticator(config);
        opened.add(made);
        return made;
    }

    JWTClaimsSet.Builder claims() {
        return new JWTClaimsSet.Builder()
                .issuer(provider.issuer().toString())
                .subject("dr.roe")
                .audience("chaperone")
                .issueTime(in(-10))
                .expirationTime(in(600));
    }

    String token(Consumer<JWTClaimsSet.Builder> change) {
        JWTClaimsSet.Builder claims = claims();
        change.accept(claims);
        return TestingProvider.sign(provider.key(), claims.build());
    }

    static JWSHeader.Builder header(JWSAlgorithm algorithm, String keyId) {
        return new JWSHeader.Builder(algorithm).type(JOSEObjectType.JWT).keyID(keyId);
    }

    static Date in(long seconds) {
        return Date.from(Instant.now().plusSeconds(seconds));
    }

    static byte[] pem(byte[] key) {
        return ("-----BEGIN PUBLIC KEY-----\n" + Base64.getMimeEncoder().encodeToString(key)
                        + "\n-----END PUBLIC KEY-----\n")
                .getBytes(StandardCharsets.US_ASCII);
    }

    Principal accept(String token) {
        return authenticator
                .authenticate(token)
                .toCompletableFuture()
                .orTimeout(20, TimeUnit.SECONDS)
                .join();
    }

    String refuse(ErrorCode code, String token) {
        Map<String, Object> seen = new HashMap<>();
        authenticator
                .authenticate(token)
                .handle((principal, failure) -> seen.put("failure", failure == null ? principal : failure))
                .toCompletableFuture()
                .orTimeout(20, TimeUnit.SECONDS)
                .join();
        assertThat(seen.get("failure")).isInstanceOf(EnforcementException.class);
        EnforcementException refusal = (EnforcementException) seen.get("failure");
        assertThat(refusal.code()).as(refusal.getMessage()).isEqualTo(code);
        if (token.length() > 16) {
            assertThat(refusal.getMessage()).doesNotContain(token).doesNotContain(token.substring(0, 16));
        }
        return String.valueOf(refusal.getMessage());
    }

    static ErrorCode codeOf(CompletableFuture<Principal> outcome) {
        return outcome.orTimeout(20, TimeUnit.SECONDS)
                .handle((principal, failure) -> {
                    assertThat(failure).isInstanceOf(EnforcementException.class);
                    return ((EnforcementException) failure).code();
                })
                .join();
    }
}
