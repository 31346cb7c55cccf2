package dev.chaperone.enforcer;

import static org.assertj.core.api.Assertions.assertThat;

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
import dev.chaperone.proto.ErrorCode;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.KeyPairGenerator;
import java.security.interfaces.RSAPrivateKey;
import java.security.interfaces.RSAPublicKey;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OidcAuthenticatorTest extends AuthenticatorFixture {

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
    void refusesOversizedAndEmptyTokens() {
        refuse(ErrorCode.TOKEN_MALFORMED, "");
        refuse(ErrorCode.TOKEN_MALFORMED, token(claims -> claims.claim("padding", "x".repeat(16 << 10))));
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
}
