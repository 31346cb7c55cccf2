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

/** A {@link CatalogService} with one thread that loads, on a timer and on demand. */
final class RefreshingCatalog implements CatalogService {

    private static final Logger log = LoggerFactory.getLogger(RefreshingCatalog.class);

    /** Longest that anybody waits for a load to begin. */
    private static final long LONGEST_WAIT_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** Of the time, one part in so many goes into loading, however often it is asked for. */
    private static final int SHARE = 3;

    private final CatalogLoader loader;
    private final ScheduledExecutorService worker = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "catalog");
        thread.setDaemon(true);
        return thread;
    });
    private volatile CatalogSnapshot current;
    private final Object lock = new Object();
    private @Nullable CompletableFuture<CatalogSnapshot> pending;
    private long lastLoad;
    private long cost;

    RefreshingCatalog(CatalogLoader loader, Duration interval) {
        this.loader = loader;
        lastLoad = System.nanoTime();
        try {
            current = loader.load();
        } catch (SQLException e) {
            worker.shutdownNow();
            throw new IllegalStateException("the catalog cannot be read: " + e.getMessage(), e);
        }
        cost = System.nanoTime() - lastLoad;
        long nanos = interval.toNanos();
        worker.scheduleWithFixedDelay(this::refresh, nanos, nanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public CatalogSnapshot current() {
        return current;
    }

    @Override
    public CompletionStage<CatalogSnapshot> refresh() {
        synchronized (lock) {
            if (pending != null) {
                return pending.minimalCompletionStage();
            }
            CompletableFuture<CatalogSnapshot> next = new CompletableFuture<>();
            // A client that creates something and then uses it waits for this: a quick load may soon be followed by
            // another.
            long spacing = Math.min(LONGEST_WAIT_NANOS, SHARE * cost);
            long wait = Math.max(0, lastLoad + spacing - System.nanoTime());
            try {
                worker.schedule(() -> load(next), wait, TimeUnit.NANOSECONDS);
            } catch (RejectedExecutionException e) {
                next.completeExceptionally(new IllegalStateException("the catalog service is closed", e));
                return next.minimalCompletionStage();
            }
            pending = next;
            return next.minimalCompletionStage();
        }
    }

    private void load(CompletableFuture<CatalogSnapshot> result) {
        synchronized (lock) {
            // Whoever asks from here on may know of changes that this load does not see any more.
            pending = null;
            lastLoad = System.nanoTime();
        }
        try {
            CatalogSnapshot loaded = loader.load();
            loaded();
            if (!loaded.saysTheSameAs(current)) {
                current = loaded;
            }
            result.complete(current);
        } catch (SQLException | RuntimeException e) {
            loaded();
            log.warn("catalog not refreshed: {}", e.getMessage());
            result.completeExceptionally(e);
        }
    }

    private void loaded() {
        synchronized (lock) {
            cost = System.nanoTime() - lastLoad;
        }
    }

    @Override
    public void close() {
        worker.shutdownNow();
        synchronized (lock) {
            if (pending != null) {
                pending.completeExceptionally(new IllegalStateException("the catalog service is closed"));
            }
        }
    }
}
