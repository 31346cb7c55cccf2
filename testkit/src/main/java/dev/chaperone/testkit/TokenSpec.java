package dev.chaperone.testkit;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a token says. Start from {@link #of} and change what matters.
 *
 * @param subject the claim {@code sub}: the human or service
 * @param agent the acting agent as {@code act.sub} (RFC 8693 section 4.1); null for none
 * @param authorizedParty the claim {@code azp}; null for none
 * @param groups the claim {@code groups}; left out when empty
 * @param lifetime time until {@code exp}; negative for a token that has expired
 * @param startsIn time until {@code nbf}; null for none
 * @param audience the claim {@code aud}; null for the provider's own
 * @param claims further claims, which win over the above
 */
public record TokenSpec(
        String subject,
        @Nullable String agent,
        @Nullable String authorizedParty,
        List<String> groups,
        Duration lifetime,
        @Nullable Duration startsIn,
        @Nullable String audience,
        Map<String, Object> claims) {

    public TokenSpec {
        groups = List.copyOf(groups);
        claims = Map.copyOf(claims);
    }

    /** A good token for a subject, valid for one hour, without agent or groups. */
    public static TokenSpec of(String subject) {
        return new TokenSpec(subject, null, null, List.of(), Duration.ofHours(1), null, null, Map.of());
    }

    /** The same with an acting agent ({@code act.sub}). */
    public TokenSpec withAgent(String actor) {
        return new TokenSpec(subject, actor, authorizedParty, groups, lifetime, startsIn, audience, claims);
    }

    /** The same with {@code azp}. */
    public TokenSpec withAuthorizedParty(String party) {
        return new TokenSpec(subject, agent, party, groups, lifetime, startsIn, audience, claims);
    }

    /** The same with these groups. */
    public TokenSpec withGroups(String... names) {
        return new TokenSpec(subject, agent, authorizedParty, List.of(names), lifetime, startsIn, audience, claims);
    }

    /** The same with this lifetime from now. */
    public TokenSpec withLifetime(Duration fromNow) {
        return new TokenSpec(subject, agent, authorizedParty, groups, fromNow, startsIn, audience, claims);
    }

    /** The same, valid only from so far ahead. */
    public TokenSpec startingIn(Duration fromNow) {
        return new TokenSpec(subject, agent, authorizedParty, groups, lifetime, fromNow, audience, claims);
    }

    /** The same for another audience. */
    public TokenSpec withAudience(String other) {
        return new TokenSpec(subject, agent, authorizedParty, groups, lifetime, startsIn, other, claims);
    }

    /** The same with one more claim. */
    public TokenSpec withClaim(String name, Object value) {
        Map<String, Object> more = new LinkedHashMap<>(claims);
        more.put(name, value);
        return new TokenSpec(subject, agent, authorizedParty, groups, lifetime, startsIn, audience, more);
    }
}
