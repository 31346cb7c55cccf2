package dev.chaperone.benchmarks.load;

import dev.chaperone.decision.v1.ActionClass;
import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.decision.v1.PrincipalKind;
import dev.chaperone.enforcer.DecisionClient;
import dev.chaperone.enforcer.DecisionClientConfig;
import dev.chaperone.enforcer.GrpcDecisionClient;
import dev.chaperone.enforcer.GrpcHoldGate;
import dev.chaperone.enforcer.Hold;
import dev.chaperone.enforcer.HoldRequest;
import dev.chaperone.proto.ByteSize;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;

/** An enforcer's gate, at which very many operations wait, each of a session of its own. */
final class Waiting implements AutoCloseable {

    private static final int AGENTS = 50;
    private static final long PATIENCE_SECONDS = 60;
    private static final String TEXT =
            "SELECT line FROM held -- " + "with a text as long as statements are ".repeat(10);

    private final GrpcHoldGate gate;
    private final String policy;

    Waiting(int pdpPort) {
        DecisionClientConfig config = new DecisionClientConfig(
                List.of("127.0.0.1:" + pdpPort),
                null,
                true,
                Duration.ofSeconds(PATIENCE_SECONDS),
                1,
                new ByteSize(1 << 20),
                DecisionClientConfig.Cache.DEFAULTS);
        try (GrpcDecisionClient decisions = GrpcDecisionClient.connect(config, "load", new SimpleMeterRegistry())) {
            DecisionClient.Outcome outcome =
                    decisions.decide(request(0).build()).toCompletableFuture().join();
            if (outcome.failure() != null) {
                throw new IllegalStateException("the decision point does not decide: " + outcome.failure());
            }
            policy = outcome.decision().getPolicyVersion();
        }
        gate = GrpcHoldGate.connect(config);
    }

    private static DecideRequest.Builder request(int agent) {
        DecideRequest.Builder request = DecideRequest.newBuilder();
        request.getPrincipalBuilder()
                .setKind(PrincipalKind.PRINCIPAL_KIND_AGENT)
                .setIssuer("https://id.example")
                .setSubject("alice")
                .setAgent("agent-" + agent);
        request.getActionBuilder()
                .setProtocol("postgres")
                .setOperation("select")
                .setClass_(ActionClass.ACTION_CLASS_READ);
        request.getResourceBuilder()
                .setUpstream("bench")
                .addRelationsBuilder()
                .setSchema("public")
                .setName("held");
        request.getContextBuilder()
                .setEnforcer("load")
                .setSessionId(UUID.randomUUID().toString())
                .setClientAddress("10.1.2.3");
        return request;
    }

    /** Has so many wait. */
    List<Hold> hold(int count) {
        List<CompletableFuture<Hold>> asked = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Decision.Builder decision =
                    Decision.newBuilder().setEffect(Effect.EFFECT_HOLD).setPolicyVersion(policy);
            decision.addObligationsBuilder().getHoldBuilder().addApproverGroups("officers");
            asked.add(
                    gate.ask(new HoldRequest(request(i % AGENTS).build(), decision.build(), TEXT + i, List.of(), null))
                            .toCompletableFuture());
        }
        return asked.stream().map(CompletableFuture::join).toList();
    }

    @Override
    public void close() {
        gate.close();
    }
}
