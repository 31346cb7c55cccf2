package dev.chaperone.postgres;

import dev.chaperone.postgres.wire.CancelKey;
import dev.chaperone.postgres.wire.ProtocolVersion;
import java.security.SecureRandom;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The sessions of one enforcer, by the key that cancels them, and how many more there may be. Safe for use by any thread.
 *
 * <p>Connections that have not proved who they are have places of their own, as many as sessions: they cannot keep out those
 * that have.
 */
final class Sessions {

    /** From protocol 3.2 on a secret cannot be guessed even by somebody who may try for as long as a session lasts. */
    private static final int LONG_SECRET = 32;

    private final SecureRandom random = new SecureRandom();
    private final Map<CancelKey, Session> open = new ConcurrentHashMap<>();
    private final AtomicInteger arriving = new AtomicInteger();
    private final AtomicInteger taken = new AtomicInteger();
    private final int most;
    private volatile boolean draining;

    /**
     * @param most sessions at a time, and connections that are not yet one
     */
    Sessions(int most) {
        this.most = most;
    }

    /** Takes a place among those who arrive, to be given back by {@link #arrived}; false when there is none. */
    boolean arrive() {
        return take(arriving);
    }

    /** Gives back a place among those who arrive. */
    void arrived() {
        arriving.decrementAndGet();
    }

    /** Takes a session's place, to be given back by {@link #leave}; false when there is none. */
    boolean enter() {
        return take(taken);
    }

    /** Gives back a session's place. */
    void leave() {
        taken.decrementAndGet();
    }

    private boolean take(AtomicInteger places) {
        return places.getAndUpdate(now -> now < most ? now + 1 : now) < most;
    }

    /**
     * Takes in a session, which has its place already, and gives it its key.
     *
     * @param upstream the database's own key: clients compare its process id with {@code pg_backend_pid()}; its secret never
     *     leaves the enforcer
     * @param version says how long the secret may be
     */
    CancelKey add(Session session, CancelKey upstream, ProtocolVersion version) {
        byte[] secret = new byte[version.hasLongSecrets() ? LONG_SECRET : CancelKey.SHORT];
        while (true) {
            random.nextBytes(secret);
            CancelKey key = new CancelKey(upstream.processId(), secret);
            if (open.putIfAbsent(key, session) == null) {
                return key;
            }
        }
    }

    /** A session has ended. */
    void remove(CancelKey key) {
        if (open.remove(key) != null) {
            leave();
        }
    }

    /** The session that a key cancels. */
    @Nullable
    Session find(CancelKey key) {
        return open.get(key);
    }

    /** Sessions with one database. */
    long size(Upstream upstream) {
        return open.values().stream().filter(session -> session.uses(upstream)).count();
    }

    List<Session> all() {
        return List.copyOf(open.values());
    }

    boolean draining() {
        return draining;
    }

    void drain() {
        draining = true;
    }
}
