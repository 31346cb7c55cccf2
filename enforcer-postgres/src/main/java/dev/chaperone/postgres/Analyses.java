package dev.chaperone.postgres;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.chaperone.postgres.analysis.CatalogService;
import dev.chaperone.postgres.analysis.CatalogSnapshot;
import dev.chaperone.postgres.analysis.QueryAnalysis;
import dev.chaperone.postgres.analysis.QueryAnalyzer;
import dev.chaperone.postgres.analysis.UnanalysableException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Analyses query trees against the current catalog, and remembers what came out. Safe for use by any thread. */
final class Analyses {

    private static final long CACHED_CHARACTERS = 16L << 20;

    /**
     * What came out: one of the two is set.
     *
     * @param analysis what the statement touches
     * @param failure why that could not be established
     */
    record Result(
            @Nullable QueryAnalysis analysis, @Nullable UnanalysableException failure) {}

    private record Key(String tree, long catalogVersion) {}

    private final CatalogService catalog;
    private final Cache<Key, Result> cache = Caffeine.newBuilder()
            .maximumWeight(CACHED_CHARACTERS)
            .weigher((Key key, Result result) -> key.tree().length() + 64)
            .executor(Runnable::run) // keeping it in order takes less than waking a thread to do it
            .build();

    /**
     * What a catalog that was read after it was first met does not hold: temporary relations, and those of a transaction that
     * has not ended. Nobody waits for another catalog because of them.
     */
    private final Cache<String, Boolean> unknown =
            Caffeine.newBuilder().maximumSize(10_000).build();

    Analyses(CatalogService catalog) {
        this.catalog = catalog;
    }

    /**
     * Analyses a tree. One that is not understood is looked at once more with a fresh catalog: it may name a relation that
     * has been made since.
     */
    CompletionStage<Result> analyse(String tree) {
        CatalogSnapshot snapshot = catalog.current();
        Result known = cache.getIfPresent(new Key(tree, snapshot.version()));
        if (known != null) {
            return CompletableFuture.completedFuture(known);
        }
        Result result = analyse(tree, snapshot);
        UnanalysableException refusal = result.failure();
        if (refusal == null || !refusal.staleCatalog()) {
            cache.put(new Key(tree, snapshot.version()), result);
            return CompletableFuture.completedFuture(result);
        }
        if (unknown.getIfPresent(String.valueOf(refusal.getMessage())) != null) {
            return CompletableFuture.completedFuture(result);
        }
        return catalog.refresh().<Result>handle((fresh, failure) -> {
            if (failure != null) {
                return result;
            }
            Result again = fresh.version() == snapshot.version() ? result : analyse(tree, fresh);
            if (again.failure() != null && again.failure().staleCatalog()) {
                unknown.put(String.valueOf(again.failure().getMessage()), true);
            } else {
                cache.put(new Key(tree, fresh.version()), again);
            }
            return again;
        });
    }

    /** A transaction has ended that may have made relations: who meets one next looks into a fresh catalog. */
    void schemaChanged() {
        unknown.invalidateAll();
    }

    /** A function's name with its schema, looked up once more in a fresh catalog if need be; null when there is none. */
    CompletionStage<@Nullable String> functionName(int oid) {
        String known = catalog.current().function(oid);
        if (known != null) {
            return CompletableFuture.completedFuture(known);
        }
        return catalog.refresh()
                .<@Nullable String>handle((fresh, failure) -> failure == null ? fresh.function(oid) : null);
    }

    /** The catalog as it is known now. */
    CatalogSnapshot catalog() {
        return catalog.current();
    }

    /** Analyses a tree with the catalog as it is known now. */
    Result analyseNow(String tree) {
        CatalogSnapshot snapshot = catalog.current();
        Result known = cache.getIfPresent(new Key(tree, snapshot.version()));
        return known != null ? known : analyse(tree, snapshot);
    }

    private static Result analyse(String tree, CatalogSnapshot snapshot) {
        try {
            return new Result(QueryAnalyzer.analyze(tree, snapshot), null);
        } catch (UnanalysableException e) {
            return new Result(null, e);
        }
    }
}
