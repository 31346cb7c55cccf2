package dev.chaperone.pdp;

import static dev.chaperone.pdp.TestingPolicies.await;
import static dev.chaperone.pdp.TestingPolicies.drop;
import static dev.chaperone.pdp.TestingPolicies.select;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.enforcer.DecisionClient.Outcome;
import dev.chaperone.enforcer.DecisionClientConfig;
import dev.chaperone.enforcer.GrpcDecisionClient;
import dev.chaperone.proto.ByteSize;
import dev.chaperone.proto.ErrorCode;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Decision point and decision client together, over the network, with compiled policies. */
class DecisionPointIT {

    private TestingPolicies policies;
    private DecisionServer server;
    private GrpcDecisionClient client;

    @BeforeEach
    void start(@TempDir Path root) {
        policies = new TestingPolicies(root);
        server = new DecisionServer(
                policies.config(new PdpConfig.Listen("127.0.0.1", 0, null, true, "decision-point-it")),
                new SimpleMeterRegistry());
        server.start();
        client = GrpcDecisionClient.connect(
                DecisionClientConfig.plaintext("127.0.0.1:" + server.port()), "it", new SimpleMeterRegistry());
        await("connected", client::isConnected);
    }

    @AfterEach
    void stop() {
        client.close();
        server.close();
    }

    @Test
    void permitsMasksAndDenies() {
        Outcome plain = decide(select("city"));
        assertThat(plain.decision().getEffect()).isEqualTo(Effect.EFFECT_PERMIT);
        assertThat(plain.decision().getObligationsList()).isEmpty();

        Outcome masked = decide(select("city", "ssn"));
        assertThat(masked.decision().getEffect()).isEqualTo(Effect.EFFECT_PERMIT);
        assertThat(masked.decision().getObligationsList())
                .singleElement()
                .satisfies(obligation ->
                        assertThat(obligation.getMask().getField()).isEqualTo("clinic.public.patients.ssn"));

        Outcome denied = decide(drop());
        assertThat(denied.decision().getEffect()).isEqualTo(Effect.EFFECT_DENY);
        assertThat(denied.failure()).isNull();
    }

    @Test
    void answersTheSameQuestionFromTheCacheUntilThePolicyChanges() {
        DecideRequest question = select("city");
        assertThat(decide(question).cached()).isFalse();
        assertThat(decide(question).cached()).isTrue();
        assertThat(decide(select("city", "ssn")).cached()).isFalse();

        policies.policy(TestingPolicies.NOTHING);

        await(
                "the client obeys the new policy",
                () -> decide(question).decision().getEffect() == Effect.EFFECT_DENY);
        assertThat(decide(question).decision().getPolicyDigest())
                .isEqualTo(Objects.requireNonNull(server.policies().status()).digest());
    }

    @Test
    void goesOnUnderTheOldPolicyWhenTheNewOneIsWrong() {
        policies.policy(TestingPolicies.BROKEN);
        await(
                "the refusal",
                () -> !Objects.requireNonNull(server.policies().status()).current());

        assertThat(decide(select("city")).decision().getEffect()).isEqualTo(Effect.EFFECT_PERMIT);
        assertThat(client.isConnected()).isTrue();
    }

    @Test
    void deniesEverythingOnceTheDecisionPointIsGone() {
        DecideRequest question = select("city");
        decide(question);
        assertThat(decide(question).cached()).isTrue();

        server.close();
        await("disconnected", () -> !client.isConnected());

        Outcome outcome = decide(question);
        assertThat(outcome.failure()).isEqualTo(ErrorCode.PDP_UNAVAILABLE);
        assertThat(outcome.decision().getEffect()).isEqualTo(Effect.EFFECT_DENY);
        assertThat(outcome.cached()).isFalse();
    }

    @Test
    void decidesForTheSameProcessToo() {
        try (GrpcDecisionClient near = GrpcDecisionClient.connect(
                new DecisionClientConfig(
                        List.of("in-process:decision-point-it"),
                        null,
                        false,
                        Duration.ofSeconds(5),
                        16,
                        new ByteSize(1 << 20),
                        DecisionClientConfig.Cache.DEFAULTS),
                "near",
                new SimpleMeterRegistry())) {
            await("connected", near::isConnected);

            assertThat(decide(near, select("city")).decision().getEffect()).isEqualTo(Effect.EFFECT_PERMIT);
            assertThat(decide(near, drop()).decision().getEffect()).isEqualTo(Effect.EFFECT_DENY);
        }
    }

    private Outcome decide(DecideRequest request) {
        return decide(client, request);
    }

    private static Outcome decide(GrpcDecisionClient client, DecideRequest request) {
        return client.decide(request)
                .toCompletableFuture()
                .orTimeout(30, TimeUnit.SECONDS)
                .join();
    }
}
