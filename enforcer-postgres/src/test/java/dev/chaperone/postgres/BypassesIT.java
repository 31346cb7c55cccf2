package dev.chaperone.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.testkit.Backends;
import dev.chaperone.testkit.PostgresMajors;
import dev.chaperone.testkit.conformance.BypassCase;
import dev.chaperone.testkit.conformance.CaseReader;
import dev.chaperone.testkit.conformance.Conformance;
import dev.chaperone.testkit.conformance.ConformanceRun;
import dev.chaperone.testkit.conformance.ConformanceTarget;
import dev.chaperone.testkit.conformance.Endpoint;
import dev.chaperone.testkit.conformance.Lanes;
import dev.chaperone.testkit.conformance.Mode;
import dev.chaperone.testkit.conformance.Report;
import dev.chaperone.testkit.conformance.Result;
import dev.chaperone.testkit.conformance.World;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
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

    private static final int LANES = 3;
    private static final List<BypassCase> CASES = CaseReader.readAll(BypassWorlds.CASES).stream()
            .filter(test -> test.since() <= PostgresMajors.chosen())
            .toList();
    private static final List<BypassCase> SOME = CASES.stream()
            .filter(test -> test.area().equals("aliases") && test.harmless() == null)
            .toList();
    private static final List<Result> RESULTS = new ArrayList<>();
    private static @Nullable BypassWorlds worlds;

    @BeforeAll
    static void start() throws IOException {
        worlds = BypassWorlds.start(Backends::postgres);
    }

    @AfterAll
    static void stop() {
        System.out.println(new Report(RESULTS).table());
        if (worlds != null) {
            worlds.close();
        }
    }

    @TestFactory
    Stream<DynamicNode> nothingSecretReachesTheAttacker() {
        BypassWorlds started = Objects.requireNonNull(worlds);
        Lanes lanes = new Lanes();
        Map<LabelledDecisions.Masks, Map<BypassCase, CompletableFuture<List<Result>>>> pending =
                new EnumMap<>(LabelledDecisions.Masks.class);
        for (LabelledDecisions.Masks masks : LabelledDecisions.Masks.values()) {
            List<BypassCase> cases =
                    CASES.stream().filter(test -> applies(test, masks)).toList();
            pending.put(
                    masks,
                    lanes.add(
                            LANES,
                            () -> new Conformance(started.worlds(masks), started.secrets()),
                            cases,
                            BypassCase::modes,
                            started::forgetRecords));
        }
        lanes.start();
        return pending.entrySet().stream()
                .map(policy -> DynamicContainer.dynamicContainer(
                        policy.getKey().name(),
                        policy.getValue().entrySet().stream()
                                .map(one -> DynamicTest.dynamicTest(one.getKey().name(), () -> check(one)))));
    }

    private static void check(Map.Entry<BypassCase, CompletableFuture<List<Result>>> run) {
        List<Result> results = run.getValue().join();
        RESULTS.addAll(results);
        assertThat(new Report(results).unexpected()).isEmpty();
    }

    /** An attack that does not work where nothing is in its way proves nothing. */
    @Test
    void everyAttackWorksOnTheDatabaseItself() {
        BypassWorlds started = Objects.requireNonNull(worlds);
        List<World> bare = started.worlds(LabelledDecisions.Masks.DELIVERED).stream()
                .map(World::bare)
                .toList();
        Lanes lanes = new Lanes();
        Map<BypassCase, CompletableFuture<List<Result>>> pending =
                lanes.add(LANES, () -> new Conformance(bare, started.secrets()), CASES, BypassesIT::first, () -> {});
        lanes.start();
        List<String> wrong = new ArrayList<>();
        pending.forEach((test, results) -> {
            Result result = results.join().get(0);
            if (test.useful() == null && result.outcome().good() != (test.harmless() != null)) {
                wrong.add(result.toString());
            }
        });
        assertThat(wrong).isEmpty();
    }

    private static List<Mode> first(BypassCase test) {
        Mode first = test.modes().get(0);
        return List.of(test.changes() && first != Mode.STEPS ? Mode.ROLLED_BACK : first);
    }

    /** The suite can be pointed at anything: what has nothing to hold anything back with leaks by nearly every attack. */
    @Test
    void pointedAtTheDatabaseItselfItReportsLeaks() {
        Report report = pointedAt(world -> world.bare().gateway());
        long attacks = SOME.stream().filter(test -> test.useful() == null).count();
        long leaking = report.leaks().stream()
                .map(result -> result.test().name())
                .distinct()
                .count();
        assertThat(leaking).as(report.table()).isGreaterThan(attacks * 9 / 10);
        assertThat(report.json()).contains("\"outcome\" : \"leaked\"").contains("\"aliases\"");
    }

    @Test
    void pointedAtTheGatewayItReportsNone() {
        Report report = pointedAt(World::gateway);
        assertThat(report.leaks()).isEmpty();
        assertThat(report.table()).contains("aliases");
    }

    private static Report pointedAt(Function<World, Endpoint> at) {
        List<World> pointed = Objects.requireNonNull(worlds).worlds(LabelledDecisions.Masks.DELIVERED);
        Map<String, String> properties = new HashMap<>();
        for (int i = 0; i < pointed.size(); i++) {
            Endpoint gateway = at.apply(pointed.get(i));
            Endpoint owner = pointed.get(i).owner();
            String prefix = i == 0 ? "conformance." : "conformance.other.";
            properties.put(prefix + "host", gateway.host());
            properties.put(prefix + "port", String.valueOf(gateway.port()));
            properties.put(prefix + "user", gateway.user());
            properties.put(prefix + "password", gateway.password());
            properties.put(
                    prefix + "admin-url",
                    "postgresql://" + owner.user() + ":" + owner.password() + "@" + owner.host() + ":" + owner.port()
                            + "/" + owner.database());
        }
        BypassWorlds started = Objects.requireNonNull(worlds);
        ConformanceTarget target = ConformanceTarget.of(started.labels().database(), properties::get);
        return ConformanceRun.run(target, SOME, started.labels());
    }

    /** Whether a case makes sense under a policy. */
    static boolean applies(BypassCase test, LabelledDecisions.Masks masks) {
        return test.policies().isEmpty() || test.policies().stream().anyMatch(masks.name()::equalsIgnoreCase);
    }
}
