package dev.chaperone.pdp.approval;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.chaperone.approval.v1.ApprovalEvent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jooq.Condition;
import org.jooq.DSLContext;
import org.jooq.Record;
import org.jooq.impl.DSL;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Delivers what the steps of approvals have put into the outbox, channel by channel: a thread for each, which one replica at a time
 * holds by an advisory lock. What was delivered is forgotten in the transaction that read it, so that a crash delivers it again,
 * and loses nothing. What cannot be delivered is tried again after pauses that grow; it holds up others of its channel only where
 * their order counts.
 */
final class Outbox implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Outbox.class);

    /** Other replicas write to the outbox, too, without waking this one. */
    private static final long LOOK_MILLIS = 1_000;

    private static final int MOST_DOUBLINGS = 8;

    /** Where one event holds up all others, it is looked sooner whether the receiver is back. */
    private static final int MOST_DOUBLINGS_IN_ORDER = 3;

    private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);

    /** Nobody wants to be told any more; where the order counts, everything is. */
    private static final int MOST_ATTEMPTS = 100;

    private final Database database;
    private final List<Worker> workers = new ArrayList<>();
    private volatile boolean closed;

    Outbox(Database database, List<Channel> channels) {
        this.database = database;
        channels.forEach(channel -> workers.add(new Worker(channel)));
    }

    void start() {
        workers.forEach(worker -> worker.thread.start());
    }

    /** Something was put into the outbox. */
    void wake() {
        workers.forEach(worker -> worker.work.release());
    }

    /**
     * Forgets events that everybody has been told of. What waits for a receiver that is not configured any more is kept as long as
     * approvals are.
     */
    void forget(Duration keep) {
        List<String> names =
                workers.stream().map(worker -> worker.channel.name()).toList();
        database.transaction(sql -> sql.deleteFrom(Db.Deliveries.TABLE)
                .where(Db.Deliveries.CHANNEL.notIn(names))
                .and(Db.Deliveries.SEQUENCE.in(DSL.select(Db.Events.SEQUENCE)
                        .from(Db.Events.TABLE)
                        .where(DSL.condition("{0} < {1}", Db.Events.AT, Steps.in(keep.negated())))))
                .execute());
        database.transaction(sql -> sql.deleteFrom(Db.Events.TABLE)
                .where(DSL.condition("{0} < {1}", Db.Events.AT, Steps.in(Duration.ofMinutes(-1))))
                .andNotExists(
                        DSL.selectOne().from(Db.Deliveries.TABLE).where(Db.Deliveries.SEQUENCE.eq(Db.Events.SEQUENCE)))
                .execute());
    }

    @Override
    public void close() {
        closed = true;
        workers.forEach(worker -> worker.thread.interrupt());
        workers.forEach(Worker::end);
    }

    /** One channel's. */
    private final class Worker {

        private final Channel channel;
        private final Semaphore work = new Semaphore(0);
        private final Thread thread;

        Worker(Channel channel) {
            this.channel = channel;
            this.thread = new Thread(this::run, "chaperone-outbox-" + channel.name());
            thread.setDaemon(true);
        }

        private void run() {
            try {
                while (!closed) {
                    work.drainPermits();
                    boolean more = true;
                    while (more && !closed) {
                        more = next();
                    }
                    if (work.tryAcquire(LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
                        LOG.trace("woken");
                    }
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        /** True when there may be more to deliver. */
        private boolean next() {
            try {
                return database.transaction(this::deliverOne);
            } catch (RuntimeException e) {
                if (!closed) {
                    LOG.warn("`{}` cannot be told of approvals now: {}", channel.name(), e.getMessage());
                }
                return false;
            }
        }

        private boolean deliverOne(DSLContext sql) {
            if (!locked(sql)) {
                return false; // another replica is at it
            }
            Condition due = channel.ordered() ? DSL.noCondition() : dueNow();
            Record next = sql.select(
                            Db.Events.CONTENT, Db.Deliveries.SEQUENCE, Db.Deliveries.ATTEMPTS, DSL.field(dueNow()))
                    .from(Db.Deliveries.TABLE)
                    .join(Db.Events.TABLE)
                    .on(Db.Events.SEQUENCE.eq(Db.Deliveries.SEQUENCE))
                    .where(Db.Deliveries.CHANNEL.eq(channel.name()))
                    .and(due)
                    .orderBy(Db.Deliveries.SEQUENCE)
                    .limit(1)
                    .fetchOne();
            if (next == null || !Boolean.TRUE.equals(next.get(3))) {
                return false;
            }
            deliver(
                    sql,
                    next.get(Db.Events.CONTENT),
                    next.get(Db.Deliveries.SEQUENCE),
                    next.get(Db.Deliveries.ATTEMPTS));
            return true;
        }

        private static Condition dueNow() {
            return Db.Deliveries.DUE_AT.le(Db.NOW);
        }

        private boolean locked(DSLContext sql) {
            return Boolean.TRUE.equals(sql.select(DSL.field(
                            "pg_try_advisory_xact_lock(hashtextextended({0}, 0))",
                            Boolean.class, DSL.val("chaperone-outbox:" + channel.name())))
                    .fetchSingle()
                    .value1());
        }

        private void deliver(DSLContext sql, byte[] content, long sequence, int attempts) {
            Condition one = Db.Deliveries.SEQUENCE.eq(sequence).and(Db.Deliveries.CHANNEL.eq(channel.name()));
            String failure = failure(content);
            boolean given = failure != null && !channel.ordered() && attempts + 1 >= MOST_ATTEMPTS;
            if (given) {
                LOG.error(
                        "gave up telling `{}` of an approval after {} attempts: {}", channel.name(), attempts, failure);
            }
            if (failure == null || given) {
                sql.deleteFrom(Db.Deliveries.TABLE).where(one).execute();
                return;
            }
            LOG.warn("`{}` was not told of an approval, trying again: {}", channel.name(), failure);
            int most = channel.ordered() ? MOST_DOUBLINGS_IN_ORDER : MOST_DOUBLINGS;
            Duration pause = FIRST_PAUSE.multipliedBy(1L << Math.min(attempts, most));
            sql.update(Db.Deliveries.TABLE)
                    .set(Db.Deliveries.ATTEMPTS, attempts + 1)
                    .set(Db.Deliveries.DUE_AT, Steps.in(pause))
                    .where(one)
                    .execute();
        }

        /** Why it was not delivered; null when it was. */
        private @Nullable String failure(byte[] content) {
            try {
                channel.deliver(ApprovalEvent.parseFrom(content));
                return null;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new ApprovalException(ApprovalException.Problem.UNAVAILABLE, "it is being closed");
            } catch (InvalidProtocolBufferException e) {
                throw new IllegalStateException("the outbox holds something else than events", e);
            } catch (Exception e) {
                return e.getClass().getSimpleName() + ": " + e.getMessage();
            }
        }

        private void end() {
            try {
                thread.join(TimeUnit.SECONDS.toMillis(5));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            channel.close();
        }
    }
}
