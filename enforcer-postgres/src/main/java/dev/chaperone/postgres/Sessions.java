package dev.chaperone.postgres;

import java.security.SecureRandom;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The sessions of one enforcer, by the key that cancels them. Safe for use by any thread. */
final class Sessions {

    /**
     * What authenticates a CancelRequest.
     *
     * @param processId of the server process, so that clients may compare it with {@code pg_backend_pid()}
     * @param secret our own: the server's never leaves the enforcer
     */
    record Key(int processId, int secret) {}

    private final SecureRandom random = new SecureRandom();
    private final Map<Key, Session> open = new ConcurrentHashMap<>();
    private volatile boolean draining;

    /** Takes in a session and gives it its key. */
    Key add(Session session, int processId) {
        while (true) {
            Key key = new Key(processId, random.nextInt());
            if (open.putIfAbsent(key, session) == null) {
                return key;
            }
        }
    }

    void remove(Key key) {
        open.remove(key);
    }

    @Nullable
    Session find(int processId, int secret) {
        return open.get(new Key(processId, secret));
    }

    int size() {
        return open.size();
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
