package dev.chaperone.enforcer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.nimbusds.jose.EncryptionMethod;
import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWEAlgorithm;
import com.nimbusds.jose.JWEHeader;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.DirectEncrypter;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.OctetSequenceKey;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jwt.EncryptedJWT;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import dev.chaperone.decision.v1.Principal;
import dev.chaperone.decision.v1.PrincipalKind;
import dev.chaperone.proto.ByteSize;
import dev.chaperone.proto.ErrorCode;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.interfaces.RSAPrivateKey;
import java.security.interfaces.RSAPublicKey;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OidcAuthenticatorTest {

    private static final IdentityConfig.Claims CLAIMS = new IdentityConfig.Claims(
            "groups",
            List.of("act.sub", "azp", "client_id"),
            List.of("tenant", "address", "realm.site", "https://example.org/unit"),
            List.of("portal"),
            List.of("nightly"));

    private final TestingProvider provider = new TestingProvider();
    private final List<OidcAuthenticator> opened = new ArrayList<>();
    private final OidcAuthenticator authenticator = open(config());

    @AfterEach
    void close() {
        opened.forEach(OidcAuthenticator::close);
        provider.close();
    }

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

    @Test
    void refusesTokensAtTheWrongTime() {
        refuse(ErrorCode.TOKEN_EXPIRED, token(claims -> claims.expirationTime(in(-31))));
        refuse(ErrorCode.TOKEN_NOT_YET_VALID, token(claims -> claims.notBeforeTime(in(60))));
        refuse(ErrorCode.TOKEN_NOT_YET_VALID, token(claims -> claims.issueTime(in(60))));
        refuse(ErrorCode.TOKEN_MALFORMED, token(claims -> claims.claim("exp", 1e15)));
        assertThat(accept(token(claims -> claims.expirationTime(in(-5)).notBeforeTime(in(15))))
                        .getSubject())
                .isEqualTo("dr.roe");
    }

    @Test
    void refusesTokensOfOrForSomebodyElse() {
        refuse(ErrorCode.TOKEN_WRONG_AUDIENCE, token(claims -> claims.audience("other")));
        refuse(ErrorCode.TOKEN_WRONG_AUDIENCE, token(claims -> claims.issuer("https://other.example")));
        refuse(ErrorCode.TOKEN_WRONG_AUDIENCE, token(claims -> claims.issuer(provider.issuer() + "/")));
        assertThat(accept(token(claims -> claims.audience(List.of("other", "chaperone"))))
                        .getSubject())
                .isEqualTo("dr.roe");
    }

    @ParameterizedTest
    @ValueSource(strings = {"exp", "iss", "aud", "sub"})
    void requiresClaims(String missing) {
        String message = refuse(ErrorCode.TOKEN_MALFORMED, token(claims -> claims.claim(missing, null)));
        assertThat(message).contains("`" + missing + "`");
    }

    @Test
    void refusesAlgorithmsThatProveNothing() throws JOSEException {
        JWTClaimsSet claims = claims().build();
        String header = Base64URL.encode("{\"alg\":\"none\",\"typ\":\"JWT\"}").toString();
        String payload = Base64URL.encode(claims.toString()).toString();
        refuse(ErrorCode.TOKEN_UNTRUSTED, header + "." + payload + ".");
        refuse(ErrorCode.TOKEN_UNTRUSTED, header + "." + payload + ".AAAA");

        ECKey key = provider.key().toECKey();
        for (byte[] secret : List.of(
                key.toECPublicKey().getEncoded(),
                pem(key.toECPublicKey().getEncoded()),
                key.toPublicJWK().toJSONString().getBytes(StandardCharsets.UTF_8))) {
            SignedJWT confused =
                    new SignedJWT(header(JWSAlgorithm.HS256, "first").build(), claims);
            confused.sign(new MACSigner(secret));
            refuse(ErrorCode.TOKEN_UNTRUSTED, confused.serialize());
        }
    }

    @Test
    void neverUsesSharedSecretsOrShortKeysThatAProviderPublishes() throws Exception {
        byte[] secret = new byte[32];
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(1024);
        var pair = generator.generateKeyPair();
        RSAKey weak = new RSAKey.Builder((RSAPublicKey) pair.getPublic())
                .privateKey((RSAPrivateKey) pair.getPrivate())
                .keyID("weak")
                .build();
        provider.rotateTo(
                TestingProvider.ecKey("good"),
                new OctetSequenceKey.Builder(secret).keyID("shared").build(),
                weak.toPublicJWK());
        SignedJWT shared = new SignedJWT(header(JWSAlgorithm.HS256, "shared").build(), claims().build());
        shared.sign(new MACSigner(secret));
        refuse(ErrorCode.TOKEN_UNTRUSTED, shared.serialize());
        refuse(ErrorCode.TOKEN_UNTRUSTED, TestingProvider.sign(weak, claims().build()));
    }

    @Test
    void ignoresKeysThatTheTokenBrings() {
        ECKey stranger = TestingProvider.ecKey("stranger");
        for (JWSHeader header : List.of(
                header(JWSAlgorithm.ES256, "stranger")
                        .jwk(stranger.toPublicJWK())
                        .build(),
                header(JWSAlgorithm.ES256, "first").jwk(stranger.toPublicJWK()).build(),
                header(JWSAlgorithm.ES256, "stranger")
                        .jwkURL(provider.issuer().resolve("/keys"))
                        .build(),
                header(JWSAlgorithm.ES256, "stranger")
                        .x509CertURL(provider.issuer().resolve("/x"))
                        .build())) {
            refuse(ErrorCode.TOKEN_UNTRUSTED, TestingProvider.sign(header, claims().build(), stranger));
        }
    }

    @Test
    void refusesCriticalHeadersAndOtherTypes() {
        ECKey key = provider.key().toECKey();
        refuse(
                ErrorCode.TOKEN_UNTRUSTED,
                TestingProvider.sign(
                        header(JWSAlgorithm.ES256, "first")
                                .criticalParams(Set.of("exp"))
                                .customParam("exp", 1)
                                .build(),
                        claims().build(),
                        key));
        for (String type : List.of("dpop+jwt", "logout+jwt", "secevent+jwt", "JOSE")) {
            refuse(
                    ErrorCode.TOKEN_MALFORMED,
                    TestingProvider.sign(
                            header(JWSAlgorithm.ES256, "first")
                                    .type(new JOSEObjectType(type))
                                    .build(),
                            claims().build(),
                            key));
        }
        JWSHeader untyped = header(JWSAlgorithm.ES256, "first").type(null).build();
        refuse(ErrorCode.TOKEN_MALFORMED, TestingProvider.sign(untyped, claims().build(), key));
        JWSHeader access = header(JWSAlgorithm.ES256, "first")
                .type(new JOSEObjectType("at+jwt"))
                .build();
        assertThat(accept(TestingProvider.sign(access, claims().build(), key)).getSubject())
                .isEqualTo("dr.roe");
    }

    @Test
    void refusesEncryptedTokens() throws JOSEException {
        EncryptedJWT jwe = new EncryptedJWT(
                new JWEHeader.Builder(JWEAlgorithm.DIR, EncryptionMethod.A256GCM).build(), claims().build());
        jwe.encrypt(new DirectEncrypter(new byte[32]));
        assertThat(refuse(ErrorCode.TOKEN_MALFORMED, jwe.serialize())).contains("encrypted");
    }

    @Test
    void refusesAnySignatureButTheOne() {
        String token = token(claims -> {});
        String[] parts = token.split("\\.", -1);
        String other =
                Base64URL.encode(claims().subject("root").build().toString()).toString();
        refuse(ErrorCode.TOKEN_UNTRUSTED, parts[0] + "." + other + "." + parts[2]);
        refuse(ErrorCode.TOKEN_UNTRUSTED, TestingProvider.sign(TestingProvider.ecKey("first"), claims().build()));
        // ECDSA with r = s = 0 (CVE-2022-21449).
        refuse(ErrorCode.TOKEN_UNTRUSTED, parts[0] + "." + parts[1] + "." + Base64URL.encode(new byte[64]));
        // One token, one form: the library would accept these.
        refuse(ErrorCode.TOKEN_MALFORMED, token + "\n");
        refuse(ErrorCode.TOKEN_MALFORMED, token + "=");
    }

    @Test
    void followsRotatedKeysButAsksRarely() {
        ECKey first = provider.key().toECKey();
        accept(TestingProvider.sign(first, claims().build()));
        assertThat(provider.keySetRequests).hasValue(1);
        ECKey second = TestingProvider.ecKey("second");
        provider.rotateTo(second);
        accept(TestingProvider.sign(second, claims().build()));
        assertThat(provider.keySetRequests).hasValue(2);
        refuse(ErrorCode.TOKEN_UNTRUSTED, TestingProvider.sign(first, claims().build()));
        for (int i = 0; i < 20; i++) {
            refuse(ErrorCode.TOKEN_UNTRUSTED, TestingProvider.sign(TestingProvider.ecKey("k" + i), claims().build()));
        }
        accept(TestingProvider.sign(second, claims().build()));
        assertThat(provider.keySetRequests.get()).isLessThanOrEqualTo(3);
    }

    @Test
    void reportsAProviderThatIsDown() {
        provider.close();
        refuse(ErrorCode.IDENTITY_UNAVAILABLE, token(claims -> {}));
        assertThatExceptionOfType(EnforcementException.class)
                .isThrownBy(authenticator::check)
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.IDENTITY_UNAVAILABLE));
    }

    @Test
    void goesOnWithCachedKeysWhileTheProviderIsDown() {
        accept(token(claims -> {}));
        provider.close();
        accept(token(claims -> {}));
    }

    @Test
    void refusesAProviderThatDescribesAnother() {
        provider.describedIssuer = "https://other.example";
        refuse(ErrorCode.IDENTITY_UNAVAILABLE, token(claims -> {}));
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://keys.example/jwks", "file:///etc/passwd", "", "not an address"})
    void refusesAProviderWhoseKeysAreUnprotected(String address) {
        provider.describedKeys = address;
        refuse(ErrorCode.IDENTITY_UNAVAILABLE, token(claims -> {}));
    }

    @Test
    void boundsWhatAProviderSends() {
        provider.padding = "x".repeat(300 << 10);
        refuse(ErrorCode.IDENTITY_UNAVAILABLE, token(claims -> {}));
    }

    @Test
    void givesUpOnAProviderThatHangsAndBoundsTheWait() {
        provider.gate = new CountDownLatch(1);
        OidcAuthenticator small = open(config(1, 1, Duration.ofMillis(300)));
        String token = token(claims -> {});
        CompletableFuture<Principal> working = small.authenticate(token).toCompletableFuture();
        CompletableFuture<Principal> waiting = small.authenticate(token).toCompletableFuture();
        CompletableFuture<Principal> refused = small.authenticate(token).toCompletableFuture();
        assertThat(codeOf(refused)).isEqualTo(ErrorCode.OVERLOADED);
        assertThat(codeOf(working)).isEqualTo(ErrorCode.IDENTITY_UNAVAILABLE);
        assertThat(codeOf(waiting)).isEqualTo(ErrorCode.IDENTITY_UNAVAILABLE);
    }

    @Test
    void checksTheProviderAndWarmsItsKeys() {
        assertThatCode(authenticator::check).doesNotThrowAnyException();
        provider.rotateTo();
        assertThatExceptionOfType(EnforcementException.class).isThrownBy(authenticator::check);
        provider.rotateTo(TestingProvider.ecKey("first"));
        int asked = provider.keySetRequests.get();
        OidcAuthenticator one = open(config(1, 8, Duration.ofSeconds(10)));
        one.start();
        one.authenticate(TestingProvider.sign(provider.key(), claims().build()))
                .toCompletableFuture()
                .orTimeout(20, TimeUnit.SECONDS)
                .join();
        assertThat(provider.keySetRequests).hasValue(asked + 1);
    }

    @Test
    void refusesOversizedAndEmptyTokens() {
        refuse(ErrorCode.TOKEN_MALFORMED, "");
        refuse(ErrorCode.TOKEN_MALFORMED, token(claims -> claims.claim("padding", "x".repeat(16 << 10))));
    }

    @Test
    void refusesAfterClose() {
        OidcAuthenticator closed = open(config());
        closed.close();
        assertThat(codeOf(closed.authenticate(token(claims -> {})).toCompletableFuture()))
                .isEqualTo(ErrorCode.OVERLOADED);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a",
                ".",
                "..",
                "...",
                "a.b.c",
                "e30.e30.e30",
                "W10.W10.AA",
                "not.a-token",
                "\u00e9.\u00e9.\u00e9"
            })
    void refusesGarbage(String garbage) {
        refuse(ErrorCode.TOKEN_MALFORMED, garbage);
    }

    @ParameterizedTest
    @ValueSource(strings = {"[", "{\"a\":"})
    void survivesDeepNesting(String opening) {
        String deep = Base64URL.encode(opening.repeat(2000)).toString();
        refuse(ErrorCode.TOKEN_MALFORMED, deep + "." + deep + ".AA");
        String[] parts = token(claims -> {}).split("\\.", -1);
        refuse(ErrorCode.TOKEN_MALFORMED, parts[0] + "." + deep + "." + parts[2]);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void noMutationOfATokenIsAccepted(long seed) {
        Random random = new Random(seed);
        String token = token(claims -> {});
        for (int i = 0; i < 400; i++) {
            char[] mutated = token.toCharArray();
            for (int flips = random.nextInt(3) + 1; flips > 0; flips--) {
                mutated[random.nextInt(mutated.length)] =
                        (char) (random.nextInt(4) == 0 ? random.nextInt(256) : 'A' + random.nextInt(58));
            }
            String text = new String(mutated);
            if (!sameBytes(text, token)) {
                assertThat(codeOf(authenticator.authenticate(text).toCompletableFuture()))
                        .as(text)
                        .isIn(ErrorCode.TOKEN_MALFORMED, ErrorCode.TOKEN_UNTRUSTED, ErrorCode.TOKEN_WRONG_AUDIENCE);
            }
        }
    }

    /** The last character of a base64url part may carry bits that mean nothing. */
    private static boolean sameBytes(String one, String other) {
        String[] first = one.split("\\.", -1);
        String[] second = other.split("\\.", -1);
        return first.length == 3
                && first[0].equals(second[0])
                && first[1].equals(second[1])
                && new BigInteger(1, Base64URL.from(first[2]).decode())
                        .equals(new BigInteger(1, Base64URL.from(second[2]).decode()));
    }

    private IdentityConfig config() {
        return config(2, 64, Duration.ofSeconds(10));
    }

    private IdentityConfig config(int threads, int queue, Duration timeout) {
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

    private OidcAuthenticator open(IdentityConfig config) {
        OidcAuthenticator made = new OidcAuthenticator(config);
        opened.add(made);
        return made;
    }

    private JWTClaimsSet.Builder claims() {
        return new JWTClaimsSet.Builder()
                .issuer(provider.issuer().toString())
                .subject("dr.roe")
                .audience("chaperone")
                .issueTime(in(-10))
                .expirationTime(in(600));
    }

    private String token(Consumer<JWTClaimsSet.Builder> change) {
        JWTClaimsSet.Builder claims = claims();
        change.accept(claims);
        return TestingProvider.sign(provider.key(), claims.build());
    }

    private static JWSHeader.Builder header(JWSAlgorithm algorithm, String keyId) {
        return new JWSHeader.Builder(algorithm).type(JOSEObjectType.JWT).keyID(keyId);
    }

    private static Date in(long seconds) {
        return Date.from(Instant.now().plusSeconds(seconds));
    }

    private static byte[] pem(byte[] key) {
        return ("-----BEGIN PUBLIC KEY-----\n" + Base64.getMimeEncoder().encodeToString(key)
                        + "\n-----END PUBLIC KEY-----\n")
                .getBytes(StandardCharsets.US_ASCII);
    }

    private Principal accept(String token) {
        return authenticator
                .authenticate(token)
                .toCompletableFuture()
                .orTimeout(20, TimeUnit.SECONDS)
                .join();
    }

    private String refuse(ErrorCode code, String token) {
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

    private static ErrorCode codeOf(CompletableFuture<Principal> outcome) {
        return outcome.orTimeout(20, TimeUnit.SECONDS)
                .handle((principal, failure) -> {
                    assertThat(failure).isInstanceOf(EnforcementException.class);
                    return ((EnforcementException) failure).code();
                })
                .join();
    }
}
