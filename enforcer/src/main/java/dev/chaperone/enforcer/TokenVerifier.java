package dev.chaperone.enforcer;

import com.nimbusds.jose.Algorithm;
import com.nimbusds.jose.Header;
import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.jwk.source.JWKSource;
import com.nimbusds.jose.jwk.source.RateLimitReachedException;
import com.nimbusds.jose.proc.BadJOSEException;
import com.nimbusds.jose.proc.DefaultJOSEObjectTypeVerifier;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import dev.chaperone.proto.ErrorCode;
import java.text.ParseException;
import java.time.Clock;
import java.time.Instant;
import java.util.Date;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Verifies one token (RFC 7519, RFC 8725): form, type, algorithm, issuer, signature, times, audience, in this order. Keys that
 * a token brings along ({@code jwk}, {@code jku}, {@code x5c}, {@code x5u}) are not looked at. Blocks when keys have to be
 * fetched.
 */
final class TokenVerifier {

    private static final Logger LOG = LoggerFactory.getLogger(TokenVerifier.class);

    /** 9999-12-31T23:59:59Z, the last moment that the contract's timestamps can hold. */
    private static final Instant LAST_MOMENT = Instant.ofEpochSecond(253_402_300_799L);

    private final IdentityConfig config;
    private final ProviderKeys provider;
    private final Clock clock;
    private final Set<JWSAlgorithm> algorithms;
    private final DefaultJOSEObjectTypeVerifier<SecurityContext> types;
    private final DefaultJWTProcessor<SecurityContext> processor = new DefaultJWTProcessor<>();

    TokenVerifier(IdentityConfig config, ProviderKeys provider, JWKSource<SecurityContext> keys, Clock clock) {
        this.config = config;
        this.provider = provider;
        this.clock = clock;
        this.algorithms = config.algorithms().stream().map(JWSAlgorithm::parse).collect(Collectors.toUnmodifiableSet());
        this.types = new DefaultJOSEObjectTypeVerifier<>(types(config.allowMissingType()));
        processor.setJWSTypeVerifier(types);
        processor.setJWSKeySelector(new JWSVerificationKeySelector<>(algorithms, keys));
        processor.setJWTClaimsSetVerifier((claims, context) -> {});
    }

    private static Set<@Nullable JOSEObjectType> types(boolean allowMissing) {
        Set<@Nullable JOSEObjectType> types = new HashSet<>();
        types.add(JOSEObjectType.JWT);
        types.add(new JOSEObjectType("at+jwt"));
        if (allowMissing) {
            types.add(null);
        }
        return types;
    }

    /** The claims of a token that passed every check. */
    JWTClaimsSet verify(String token) {
        requireForm(token);
        try {
            requireSigned(token);
            SignedJWT jwt = SignedJWT.parse(token);
            requireHeader(jwt.getHeader());
            JWTClaimsSet claims = jwt.getJWTClaimsSet();
            // Before the signature, for the better message and to spare the provider: it can only refuse.
            requireIssuer(claims);
            requireSignature(jwt);
            requireTimes(claims);
            requireAudience(claims);
            return claims;
        } catch (ParseException e) {
            throw refused(ErrorCode.TOKEN_MALFORMED, "is not a JWT whose header and claims are JSON objects", e);
        }
    }

    /** The library trims and skips what is no base64url; one token shall have one form, for its hash is recorded. */
    private static void requireForm(String token) {
        int dots = 0;
        for (int i = 0; i < token.length(); i++) {
            char c = token.charAt(i);
            boolean base64 =
                    c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_';
            if (c == '.') {
                dots++;
            } else if (!base64) {
                throw refused(
                        ErrorCode.TOKEN_MALFORMED,
                        "is not a JWT in compact form: three base64url parts with dots",
                        null);
            }
        }
        if (dots == 4) {
            throw refused(ErrorCode.TOKEN_MALFORMED, "is encrypted; use a signed one", null);
        }
        if (dots != 2) {
            throw refused(
                    ErrorCode.TOKEN_MALFORMED, "is not a JWT in compact form: three base64url parts with dots", null);
        }
    }

    private static void requireSigned(String token) throws ParseException {
        Header header = Header.parse(new Base64URL(token.substring(0, token.indexOf('.'))));
        if (Algorithm.NONE.equals(header.getAlgorithm())) {
            throw refused(ErrorCode.TOKEN_UNTRUSTED, "is not signed", null);
        }
    }

