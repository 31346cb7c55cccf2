package dev.chaperone.postgres.analysis;

import java.time.Duration;
import java.util.concurrent.CompletionStage;

/** Keeps the current {@link CatalogSnapshot} of one database. */
public interface CatalogService extends AutoCloseable {

    /** The newest snapshot; loading it is what {@code start} waited for. Never blocks. */
    CatalogSnapshot current();

    /**
     * What the catalog says, no older than that. Calls that come while somebody looks share what is found. Completed already
     * when it has been looked since.
     *
     * @param since a moment by {@link System#nanoTime}: every change that was committed before is in it
     * @return the snapshot, or a failure with the cause when the database cannot be asked
     */
    CompletionStage<CatalogSnapshot> asOf(long since);

    /**
     * What the catalog says, or said a moment ago: for what was decided on by an earlier one. Completed already unless nobody has
     * looked for long; the next look is begun before that.
     */
    CompletionStage<CatalogSnapshot> recent();

    @Override
    void close();

    /**
     * Loads the first snapshot. Blocks until it is there.
     *
     * @param loader reads the catalog
     * @param patience how long the connection by which it is looked is kept, about, when nobody asks
     * @throws IllegalStateException when the first load fails
     */
    static CatalogService start(CatalogLoader loader, Duration patience) {
        return new WatchedCatalog(loader, patience);
    }
}
