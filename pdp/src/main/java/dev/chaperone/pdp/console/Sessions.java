package dev.chaperone.pdp.console;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Who is signed in, and who is about to be. Both bounded, both forgotten in time; in this process's memory alone. */
final class Sessions {

    private static final int MOST_ATTEMPTS = 10_000;
    private static final Duration LONGEST_ATTEMPT = Duration.ofMinutes(10);
    private static final int TOKEN_BYTES = 32;

    private final SecureRandom random = new SecureRandom();
    private final Duration lifetime;
    private final Supplier<Instant> now;
    private final Cache<String, Provider.Attempt> attempts = Caffeine.newBuilder()
            .maximumSize(MOST_ATTEMPTS)
            .expireAfterWrite(LONGEST_ATTEMPT)
            .build();
    private final Cache<String, Session> sessions;

    Sessions(ConsoleConfig.Limits limits, Supplier<Instant> now) {
        this.lifetime = limits.sessionLifetime();
        this.now = now;
        this.sessions = Caffeine.newBuilder()
                .maximumSize(limits.maxSessions())
                .expireAfterAccess(limits.sessionIdle())
                .build();
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

    /** Remembers a sign-in that begins; returns what ties it to the browser. */
    String begin(Provider.Attempt attempt) {
        String key = token();
        attempts.put(key, attempt);
        return key;
    }

    /** The sign-in that began so, once. */
    Provider.@Nullable Attempt resume(@Nullable String key) {
        return key == null ? null : attempts.asMap().remove(key);
    }

    /** Begins somebody's session. */
    Session open(Provider.SignedIn signedIn) {
        Session session = new Session(token(), signedIn, token(), now.get().plus(lifetime));
        sessions.put(session.id(), session);
        return session;
    }

    /** The session of that id; null when there is none any more. */
    @Nullable
    Session find(@Nullable String id) {
        Session session = id == null ? null : sessions.getIfPresent(id);
        if (session != null && !now.get().isBefore(session.ends())) {
            sessions.invalidate(session.id());
            return null;
        }
        return session;
    }

    /** Whether it still goes on. Does not count as using it. */
    boolean goesOn(Session session) {
        return now.get().isBefore(session.ends()) && sessions.policy().getIfPresentQuietly(session.id()) != null;
    }

    /** Ends it. */
    void end(Session session) {
        sessions.invalidate(session.id());
    }

    /** How many are remembered. */
    long count() {
        return sessions.estimatedSize();
    }

    private String token() {
        byte[] bytes = new byte[TOKEN_BYTES];
        random.nextBytes(bytes);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }
}
