package dev.chaperone.pdp;

import static dev.chaperone.pdp.TestingPolicies.await;
import static dev.chaperone.pdp.TestingPolicies.drop;
import static dev.chaperone.pdp.TestingPolicies.select;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.ByteString;
import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.decision.v1.Reason;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PolicyStoreTest {

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private TestingPolicies policies;
    private PolicyStore store;

    @BeforeEach
    void setUp(@TempDir Path root) {
        policies = new TestingPolicies(root);
        store = new PolicyStore(policies.config(), registry);
    }

    @AfterEach
    void close() {
        store.close();
    }

    @Test
    void decidesByPolicyAndCatalogAndNamesBoth() {
        assertThat(store.decide(drop())).isNull();
        assertThat(store.status()).isNull();
        store.start();

        Decision select = decide(select("ssn", "city"));
        assertThat(select.getEffect()).isEqualTo(Effect.EFFECT_PERMIT);
        assertThat(select.getObligationsList())
                .singleElement()
                .satisfies(obligation ->
                        assertThat(obligation.getMask().getField()).isEqualTo("clinic.public.patients.ssn"));
        assertThat(decide(drop()).getEffect()).isEqualTo(Effect.EFFECT_DENY);
        assertThat(select.getPolicyDigest())
                .hasSize(32)
                .isEqualTo(PolicyContent.read(policies.config()).digest());
        assertThat(select.getPolicyVersion()).isEqualTo(ActivePolicy.version(select.getPolicyDigest()));
        assertThat(status().rules()).isEqualTo(3);
        assertThat(status().current()).isTrue();
    }

    @Test
    void takesAChangedPolicy() {
        store.start();
        ByteString before = status().digest();
        List<ActivePolicy> told = new CopyOnWriteArrayList<>();
        store.onActivated(told::add);

        policies.policy(TestingPolicies.NOTHING);

        await("the new policy", () -> !status().digest().equals(before));
        assertThat(decide(select("city")).getEffect()).isEqualTo(Effect.EFFECT_DENY);
        await("listeners are told", () -> told.size() == 1);
        assertThat(told.get(0).digest()).isEqualTo(status().digest());
        assertThat(counter(PdpMetric.POLICY_ACTIVATED)).isEqualTo(2);
    }

    @Test
    void takesAChangedCatalogAndNamesAnotherDigest() {
        store.start();
        Decision before = decide(select("city"));
        assertThat(before.getObligationsList()).isEmpty();

        policies.catalog(TestingPolicies.CATALOG.replace("city: NONE", "city: B"));

        await("the new catalog", () -> !status().digest().equals(before.getPolicyDigest()));
        Decision after = decide(select("city"));
        assertThat(after.getObligationsList()).hasSize(1);
        assertThat(after.getPolicyDigest()).isEqualTo(status().digest());
        assertThat(after.getPolicyVersion()).isNotEqualTo(before.getPolicyVersion());
    }

    @Test
    void keepsTheOldPolicyWhenTheNewOneIsWrongAndSaysSo() {
        store.start();
        PolicyStatus before = status();

        policies.policy(TestingPolicies.BROKEN);
        await("the refusal", () -> !status().current());

        assertThat(decide(select("city")).getEffect()).isEqualTo(Effect.EFFECT_PERMIT);
        assertThat(status().digest()).isEqualTo(before.digest());
        assertThat(status().problems()).isNotEmpty().allMatch(problem -> problem.startsWith("test.drl"));
        assertThat(counter(PdpMetric.POLICY_RELOAD_FAILED)).isEqualTo(1);
        assertThat(registry.get(PdpMetric.POLICY_CURRENT.id()).gauge().value()).isZero();

        policies.policy(TestingPolicies.READS);
        await("the old content is back", () -> status().current());
        assertThat(status().digest()).isEqualTo(before.digest());
        assertThat(counter(PdpMetric.POLICY_ACTIVATED)).isEqualTo(1);
    }

    @Test
    void keepsTheOldCatalogWhenTheNewOneIsWrong() {
        store.start();
        policies.catalog("databases: { clinic: { schemas: { public: { patients: { others: NOPE } } } } }");
        await("the refusal", () -> !status().current());

        assertThat(status().problems()).singleElement().asString().contains("catalog.yaml:1", "`NOPE`");
        assertThat(decide(select("ssn")).getObligationsList()).hasSize(1);
    }

    @Test
    void keepsTheOldPolicyWhenTheDirectoryIsEmptied() {
        store.start();
        policies.remove();
        await("the refusal", () -> !status().current());

        assertThat(status().problems()).singleElement().asString().contains("holds no `.drl` file");
        assertThat(decide(select("city")).getEffect()).isEqualTo(Effect.EFFECT_PERMIT);
    }

    @Test
    void doesNotStartWithAWrongPolicy() {
        policies.policy(TestingPolicies.BROKEN);

        PolicyLoadException refused = catchThrowableOfType(PolicyLoadException.class, store::start);

        assertThat(refused.problems()).isNotEmpty().allMatch(problem -> problem.startsWith("test.drl"));
        assertThat(store.status()).isNull();
        assertThat(store.decide(drop())).isNull();
    }

    @Test
    void doesNotStartWithAWrongCatalogOrPack() {
        policies.catalog("database: {}");
        assertThat(catchThrowableOfType(PolicyLoadException.class, store::start))
                .hasMessageContaining("did you mean `databases`?");

        PdpConfig.Listen listen = policies.config().listen();
        try (PolicyStore unknown = new PolicyStore(policies.config(listen, List.of("hippa"), null), registry)) {
            assertThat(catchThrowableOfType(PolicyLoadException.class, unknown::start))
                    .hasMessageContaining("built-in policy pack `hippa` does not exist");
        }
    }

    @Test
    void decidesByBuiltInPacksBesideTheDirectorysPolicies(@TempDir Path root) {
        TestingPolicies own = new TestingPolicies(root);
        PdpConfig config =
                own.config(own.config().listen(), List.of("baseline", "hipaa"), root.resolve("catalog.yaml"));
        try (PolicyStore both = new PolicyStore(config, new SimpleMeterRegistry())) {
            both.start();

            Decision known = Objects.requireNonNull(both.decide(select("city", "ssn")));
            assertThat(known.getEffect()).isEqualTo(Effect.EFFECT_PERMIT);
            assertThat(known.getReasonsList()).extracting(Reason::getPack).contains("baseline", "hipaa", "test");
            assertThat(both.decide(select("unlisted")))
                    .extracting(Decision::getEffect)
                    .isEqualTo(Effect.EFFECT_DENY);
        }
    }

    @Test
    void oneBuiltInPackAloneIsEnough(@TempDir Path root) {
        TestingPolicies own = new TestingPolicies(root);
        PdpConfig config = new PdpConfig(
                own.config().listen(),
                List.of("baseline"),
                null,
                null,
                own.config().reloadInterval(),
                own.config().drainTimeout(),
                PdpConfig.Limits.DEFAULTS);
        try (PolicyStore alone = new PolicyStore(config, new SimpleMeterRegistry())) {
            alone.start();

            assertThat(alone.decide(select("city")))
                    .extracting(Decision::getEffect)
                    .isEqualTo(Effect.EFFECT_DENY);
        }
    }

    @Test
    void decidesWithoutAGapWhilePoliciesChange() throws Exception {
        store.start();
        AtomicBoolean stop = new AtomicBoolean();
        ExecutorService callers = Executors.newFixedThreadPool(2);
        try {
            List<Future<Integer>> running =
                    List.of(callers.submit(() -> decideUntil(stop)), callers.submit(() -> decideUntil(stop)));
            for (int round = 0; round < 4; round++) {
                ByteString before = status().digest();
                policies.policy(TestingPolicies.READS + "// " + round + "\n");
                await("the next policy", () -> !status().digest().equals(before));
            }
            stop.set(true);
            for (Future<Integer> caller : running) {
                assertThat(caller.get()).isPositive();
            }
        } finally {
            stop.set(true);
            callers.shutdownNow();
        }
    }

    private int decideUntil(AtomicBoolean stop) {
        int decided = 0;
        while (!stop.get()) {
            // A rule base that was let go of too early would deny.
            assertThat(decide(select("city")).getEffect()).isEqualTo(Effect.EFFECT_PERMIT);
            decided++;
        }
        return decided;
    }

    @Test
    void decidesNothingAfterItIsClosed() {
        store.start();
        store.close();

        assertThat(store.decide(select("city"))).isNull();
    }

    private Decision decide(DecideRequest request) {
        return Objects.requireNonNull(store.decide(request));
    }

    private PolicyStatus status() {
        return Objects.requireNonNull(store.status());
    }

    private double counter(PdpMetric metric) {
        return registry.get(metric.id()).counter().count();
    }
}
