package dev.chaperone.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.testkit.Backends;
import dev.chaperone.testkit.PostgresMajors;
import dev.chaperone.testkit.PostgresOptions;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The ways around on servers whose trees are of other shapes than the newest one's, each in one of the ways in which it can be
 * sent: a different one from case to case.
 */
class BypassesOnMajorsIT {

    private static final int LANES = 4;
    private static final LabelledDecisions.Masks MASKS = LabelledDecisions.Masks.EVERYWHERE;

    /** Those that {@link BypassesIT} does not run on. */
    static List<Integer> others() {
        return PostgresMajors.tested().stream()
                .filter(major -> major != PostgresMajors.chosen())
                .toList();
    }

    @ParameterizedTest(name = "PostgreSQL {0}", allowZeroInvocations = true)
    @MethodSource("others")
    void nothingSecretReachesTheAttacker(int major) throws IOException {
        List<BypassCase> cases = CaseReader.readAll(BypassWorlds.CASES).stream()
                .filter(test -> test.since() <= major && BypassesIT.applies(test, MASKS))
                .toList();
        PostgresOptions options = PostgresOptions.temporary().withMajor(major);
        List<Result> results = new ArrayList<>();
        try (BypassWorlds worlds = BypassWorlds.start(() -> Backends.postgres(options))) {
            Lanes lanes = new Lanes();
            Map<BypassCase, CompletableFuture<List<Result>>> pending = lanes.add(
                    LANES,
                    () -> new Conformance(worlds.worlds(MASKS), worlds.secrets()),
                    cases,
                    BypassesOnMajorsIT::one,
                    worlds::forgetRecords);
            lanes.start();
            pending.values().forEach(result -> results.addAll(result.join()));
        }
        System.out.println(new Report(results).table());
        assertThat(results).hasSizeGreaterThan(1000);
        assertThat(new Report(results).unexpected()).isEmpty();
    }

    private static List<Mode> one(BypassCase test) {
        List<Mode> modes = test.modes();
        // What is known to leak may leak in some ways only.
        return test.open() == null ? List.of(modes.get(Math.floorMod(test.name().hashCode(), modes.size()))) : modes;
    }
}
