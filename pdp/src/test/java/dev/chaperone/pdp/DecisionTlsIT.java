package dev.chaperone.pdp;

import static dev.chaperone.pdp.TestingPolicies.await;
import static dev.chaperone.pdp.TestingPolicies.select;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chaperone.decision.v1.Effect;
import dev.chaperone.enforcer.DecisionClient.Outcome;
import dev.chaperone.enforcer.DecisionClientConfig;
import dev.chaperone.enforcer.GrpcDecisionClient;
import dev.chaperone.proto.ByteSize;
import dev.chaperone.proto.ErrorCode;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Only enforcers with a certificate of the right authority are answered, and only by the right decision point. */
class DecisionTlsIT {

    private TestingCertificate own;
    private TestingCertificate enforcer;
    private TestingCertificate stranger;
    private TestingPolicies policies;
    private DecisionServer server;

    @BeforeEach
    void start(@TempDir Path root) throws IOException {
        own = TestingCertificate.in(root, "pdp");
        enforcer = TestingCertificate.in(root, "enforcer");
        stranger = TestingCertificate.in(root, "stranger");
        policies = new TestingPolicies(root);
        server = server(new PdpConfig.Tls(own.certificate(), own.key(), enforcer.certificate()));
        server.start();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void answersAnEnforcerThatItsAuthorityVouchesFor() {
        try (GrpcDecisionClient client =
                connect(new DecisionClientConfig.Tls(own.certificate(), enforcer.certificate(), enforcer.key()))) {
            await("connected", client::isConnected);

            assertThat(decide(client).decision().getEffect()).isEqualTo(Effect.EFFECT_PERMIT);
        }
    }

    @Test
    void answersNobodyElse() {
        assertUnavailable(new DecisionClientConfig.Tls(own.certificate(), null, null));
        assertUnavailable(new DecisionClientConfig.Tls(own.certificate(), stranger.certificate(), stranger.key()));
        assertUnavailable(null);
    }

    @Test
    void anEnforcerDoesNotAskADecisionPointThatItDoesNotTrust() {
        assertUnavailable(new DecisionClientConfig.Tls(stranger.certificate(), enforcer.certificate(), enforcer.key()));
    }

    @Test
    void saysWhichFileIsMissing() {
        DecisionServer without = server(new PdpConfig.Tls(Path.of("nowhere.crt"), own.key(), null));

        assertThatThrownBy(without::start).hasMessageContaining("nowhere.crt");
        assertThatThrownBy(() -> connect(new DecisionClientConfig.Tls(Path.of("nowhere.crt"), null, null)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("nowhere.crt");
    }

    private DecisionServer server(PdpConfig.Tls tls) {
        return new DecisionServer(
                policies.config(new PdpConfig.Listen("127.0.0.1", 0, tls, false, null)), new SimpleMeterRegistry());
    }

    private void assertUnavailable(DecisionClientConfig.@Nullable Tls tls) {
        try (GrpcDecisionClient client = connect(tls)) {
            assertThat(decide(client).failure()).isEqualTo(ErrorCode.PDP_UNAVAILABLE);
            assertThat(client.isConnected()).isFalse();
        }
    }

    private GrpcDecisionClient connect(DecisionClientConfig.@Nullable Tls tls) {
        return GrpcDecisionClient.connect(
                new DecisionClientConfig(
                        List.of("127.0.0.1:" + server.port()),
                        tls,
                        tls == null,
                        Duration.ofSeconds(5),
                        16,
                        new ByteSize(1 << 20),
                        DecisionClientConfig.Cache.DEFAULTS),
                "it",
                new SimpleMeterRegistry());
    }

    private static Outcome decide(GrpcDecisionClient client) {
        return client.decide(select("city"))
                .toCompletableFuture()
                .orTimeout(30, TimeUnit.SECONDS)
                .join();
    }
}