    private void requireHeader(JWSHeader header) {
        try {
            types.verify(header.getType(), null);
        } catch (BadJOSEException e) {
            throw refused(
                    ErrorCode.TOKEN_MALFORMED, "has a `typ` other than `JWT` and `at+jwt`; use an access token", e);
        }
        if (!algorithms.contains(header.getAlgorithm())) {
            throw refused(
                    ErrorCode.TOKEN_UNTRUSTED,
                    "is signed with an algorithm that is not one of " + config.algorithms(),
                    null);
        }
        if (header.getCriticalParams() != null) {
            throw refused(
                    ErrorCode.TOKEN_UNTRUSTED,
                    "has critical header parameters (`crit`), which are not understood",
                    null);
        }
    }

    private void requireIssuer(JWTClaimsSet claims) {
        require(claims.getIssuer(), "iss");
        if (!config.issuer().toString().equals(claims.getIssuer())) {
            throw refused(
                    ErrorCode.TOKEN_WRONG_AUDIENCE,
                    "has another issuer than `" + config.issuer() + "`; obtain one there",
                    null);
        }
    }

    private void requireSignature(SignedJWT jwt) throws ParseException {
        try {
            processor.process(jwt, null);
        } catch (BadJOSEException e) {
            throw refused(ErrorCode.TOKEN_UNTRUSTED, "is not signed with a key of `" + config.issuer() + "`", e);
        } catch (RateLimitReachedException e) {
            throw rateLimited(e);
        } catch (JOSEException e) {
            throw unavailable(e);
        }
    }

    /** Keys are current but hold no such key, and were fetched again just now; or they could not be had at all. */
    private EnforcementException rateLimited(RateLimitReachedException e) {
        return provider.isCurrent(System.currentTimeMillis())
                ? refused(
                        ErrorCode.TOKEN_UNTRUSTED,
                        "is signed with a key that `" + config.issuer() + "` has not published",
                        e)
                : unavailable(e);
    }

    static EnforcementException unavailable(Exception cause) {
        LOG.warn(
                "the identity provider's keys cannot be had: {}",
                cause.getMessage() == null ? "timed out" : cause.getMessage());
        return new EnforcementException(
                ErrorCode.IDENTITY_UNAVAILABLE,
                "the identity provider's keys cannot be had now; try again, and tell the operator if it lasts",
                cause);
    }

    private void requireTimes(JWTClaimsSet claims) {
        Instant now = clock.instant();
        Instant expiry = require(claims.getExpirationTime(), "exp").toInstant();
        if (expiry.isAfter(LAST_MOMENT) || expiry.isBefore(Instant.EPOCH)) {
            throw refused(ErrorCode.TOKEN_MALFORMED, "has an `exp` outside the years 1970 to 9999", null);
        }
        if (!expiry.plus(config.clockSkew()).isAfter(now)) {
            throw refused(ErrorCode.TOKEN_EXPIRED, "expired at `" + expiry + "`; obtain a new one", null);
        }
        requireBegun(claims.getNotBeforeTime(), "nbf", now);
        requireBegun(claims.getIssueTime(), "iat", now);
    }

    private void requireBegun(@Nullable Date time, String claim, Instant now) {
        if (time != null && time.toInstant().isAfter(now.plus(config.clockSkew()))) {
            throw refused(
                    ErrorCode.TOKEN_NOT_YET_VALID,
                    "is not valid before `" + time.toInstant() + "` (`" + claim + "`); check the clocks",
                    null);
        }
    }

    private void requireAudience(JWTClaimsSet claims) {
        if (claims.getAudience().isEmpty()) {
            throw missing("aud");
        }
        if (claims.getAudience().stream().noneMatch(config.audiences()::contains)) {
            throw refused(
                    ErrorCode.TOKEN_WRONG_AUDIENCE,
                    "is for another audience; obtain one for one of " + config.audiences(),
                    null);
        }
    }

    private static <T> T require(@Nullable T value, String claim) {
        if (value == null) {
            throw missing(claim);
        }
        return value;
    }

    private static EnforcementException missing(String claim) {
        return refused(ErrorCode.TOKEN_MALFORMED, "has no `" + claim + "`", null);
    }

    private static EnforcementException refused(ErrorCode code, String what, @Nullable Exception cause) {
        EnforcementException refusal = new EnforcementException(code, "the token " + what);
        if (cause != null) {
            refusal.initCause(cause);
        }
        return refusal;
    }
}
