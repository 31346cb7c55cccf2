package dev.chaperone.pdp.approval;

import dev.chaperone.approval.v1.Approval;
import dev.chaperone.pdp.approval.ApprovalException.Problem;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArraySet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells subscribers of changes, whichever replica made them: at once by PostgreSQL's NOTIFY, and by looking every two seconds, for a
 * connection breaks now and then, and some poolers do not pass notifications on. One thread, which subscribers must not hold up.
 */
final class Changes implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Changes.class);
    private static final int LISTEN_MILLIS = 250;

    /** Statements may be long. */
    private static final int READ_AT_ONCE = 16;

    private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    /** Longer than a transaction may take, whose change has its time from before its commit. */
    private static final String LOOK_BACK = "30 seconds";

    private static final int REMEMBERED = 20_000;

    /** Streams of all approvals that one person may have open: some pages, some terminals. */
    private static final int MOST_OF_ONE = 32;

    private final Database database;
    private final ApprovalRecords records;
    private final int most;
    private final Map<String, Set<Watcher>> watched = new ConcurrentHashMap<>();
    private final Set<Watcher> watchAll = new CopyOnWriteArraySet<>();
    private final Map<String, Integer> following = new ConcurrentHashMap<>();
    private final AtomicInteger watchers = new AtomicInteger();
    private final Thread thread = new Thread(this::run, "chaperone-approvals-changes");
    private volatile boolean closed;
    private long lookedAt = System.nanoTime() - LOOK_NANOS;

    /** Revisions that were told of, lest the look around tells of them again. Used by the one thread. */
    private final Map<String, Long> told = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Long> eldest) {
            return size() > REMEMBERED;
        }
    };

    Changes(Database database, ApprovalRecords records, int most) {
        this.database = database;
        this.records = records;
        this.most = most;
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    /** How many subscribers there are. */
    int count() {
        return watchers.get();
    }

    /** Follows one approval. Each state is told at most once, an older one never after a newer one. */
    Subscription watch(String id, Consumer<Approval> subscriber) {
        Watcher watcher = add(subscriber);
        watched.compute(id, (key, all) -> {
            Set<Watcher> set = all == null ? ConcurrentHashMap.newKeySet() : all;
            set.add(watcher);
            return set;
        });
        return () -> {
            boolean[] removed = {false};
            watched.computeIfPresent(id, (key, all) -> {
                removed[0] = all.remove(watcher);
                return all.isEmpty() ? null : all;
            });
            if (removed[0]) {
                watchers.decrementAndGet();
            }
        };
    }

    /**
     * Follows all of them.
     *
     * @param who follows: nobody takes all the streams, which enforcers need, too
     */
    Subscription watchAll(String who, Consumer<Approval> subscriber) {
        if (following.merge(who, 1, Integer::sum) > MOST_OF_ONE) {
            left(who);
            throw new ApprovalException(
                    Problem.TOO_MANY, "you follow approvals " + MOST_OF_ONE + " times already; end some of them");
        }
        Watcher watcher;
        try {
            watcher = add(subscriber);
        } catch (ApprovalException e) {
            left(who);
            throw e;
        }
        watchAll.add(watcher);
        return () -> {
            if (watchAll.remove(watcher)) {
                watchers.decrementAndGet();
                left(who);
            }
        };
    }

    private void left(String who) {
        following.computeIfPresent(who, (key, times) -> times == 1 ? null : times - 1);
    }

    private Watcher add(Consumer<Approval> subscriber) {
        if (watchers.incrementAndGet() > most) {
            watchers.decrementAndGet();
            throw new ApprovalException(Problem.TOO_MANY, "too many follow approvals at a time; try again later");
        }
        return new Watcher(subscriber);
    }

    /** Tells of a change that this process knows of by itself. */
    void tell(Approval approval) {
        Set<Watcher> of = watched.get(approval.getId());
        if (of != null) {
            of.forEach(watcher -> watcher.tell(approval));
        }
    }

    private void run() {
        while (!closed) {
            Connection connection = null;
            try {
                connection = database.connection();
                listen(connection);
            } catch (SQLException | RuntimeException e) {
                if (!closed) {
                    LOG.warn("changes of approvals are not heard of now: {}", e.getMessage());
                    LockSupport.parkNanos(PAUSE_NANOS);
                }
            } finally {
                if (connection != null) {
                    database.evict(connection);
                }
            }
        }
    }

    private void listen(Connection connection) throws SQLException {
        PGConnection notified = connection.unwrap(PGConnection.class);
        try (Statement statement = connection.createStatement()) {
            statement.execute("listen " + Steps.NOTIFICATIONS);
        }
        look();
        while (!closed) {
            PGNotification[] notifications = notified.getNotifications(LISTEN_MILLIS);
            Set<String> ids = new LinkedHashSet<>();
            for (PGNotification notification : notifications == null ? new PGNotification[0] : notifications) {
                ids.add(notification.getParameter());
            }
            if (watchAll.isEmpty()) {
                ids.retainAll(watched.keySet());
            }
            if (!ids.isEmpty()) {
                tell(ids);
            }
            if (System.nanoTime() - lookedAt > LOOK_NANOS) {
                look();
            }
        }
    }

    /** Looks for changes that were not heard of. */
    private void look() {
        lookedAt = System.nanoTime();
        if (watchers.get() == 0) {
            return;
        }
        Map<String, Long> recent = database.read(sql -> sql.select(Db.Approvals.ID, Db.Approvals.REVISION)
                .from(Db.Approvals.TABLE)
                .where("changed_at > clock_timestamp() - interval '" + LOOK_BACK + "'")
                .limit(REMEMBERED)
                .fetchMap(Db.Approvals.ID, Db.Approvals.REVISION));
        Map<String, Long> missed = new HashMap<>(recent);
        missed.entrySet().removeIf(entry -> told.getOrDefault(entry.getKey(), 0L) >= entry.getValue());
        if (watchAll.isEmpty()) {
            missed.keySet().retainAll(watched.keySet());
        }
        tell(missed.keySet());
    }

    private void tell(Collection<String> ids) {
        List<String> all = List.copyOf(ids);
        for (int from = 0; from < all.size(); from += READ_AT_ONCE) {
            List<String> some = all.subList(from, Math.min(all.size(), from + READ_AT_ONCE));
            for (Approval approval : database.read(sql -> records.find(sql, some))) {
                told.put(approval.getId(), approval.getRevision());
                tell(approval);
                watchAll.forEach(watcher -> watcher.tell(approval));
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
        if (Thread.currentThread() != thread) {
            try {
                thread.join(TimeUnit.SECONDS.toMillis(5));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** One subscriber. */
    private static final class Watcher {

        private final Consumer<Approval> subscriber;

        Watcher(Consumer<Approval> subscriber) {
            this.subscriber = subscriber;
        }

        void tell(Approval approval) {
            try {
                subscriber.accept(approval);
            } catch (RuntimeException e) {
                LOG.warn("a change of an approval could not be told: {}", e.toString());
            }
        }
    }
}
