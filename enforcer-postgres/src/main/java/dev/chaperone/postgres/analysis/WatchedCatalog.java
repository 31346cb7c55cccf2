package dev.chaperone.postgres.analysis;

import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A {@link CatalogService} with one thread that looks whether the catalog has changed, and reads it anew only when it has.
 *
 * <pre>{@code
 * asOf(since)    looked since?            yes: the snapshot, at once
 *                no: look                 nothing written: the snapshot
 *                                         else: load it anew
 * }</pre>
 */
final class WatchedCatalog implements CatalogService {

    private static final Logger log = LoggerFactory.getLogger(WatchedCatalog.class);

    /** Longest that anybody waits for a load to begin. */
    private static final long LONGEST_WAIT_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** Of the time, one part in so many goes into loading, however often the catalog changes. */
    private static final int SHARE_OF_LOADS = 2;

    /** What is recent, unless looking takes long. */
    private static final long RECENT_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private static final long LEAST_RECENT_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** Of the time, one part in so many goes into looking for the sake of what was decided on before. */
    private static final int SHARE_OF_LOOKS = 20;

    /** The snapshot, and when it was certainly what the catalog said. */
    private record Known(CatalogSnapshot snapshot, long at) {}

    /** One look, which everybody shares who has asked before it began. */
    private static final class Look {
        private final CompletableFuture<CatalogSnapshot> result = new CompletableFuture<>();
        private long began;
    }

    private final CatalogLoader loader;
    private final CatalogWitness witness;
    private final ScheduledExecutorService worker = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "catalog");
        thread.setDaemon(true);
        return thread;
    });
    private final Object lock = new Object();
    private volatile Known known;
    private volatile long recent = RECENT_NANOS;
    private @Nullable Look running;
    private @Nullable Look next;
    /** These are the worker's own. */
    private CatalogMark mark;

    private boolean asked;
    private long lastLoad;
    private long cost;

    WatchedCatalog(CatalogLoader loader, Duration patience) {
        this.loader = loader;
        this.witness = new CatalogWitness(loader);
        lastLoad = System.nanoTime();
        try {
            CatalogLoader.Loaded loaded = loader.loadMarked();
            known = new Known(loaded.snapshot(), lastLoad);
            mark = loaded.mark();
        } catch (SQLException e) {
            worker.shutdownNow();
            throw new IllegalStateException("the catalog cannot be read: " + e.getMessage(), e);
        }
        cost = System.nanoTime() - lastLoad;
        long nanos = patience.toNanos();
        worker.scheduleWithFixedDelay(this::rest, nanos, nanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public CatalogSnapshot current() {
        return known.snapshot();
    }

    @Override
    public CompletionStage<CatalogSnapshot> recent() {
        long most = recent;
        long now = System.nanoTime();
        CompletionStage<CatalogSnapshot> found = asOf(now - most);
        if (now - known.at() > most / 2) {
            asOf(now - most / 2);
        }
        return found;
    }

    @Override
    public CompletionStage<CatalogSnapshot> asOf(long since) {
        Known now = known;
        if (now.at() - since >= 0) {
            return CompletableFuture.completedFuture(now.snapshot());
        }
        synchronized (lock) {
            Look shared = running;
            if (shared != null && shared.began - since >= 0) {
                return shared.result.minimalCompletionStage();
            }
            if (next == null) {
                Look look = new Look();
                try {
                    worker.execute(this::look);
                } catch (RejectedExecutionException e) {
                    look.result.completeExceptionally(closed());
                    return look.result.minimalCompletionStage();
                }
                next = look;
            }
            return next.result.minimalCompletionStage();
        }
    }

    /** When nobody has asked for a while the connection would only be in the way of those who work on the database. */
    private void rest() {
        if (!asked) {
            witness.close();
        }
        asked = false;
    }

    private void look() {
        Look look;
        synchronized (lock) {
            look = next;
            if (look == null) {
                return;
            }
            // Whoever asks from here on may know of changes that this look does not see any more.
            next = null;
            running = look;
            look.began = System.nanoTime();
        }
        try {
            CatalogSnapshot found = found();
            known = new Known(found, look.began);
            ended();
            look.result.complete(found);
        } catch (SQLException | RuntimeException e) {
            log.warn("it cannot be seen whether the catalog has changed: {}", e.getMessage());
            ended();
            look.result.completeExceptionally(e);
        } catch (InterruptedException e) {
            ended();
            look.result.completeExceptionally(closed());
            Thread.currentThread().interrupt();
        }
    }

    private void ended() {
        synchronized (lock) {
            running = null;
        }
    }

    private CatalogSnapshot found() throws SQLException, InterruptedException {
        CatalogSnapshot before = known.snapshot();
        asked = true;
        long began = System.nanoTime();
        CatalogMark now = witness.look(mark);
        long took = System.nanoTime() - began;
        recent = Math.min(LEAST_RECENT_NANOS, Math.max(RECENT_NANOS, SHARE_OF_LOOKS * took));
        if (now != null) {
            mark = now;
            return before;
        }
        // A client that creates something and then uses it waits for this: a quick load may soon be followed by
        // another.
        long spacing = Math.min(LONGEST_WAIT_NANOS, (SHARE_OF_LOADS - 1) * cost);
        long wait = lastLoad + cost + spacing - System.nanoTime();
        if (wait > 0) {
            TimeUnit.NANOSECONDS.sleep(wait);
        }
        lastLoad = System.nanoTime();
        try {
            CatalogLoader.Loaded loaded = loader.loadMarked();
            mark = loaded.mark();
            CatalogSnapshot after = loaded.snapshot().after(before);
            return after.saysTheSameAs(before) ? before : after;
        } finally {
            cost = System.nanoTime() - lastLoad;
        }
    }

    @Override
    public void close() {
        synchronized (lock) {
            if (next != null) {
                next.result.completeExceptionally(closed());
                next = null;
            }
        }
        try {
            worker.execute(witness::close);
        } catch (RejectedExecutionException e) {
            return; // it is closed already
        }
        worker.shutdown();
    }

    private static IllegalStateException closed() {
        return new IllegalStateException("the catalog service is closed");
    }
}
