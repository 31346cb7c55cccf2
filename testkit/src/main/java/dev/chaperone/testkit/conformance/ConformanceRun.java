package dev.chaperone.testkit.conformance;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Runs all cases against whatever a {@link ConformanceTarget} names, including what has nothing to hold anything back with. */
public final class ConformanceRun {

    private ConformanceRun() {}

    /**
     * Runs every case in every mode. What would change the fixture, should it succeed, is rolled back.
     *
     * @param labels what must not be learned
     */
    public static Report run(ConformanceTarget target, List<BypassCase> cases, Labels labels) {
        List<Secrets> secrets =
                target.worlds().stream().map(world -> Secrets.of(world, labels)).toList();
        List<Result> results = new ArrayList<>();
        try (Conformance suite = new Conformance(target.worlds(), secrets)) {
            for (BypassCase test : cases) {
                if (test.since() <= target.serverVersion()) {
                    modes(test).forEach(mode -> results.add(suite.run(test, mode)));
                }
            }
        }
        return new Report(results);
    }

    private static Set<Mode> modes(BypassCase test) {
        Set<Mode> modes = new LinkedHashSet<>();
        test.modes().forEach(mode -> modes.add(test.changes() && mode != Mode.STEPS ? Mode.ROLLED_BACK : mode));
        return modes;
    }
}
