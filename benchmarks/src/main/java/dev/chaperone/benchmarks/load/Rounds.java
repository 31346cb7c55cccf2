package dev.chaperone.benchmarks.load;

import dev.chaperone.benchmarks.load.PgBench.Load;
import dev.chaperone.benchmarks.load.PgBench.Result;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Interleaved rounds: in each, every load goes once through every endpoint, so that what disturbs the machine disturbs all of
 * them. The best of each counts: the highest rate and the lowest processor time.
 */
final class Rounds {

    private record Key(Endpoint endpoint, Load load) {}

    private final Map<Key, Result> best = new HashMap<>();

    /** Runs one round. */
    void run(List<Endpoint> endpoints, List<Load> loads, int seconds) {
        for (Load load : loads) {
            for (Endpoint endpoint : endpoints) {
                best.merge(new Key(endpoint, load), PgBench.run(endpoint, load, seconds), Rounds::better);
            }
        }
    }

    /** The best so far. */
    Result best(Endpoint endpoint, Load load) {
        Result result = best.get(new Key(endpoint, load));
        if (result == null) {
            throw new IllegalStateException(load + " was not run through " + endpoint.name());
        }
        return result;
    }

    private static Result better(Result one, Result other) {
        return new Result(Math.max(one.rate(), other.rate()), Math.min(one.cpuMicros(), other.cpuMicros()));
    }
}
