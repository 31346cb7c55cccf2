package dev.chaperone.pdp.console;

import com.nimbusds.oauth2.sdk.id.State;
import com.nimbusds.oauth2.sdk.pkce.CodeVerifier;
import com.nimbusds.oauth2.sdk.token.BearerAccessToken;
import com.nimbusds.openid.connect.sdk.Nonce;
import dev.chaperone.pdp.console.Keep.Kind;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/** Who is signed in, and who is about to be. Both bounded, both forgotten in time; kept where every replica finds them. */
final class Sessions {

    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final int MOST_ATTEMPTS = 10_000;
    private static final Duration LONGEST_ATTEMPT = Duration.ofMinutes(10);
    private static final int TOKEN_BYTES = 32;

    private final SecureRandom random = new SecureRandom();
    private final ConsoleConfig.Limits limits;
    private final Keep keep;
    private final Supplier<Instant> now;

    Sessions(ConsoleConfig.Limits limits, Keep keep, Supplier<Instant> now) {
        this.limits = limits;
        this.keep = keep;
        this.now = now;
    }

    /**
     * Somebody's session.
     *
     * @param id what the cookie holds
     * @param signedIn who
     * @param csrf what each change must say
     * @param ends when it ends whatever happens
     */
    record Session(String id, Provider.SignedIn signedIn, String csrf, Instant ends) {

        Person person() {
            return signedIn.person();
        }

        /** Whether that is this session's word against forged requests. */
        boolean vouches(@Nullable String said) {
            return said != null
                    && MessageDigest.isEqual(
                            said.getBytes(StandardCharsets.UTF_8), csrf.getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public String toString() {
            return "Session[" + person().subject() + "]";
        }
    }

    private record KeptAttempt(String state, String nonce, String verifier) {}

    private record KeptSession(
            String issuer,
            String subject,
            String name,
            List<String> groups,
            List<Role> roles,
            String access,
            String csrf,
            long ends) {}

    /** Remembers a sign-in that begins; returns what ties it to the browser. */
    String begin(Provider.Attempt attempt) {
        String key = token();
        KeptAttempt kept = new KeptAttempt(
                attempt.state().getValue(),
                attempt.nonce().getValue(),
                attempt.verifier().getValue());
        keep.put(Kind.SIGN_IN, key, JSON.writeValueAsBytes(kept), LONGEST_ATTEMPT, LONGEST_ATTEMPT, MOST_ATTEMPTS);
        return key;
    }

    /** The sign-in that began so, once. */
    Provider.@Nullable Attempt resume(@Nullable String key) {
        byte[] content = key == null ? null : keep.take(Kind.SIGN_IN, key);
        if (content == null) {
            return null;
        }
        KeptAttempt kept = JSON.readValue(content, KeptAttempt.class);
        return new Provider.Attempt(
                new State(kept.state()), new Nonce(kept.nonce()), new CodeVerifier(kept.verifier()));
    }

    /** Begins somebody's session. */
    Session open(Provider.SignedIn signedIn) {
        Session session = new Session(token(), signedIn, token(), now.get().plus(limits.sessionLifetime()));
        Person person = session.person();
        KeptSession kept = new KeptSession(
                person.issuer(),
                person.subject(),
                person.name(),
                List.copyOf(person.groups()),
                List.copyOf(person.roles()),
                signedIn.access().getValue(),
                session.csrf(),
                session.ends().toEpochMilli());
        keep.put(
                Kind.SESSION,
                session.id(),
                JSON.writeValueAsBytes(kept),
                limits.sessionIdle(),
                limits.sessionLifetime(),
                limits.maxSessions());
        return session;
    }

    /** The session of that id; null when there is none any more. */
    @Nullable
    Session find(@Nullable String id) {
        return id == null ? null : session(id, keep.find(Kind.SESSION, id, limits.sessionIdle()));
    }

    /** Whether it still goes on. Does not count as using it. */
    boolean goesOn(Session session) {
        return session(session.id(), keep.find(Kind.SESSION, session.id(), null)) != null;
    }

    private @Nullable Session session(String id, byte @Nullable [] content) {
        if (content == null) {
            return null;
        }
        KeptSession kept = JSON.readValue(content, KeptSession.class);
        Instant ends = Instant.ofEpochMilli(kept.ends());
        if (!now.get().isBefore(ends)) {
            return null;
        }
        Person person = new Person(
                kept.issuer(), kept.subject(), kept.name(), Set.copyOf(kept.groups()), Set.copyOf(kept.roles()));
        return new Session(id, new Provider.SignedIn(person, new BearerAccessToken(kept.access())), kept.csrf(), ends);
    }

    /** Ends it, at every replica. */
    void end(Session session) {
        keep.remove(Kind.SESSION, session.id());
    }

    private String token() {
        byte[] bytes = new byte[TOKEN_BYTES];
        random.nextBytes(bytes);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }
}
