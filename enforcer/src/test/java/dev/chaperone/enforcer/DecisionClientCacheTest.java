package dev.chaperone.enforcer;

import static dev.chaperone.enforcer.DecisionRequests.permit;
import static dev.chaperone.enforcer.DecisionRequests.request;
import static dev.chaperone.enforcer.DecisionRequests.response;
import static dev.chaperone.enforcer.TestingDecisionPoint.DIGEST;
import static dev.chaperone.enforcer.TestingDecisionPoint.await;
import static dev.chaperone.enforcer.TestingDecisionPoint.digest;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.enforcer.DecisionClient.Outcome;
import dev.chaperone.proto.ErrorCode;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The cache as a caller sees it: over the wire, with announcements. */
class DecisionClientCacheTest {

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final TestingDecisionPoint point = new TestingDecisionPoint();
    private final GrpcDecisionClient client =
            GrpcDecisionClient.connect(DecisionClientConfig.plaintext(point.target()), "test", registry);

    @BeforeEach
    void follow() {
        point.answer(request -> response(permit()));
        point.announce("v1", DIGEST);
        await("connected", client::isConnected);
    }

    @AfterEach
    void close() {
        client.close();
        point.close();
    }

    @Test
    void asksOnce() {
        Outcome first = decide();
        Outcome second = decide();

        assertThat(first.cached()).isFalse();
        assertThat(second).isEqualTo(new Outcome(first.decision(), true, null));
        assertThat(point.asked()).isEqualTo(1);
        assertThat(registry.get("chaperone.enforcer.decisions")
                        .tags("source", "cache", "effect", "permit")
                        .timer()
                        .count())
                .isEqualTo(1);
    }

    @Test
    void asksAgainWhenAnotherPolicyIsAnnounced() {
        assertThat(decide().decision().getEffect()).isEqualTo(Effect.EFFECT_PERMIT);
        point.answer(request -> response(
                permit().setEffect(Effect.EFFECT_DENY).setPolicyVersion("v2").setPolicyDigest(digest(2))));
        double before = emptied("policy");

        point.announce("v2", digest(2));
        await("the announcement is taken", () -> emptied("policy") > before);

        assertThat(decide().decision().getEffect()).isEqualTo(Effect.EFFECT_DENY);
        assertThat(decide().cached()).isTrue();
    }

    @Test
    void asksEveryTimeWhileAnnouncementsAreMissed() {
        decide();
        point.dropWatchers();
        await("disconnected", () -> !client.isConnected());

        assertThat(decide().cached()).isFalse();
        assertThat(decide().cached()).isFalse();
        assertThat(emptied("lost")).isEqualTo(1);

        point.takeWatchers();
        await("connected", client::isConnected);
        assertThat(decide().cached()).isFalse();
        assertThat(decide().cached()).isTrue();
    }

    @Test
    void neverKeepsADenialForWantOfADecision() {
        point.answer(request -> response(permit().clearReasons()));
        assertThat(decide().failure()).isEqualTo(ErrorCode.PDP_UNAVAILABLE);
        point.answer(request -> response(permit()));

        assertThat(decide().failure()).isNull();
    }

    @Test
    void doesNotFollowAnAnnouncementThatNamesNoPolicy() {
        decide();
        point.announce("v2", ByteString.copyFromUtf8("short"));
        await("disconnected", () -> !client.isConnected());

        assertThat(decide().cached()).isFalse();
        assertThat(decide().cached()).isFalse();
    }

    private double emptied(String cause) {
        return registry.get("chaperone.enforcer.decision.cache.emptied")
                .tag("cause", cause)
                .counter()
                .count();
    }

    private Outcome decide() {
        return client.decide(request().build())
                .toCompletableFuture()
                .orTimeout(30, TimeUnit.SECONDS)
                .join();
    }
}
