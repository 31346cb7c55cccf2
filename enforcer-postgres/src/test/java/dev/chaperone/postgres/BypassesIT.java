package dev.chaperone.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.testkit.conformance.BypassCase;
import dev.chaperone.testkit.conformance.CaseReader;
import dev.chaperone.testkit.conformance.Conformance;
import dev.chaperone.testkit.conformance.Mode;
import dev.chaperone.testkit.conformance.Report;
import dev.chaperone.testkit.conformance.Result;
import dev.chaperone.testkit.conformance.Secrets;
import dev.chaperone.testkit.conformance.World;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Every way around of the suite, tried on the real enforcer under two policies: what reaches the attacker's socket. */
class BypassesIT {

    private static final Map<LabelledDecisions.Masks, Conformance> SUITES =
            new EnumMap<>(LabelledDecisions.Masks.class);
    private static final List<Result> RESULTS = new ArrayList<>();
    private static @Nullable BypassWorlds worlds;

    @BeforeAll
    static void start() throws IOException {
        BypassWorlds started = BypassWorlds.start();
        worlds = started;
        List<Secrets> secrets = started.secrets();
        for (LabelledDecisions.Masks masks : LabelledDecisions.Masks.values()) {
            SUITES.put(masks, new Conformance(started.worlds(masks), secrets));
        }
    }

    @AfterAll
    static void stop() {
        System.out.println(new Report(RESULTS).table());
        SUITES.values().forEach(Conformance::close);
        if (worlds != null) {
            worlds.close();
        }
    }

    @TestFactory
    Stream<DynamicNode> nothingSecretReachesTheAttacker() {
        List<BypassCase> cases = CaseReader.readAll(BypassWorlds.CASES);
        return SUITES.entrySet().stream()
                .map(suite -> DynamicContainer.dynamicContainer(
                        suite.getKey().name(),
                        cases.stream()
                                .filter(test -> applies(test, suite.getKey()))
                                .map(test -> DynamicTest.dynamicTest(test.name(), () -> run(suite.getValue(), test)))));
    }

    /** An attack that does not work where nothing is in its way proves nothing. */
    @Test
    void everyAttackWorksOnTheDatabaseItself() {
        BypassWorlds started = Objects.requireNonNull(worlds);
        List<World> bare = started.worlds(LabelledDecisions.Masks.DELIVERED).stream()
                .map(World::bare)
                .toList();
        List<String> wrong = new ArrayList<>();
        try (Conformance suite = new Conformance(bare, started.secrets())) {
            for (BypassCase test : CaseReader.readAll(BypassWorlds.CASES)) {
                Mode first = test.modes().get(0);
                Result result = suite.run(test, test.changes() && first != Mode.STEPS ? Mode.ROLLED_BACK : first);
                if (test.useful() == null && result.outcome().good() != (test.harmless() != null)) {
                    wrong.add(result.toString());
                }
            }
        }
        assertThat(wrong).isEmpty();
    }

    private static boolean applies(BypassCase test, LabelledDecisions.Masks masks) {
        return test.policies().isEmpty() || test.policies().stream().anyMatch(masks.name()::equalsIgnoreCase);
    }

    private static void run(Conformance suite, BypassCase test) {
        List<Result> results = suite.run(test);
        Objects.requireNonNull(worlds).forgetRecords();
        RESULTS.addAll(results);
        List<Result> bad = new Report(results).bad();
        if (test.open() == null) {
            assertThat(bad).isEmpty();
        } else {
            assertThat(bad).as("known to leak: " + test.open()).isNotEmpty();
        }
    }
}
