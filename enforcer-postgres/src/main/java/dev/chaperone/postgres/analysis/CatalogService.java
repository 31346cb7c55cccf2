package dev.chaperone.postgres.analysis;

import java.time.Duration;
import java.util.concurrent.CompletionStage;

/** Keeps the current {@link CatalogSnapshot} of one database. */
public interface CatalogService extends AutoCloseable {

    /** The newest snapshot; loading it is what {@code start} waited for. Never blocks. */
    CatalogSnapshot current();

    /**
     * Loads the catalog anew. Calls that come while one is loading share its result; calls in quick succession are spread
     * out.
     *
     * @return the newest snapshot, or a failure with the cause when the database cannot be read
     */
    CompletionStage<CatalogSnapshot> refresh();

    @Override
    void close();

    /**
     * Loads the first snapshot and keeps it fresh from then on. Blocks until it is there.
     *
     * @param loader reads the catalog
     * @param interval how often to load anew
     * @throws IllegalStateException when the first load fails
     */
    static CatalogService start(CatalogLoader loader, Duration interval) {
        return new RefreshingCatalog(loader, interval);
    }
}
