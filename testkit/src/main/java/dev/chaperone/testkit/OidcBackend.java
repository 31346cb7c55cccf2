package dev.chaperone.testkit;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.SignedJWT;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import java.util.Map;
import java.util.UUID;

/** A running OIDC provider with discovery and JWKS, which also signs tokens directly, good and bad ones. */
public final class OidcBackend implements AutoCloseable {

    private final OidcServer server;
    private final RSAKey key;

    OidcBackend(OidcServer server) {
        this.server = server;
        this.key = server.key();
    }

    /** The issuer; {@code <issuer>/.well-known/openid-configuration} describes it. */
    public URI issuer() {
        return server.issuer();
    }

    /** The audience that tokens are issued for when nothing else is said. */
    public String audience() {
        return "chaperone";
    }

    /** Signs a token that says what the specification says. */
    public String token(TokenSpec spec) {
        return sign(claims(spec).build(), key, key.getKeyID());
    }

    /** Makes a token that is as specified but for one flaw. */
    public String badToken(BadToken flaw, TokenSpec spec) {
        return switch (flaw) {
            case GARBAGE -> "not.a-token";
            case EXPIRED -> token(spec.withLifetime(Duration.ofHours(-1)));
            case NOT_YET_VALID -> token(spec.startingIn(Duration.ofHours(1)).withLifetime(Duration.ofHours(2)));
            case OTHER_AUDIENCE -> token(spec.withAudience("somebody-else"));
            case OTHER_ISSUER -> token(spec.withClaim("iss", "https://issuer.invalid/chaperone"));
            case UNSIGNED -> new PlainJWT(claims(spec).build()).serialize();
            case KEY_CONFUSION -> keyConfusion(claims(spec).build());
            case UNKNOWN_KEY -> sign(claims(spec).build(), stranger(), "unknown-key");
            case FORGED -> sign(claims(spec).build(), stranger(), key.getKeyID());
            case TAMPERED ->
                tampered(
                        token(spec),
                        claims(spec.withClaim("sub", "somebody-else")).build());
        };
    }

    @Override
    public void close() {
        server.stop().run();
    }

    private JWTClaimsSet.Builder claims(TokenSpec spec) {
        Instant now = Instant.now();
        JWTClaimsSet.Builder claims = new JWTClaimsSet.Builder()
                .issuer(issuer().toString())
                .subject(spec.subject())
                .audience(spec.audience() == null ? audience() : spec.audience())
                .jwtID(UUID.randomUUID().toString())
                .issueTime(
                        Date.from(now.plus(min(spec.lifetime(), Duration.ZERO)).minusSeconds(60)))
                .expirationTime(Date.from(now.plus(spec.lifetime())));
        if (spec.startsIn() != null) {
            claims.notBeforeTime(Date.from(now.plus(spec.startsIn())));
        }
        if (spec.agent() != null) {
            claims.claim("act", Map.of("sub", spec.agent()));
        }
        if (spec.authorizedParty() != null) {
            claims.claim("azp", spec.authorizedParty());
        }
        if (!spec.groups().isEmpty()) {
            claims.claim("groups", spec.groups());
        }
        spec.claims().forEach(claims::claim);
        return claims;
    }

    private static Duration min(Duration first, Duration second) {
        return first.compareTo(second) < 0 ? first : second;
    }

    private static String sign(JWTClaimsSet claims, RSAKey signing, String keyId) {
        try {
            return sign(
                    claims,
                    new JWSHeader.Builder(JWSAlgorithm.RS256)
                            .type(JOSEObjectType.JWT)
                            .keyID(keyId)
                            .build(),
                    new RSASSASigner(signing));
        } catch (JOSEException e) {
            throw new IllegalStateException("the token cannot be signed: " + e.getMessage(), e);
        }
    }

    private static String sign(JWTClaimsSet claims, JWSHeader header, JWSSigner signer) throws JOSEException {
        SignedJWT jwt = new SignedJWT(header, claims);
        jwt.sign(signer);
        return jwt.serialize();
    }

    private String keyConfusion(JWTClaimsSet claims) {
        try {
            byte[] pem = ("-----BEGIN PUBLIC KEY-----\n"
                            + Base64.getMimeEncoder(64, new byte[] {'\n'})
                                    .encodeToString(key.toRSAPublicKey().getEncoded())
                            + "\n-----END PUBLIC KEY-----\n")
                    .getBytes(StandardCharsets.US_ASCII);
            JWSHeader header = new JWSHeader.Builder(JWSAlgorithm.HS256)
                    .type(JOSEObjectType.JWT)
                    .keyID(key.getKeyID())
                    .build();
            return sign(claims, header, new MACSigner(pem));
        } catch (JOSEException e) {
            throw new IllegalStateException("the token cannot be signed: " + e.getMessage(), e);
        }
    }

    private static RSAKey stranger() {
        try {
            return new RSAKeyGenerator(2048).generate();
        } catch (JOSEException e) {
            throw new IllegalStateException("no key can be made: " + e.getMessage(), e);
        }
    }

    private static String tampered(String token, JWTClaimsSet other) {
        String[] parts = token.split("\\.", -1);
        String payload = Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString(other.toString().getBytes(StandardCharsets.UTF_8));
        return parts[0] + "." + payload + "." + parts[2];
    }
}
