package dev.chaperone.postgres;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.chaperone.postgres.analysis.CatalogService;
import dev.chaperone.postgres.analysis.CatalogSnapshot;
import dev.chaperone.postgres.analysis.PlainType;
import dev.chaperone.postgres.analysis.QueryAnalysis;
import dev.chaperone.postgres.analysis.QueryAnalyzer;
import dev.chaperone.postgres.analysis.UnanalysableException;
import dev.chaperone.postgres.wire.RowDescription;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Analyses query trees against the current catalog, and remembers what came out. Safe for use by any thread. */
final class Analyses {

    private static final Logger LOG = LoggerFactory.getLogger(Analyses.class);
    private static final long CACHED_CHARACTERS = 16L << 20;

    /**
     * What came out: one of the two is set.
     *
     * @param analysis what the statement touches
     * @param failure why that could not be established
     */
    record Result(
            @Nullable QueryAnalysis analysis, @Nullable UnanalysableException failure) {}

    private static final UnanalysableException UNSEEN =
            new UnanalysableException("the database's catalog cannot be read at the moment; try again");

    private static final UnanalysableException DEFECT = new UnanalysableException(
            "what the statement would do could not be established by a defect in the gateway");

    private record Key(String tree, long catalogVersion) {}

    private final CatalogService catalog;
    private final Cache<Key, Result> cache = Caffeine.newBuilder()
            .maximumWeight(CACHED_CHARACTERS)
            .weigher((Key key, Result result) -> key.tree().length() + 64)
            .executor(Runnable::run) // keeping it in order takes less than waking a thread to do it
            .build();

    Analyses(CatalogService catalog) {
        this.catalog = catalog;
    }

    /**
     * Analyses a tree by what the catalog says, no older than a moment. One that is not understood is looked at once more: it may
     * name what has been made since.
     *
     * @param since a moment by {@link System#nanoTime}: every change that was committed before is taken account of
     * @param loop where to go on when the database has to be asked
     */
    CompletionStage<Result> analyse(String tree, long since, Executor loop) {
        return then(catalog.asOf(since), loop, snapshot -> {
            Result result = analyse(tree, snapshot);
            UnanalysableException refusal = result.failure();
            return refusal == null || !refusal.staleCatalog()
                    ? CompletableFuture.completedFuture(result)
                    : then(
                            catalog.asOf(System.nanoTime()),
                            loop,
                            fresh -> CompletableFuture.completedFuture(
                                    fresh.version() == snapshot.version() ? result : analyse(tree, fresh)));
        });
    }

    private static CompletionStage<Result> then(
            CompletionStage<CatalogSnapshot> asked,
            Executor loop,
            Function<CatalogSnapshot, CompletionStage<Result>> next) {
        CompletableFuture<CatalogSnapshot> known = asked.toCompletableFuture();
        CompletionStage<CatalogSnapshot> found =
                known.isDone() && !known.isCompletedExceptionally() ? known : known.thenApplyAsync(any -> any, loop);
        return found.handle((snapshot, failure) -> failure == null
                        ? next.apply(snapshot)
                        : CompletableFuture.completedFuture(new Result(null, UNSEEN)))
                .thenCompose(result -> result);
    }

    /** The catalog, no older than a moment. */
    CompletionStage<CatalogSnapshot> catalog(long since) {
        return catalog.asOf(since);
    }

    /** Has somebody look already whether the catalog has changed, for what is about to be asked. */
    void askAhead(long since) {
        catalog.asOf(since);
    }

    /** Completes once the catalog is known as it is, or was a moment ago. */
    CompletionStage<CatalogSnapshot> recent() {
        return catalog.recent();
    }

    /** A function's name with its schema; null when there is none. */
    CompletionStage<@Nullable String> functionName(int oid) {
        boolean known = catalog.current().function(oid) != null;
        return (known ? catalog.recent() : catalog.asOf(System.nanoTime()))
                .<@Nullable String>handle((fresh, failure) -> failure == null ? fresh.function(oid) : null);
    }

    /** The catalog as it is known now. */
    CatalogSnapshot catalog() {
        return catalog.current();
    }

    /** The columns as they are written: in place of types that are the database's own, those that they are written like. */
    RowDescription plain(RowDescription described) {
        if (described.columns().stream().allMatch(column -> plain(column.typeOid()) == null)) {
            return described;
        }
        return new RowDescription(described.columns().stream()
                .map(column -> {
                    PlainType plain = plain(column.typeOid());
                    return plain == null ? column : column.ofType(plain.oid(), plain.modifier());
                })
                .toList());
    }

    private @Nullable PlainType plain(int type) {
        return catalog.current().plainType(type);
    }

    /** Analyses a tree with the catalog as it is known now. */
    Result analyseNow(String tree) {
        return analyse(tree, catalog.current());
    }

    private Result analyse(String tree, CatalogSnapshot snapshot) {
        Key key = new Key(tree, snapshot.version());
        Result known = cache.getIfPresent(key);
        if (known != null) {
            return known;
        }
        Result result;
        try {
            result = new Result(QueryAnalyzer.analyze(tree, snapshot), null);
        } catch (UnanalysableException e) {
            result = new Result(null, e);
            if (e.staleCatalog()) {
                return result;
            }
        } catch (RuntimeException e) {
            LOG.error("a statement cannot be analysed by a defect", e);
            return new Result(null, DEFECT);
        }
        cache.put(key, result);
        return result;
    }
}
