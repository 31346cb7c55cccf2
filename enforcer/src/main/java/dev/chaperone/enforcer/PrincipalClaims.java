package dev.chaperone.enforcer;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import com.nimbusds.jose.util.JSONObjectUtils;
import com.nimbusds.jwt.JWTClaimsSet;
import dev.chaperone.decision.v1.Principal;
import dev.chaperone.decision.v1.PrincipalKind;
import dev.chaperone.proto.ErrorCode;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Builds the principal from the claims of a token that is already verified. What does not fit is refused, never dropped. */
final class PrincipalClaims {

    private static final int MAX_DELEGATION = 8;
    private static final int MAX_NAME = 1024;

    private final IdentityConfig.Claims config;

    PrincipalClaims(IdentityConfig.Claims config) {
        this.config = config;
    }

    Principal principal(JWTClaimsSet claims, String token) {
        List<String> delegation = delegation(claims.getClaim("act"));
        PrincipalKind kind = kind(claims, delegation);
        Principal.Builder principal = Principal.newBuilder()
                .setKind(kind)
                .setSubject(name("sub", claims.getSubject()))
                .setAgent(kind == PrincipalKind.PRINCIPAL_KIND_AGENT ? agent(claims) : "")
                .addAllDelegation(delegation)
                .addAllGroups(groups(find(claims, config.groups())))
                .setIssuer(claims.getIssuer())
                .setTokenHash(ByteString.copyFrom(sha256(token)))
                .setExpiresAt(Timestamp.newBuilder()
                        .setSeconds(claims.getExpirationTime().toInstant().getEpochSecond()));
        if (claims.getJWTID() != null) {
            principal.setTokenId(name("jti", claims.getJWTID()));
        }
        for (String passed : config.passed()) {
            Object value = find(claims, passed);
            if (value != null) {
                principal.putClaims(passed, text(value));
            }
        }
        return principal.build();
    }

    /** A caller is less than an agent only when every name that its client goes by is configured so, and nobody acts for it. */
    private PrincipalKind kind(JWTClaimsSet claims, List<String> delegation) {
        List<Object> clients = Stream.of("azp", "client_id")
                .map(claims::getClaim)
                .filter(client -> client != null)
                .toList();
        if (!delegation.isEmpty() || clients.isEmpty()) {
            return PrincipalKind.PRINCIPAL_KIND_AGENT;
        }
        if (config.humanClients().containsAll(clients)) {
            return PrincipalKind.PRINCIPAL_KIND_HUMAN;
        }
        return config.serviceClients().containsAll(clients)
                ? PrincipalKind.PRINCIPAL_KIND_SERVICE
                : PrincipalKind.PRINCIPAL_KIND_AGENT;
    }

    private String agent(JWTClaimsSet claims) {
        for (String claim : config.agent()) {
            Object value = find(claims, claim);
            if (value != null) {
                return name(claim, value);
            }
        }
        return "";
    }

    /** RFC 8693 section 4.1: the outermost {@code act} is the current actor, each one inside it an earlier one. */
    private static List<String> delegation(@Nullable Object outermost) {
        List<String> actors = new ArrayList<>();
        Object act = outermost;
        while (act != null) {
            if (!(act instanceof Map<?, ?> actor)) {
                throw malformed("has an `act` that is not an object");
            }
            if (actors.size() == MAX_DELEGATION) {
                throw malformed("has a delegation chain of more than " + MAX_DELEGATION + " actors");
            }
            actors.add(name("act.sub", actor.get("sub")));
            act = actor.get("act");
        }
        return actors;
    }

    private List<String> groups(@Nullable Object value) {
        if (value == null) {
            return List.of();
        }
        if (value instanceof String text) {
            return Stream.of(text.split(" ", -1))
                    .filter(group -> !group.isEmpty())
                    .map(group -> name(config.groups(), group))
                    .toList();
        }
        if (value instanceof List<?> list) {
            return list.stream().map(group -> name(config.groups(), group)).toList();
        }
        throw malformed("has a `" + config.groups() + "` that is neither an array of strings nor a string");
    }

    /** A claim by its own name, or by a path into objects. */
    private static @Nullable Object find(JWTClaimsSet claims, String path) {
        Object whole = claims.getClaim(path);
        if (whole != null || path.indexOf('.') < 0) {
            return whole;
        }
        Object at = claims.getClaims();
        for (String step : path.split("\\.", -1)) {
            if (!(at instanceof Map<?, ?> object)) {
                return null;
            }
            at = object.get(step);
        }
        return at;
    }

    private static String name(String claim, @Nullable Object value) {
        if (!(value instanceof String text) || text.isBlank()) {
            throw malformed("has a `" + claim + "` that is not a string, or is empty");
        }
        if (text.length() > MAX_NAME || text.chars().anyMatch(Character::isISOControl)) {
            throw malformed(
                    "has a `" + claim + "` with control characters or of more than " + MAX_NAME + " characters");
        }
        return text;
    }

    private static String text(Object value) {
        if (value instanceof Map<?, ?> || value instanceof List<?>) {
            String json = JSONObjectUtils.toJSONString(Map.of("", value));
            return json.substring(json.indexOf(':') + 1, json.length() - 1);
        }
        return value.toString();
    }

    private static byte[] sha256(String token) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.US_ASCII));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    private static EnforcementException malformed(String what) {
        return new EnforcementException(
                ErrorCode.TOKEN_MALFORMED, "the token " + what + "; have the identity provider issue it otherwise");
    }
}
