package dev.chaperone.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.testkit.conformance.BypassCase;
import dev.chaperone.testkit.conformance.CaseReader;
import dev.chaperone.testkit.conformance.Conformance;
import dev.chaperone.testkit.conformance.Lanes;
import dev.chaperone.testkit.conformance.Mode;
import dev.chaperone.testkit.conformance.Report;
import dev.chaperone.testkit.conformance.Result;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** The ways around on a server whose trees are of another shape: each in the first of its ways, and in binary. */
class Bypasses15IT {

    private static final int SERVER = 15;
    private static final int LANES = 4;
    private static final LabelledDecisions.Masks MASKS = LabelledDecisions.Masks.EVERYWHERE;

    @Test
    void nothingSecretReachesTheAttacker() throws IOException {
        List<BypassCase> cases = CaseReader.readAll(BypassWorlds.CASES).stream()
                .filter(test -> test.since() <= SERVER && BypassesIT.applies(test, MASKS))
                .toList();
        List<Result> results = new ArrayList<>();
        try (BypassWorlds worlds = BypassWorlds.start(Postgres15::start)) {
            Lanes lanes = new Lanes();
            Map<BypassCase, CompletableFuture<List<Result>>> pending = lanes.add(
                    LANES,
                    () -> new Conformance(worlds.worlds(MASKS), worlds.secrets()),
                    cases,
                    Bypasses15IT::some,
                    worlds::forgetRecords);
            lanes.start();
            pending.values().forEach(result -> results.addAll(result.join()));
        }
        System.out.println(new Report(results).table());
        assertThat(results).hasSizeGreaterThan(1000);
        assertThat(new Report(results).unexpected()).isEmpty();
    }

    private static List<Mode> some(BypassCase test) {
        return test.modes().contains(Mode.BINARY) ? List.of(test.modes().get(0), Mode.BINARY) : test.modes();
    }
}
