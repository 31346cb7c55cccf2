package dev.chaperone.pdp;

import static dev.chaperone.pdp.TestingPolicies.await;
import static dev.chaperone.pdp.TestingPolicies.select;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.DecideResponse;
import dev.chaperone.decision.v1.DecisionServiceGrpc;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.decision.v1.WatchPolicyRequest;
import dev.chaperone.decision.v1.WatchPolicyResponse;
import dev.chaperone.proto.ByteSize;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyChannelBuilder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The decision point as any client sees it, whoever wrote that client. */
class DecisionServerIT {

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private PdpConfig config;
    private PolicyStore store;
    private DecisionServer server;
    private ManagedChannel channel;

    @BeforeEach
    void listen(@TempDir Path root) {
        PdpConfig defaults = new TestingPolicies(root).config();
        config = new PdpConfig(
                defaults.listen(),
                defaults.packs(),
                defaults.policies(),
                defaults.catalog(),
                defaults.reloadInterval(),
                defaults.drainTimeout(),
                new PdpConfig.Limits(new ByteSize(64 << 10), 16, 2));
        store = new PolicyStore(config, registry);
        server = new DecisionServer(config, store, registry);
        server.listen();
        channel = NettyChannelBuilder.forAddress("127.0.0.1", server.port(), InsecureChannelCredentials.create())
                .build();
    }

    @AfterEach
    void close() {
        channel.shutdownNow();
        server.close();
    }

    @Test
    void isHealthyFromTheFirstPolicyToTheDrain() {
        Iterator<HealthCheckResponse> health = HealthGrpc.newBlockingStub(channel)
                .withDeadlineAfter(30, TimeUnit.SECONDS)
                .watch(HealthCheckRequest.newBuilder()
                        .setService(DecisionServiceGrpc.SERVICE_NAME)
                        .build());
        assertThat(health.next().getStatus()).isEqualTo(ServingStatus.NOT_SERVING);
        assertRefused(select("city"), Status.Code.UNAVAILABLE);

        store.start();
        assertThat(health.next().getStatus()).isEqualTo(ServingStatus.SERVING);
        assertThat(stub().decide(select("city")).getDecision().getEffect()).isEqualTo(Effect.EFFECT_PERMIT);

        CompletableFuture<Void> closing = CompletableFuture.runAsync(server::close);
        assertThat(health.next().getStatus()).isEqualTo(ServingStatus.NOT_SERVING);
        channel.shutdownNow();
        assertThat(closing).succeedsWithin(Duration.ofSeconds(30));
    }

    static List<DecideRequest> incomplete() {
        return List.of(
                DecideRequest.getDefaultInstance(),
                select("city").toBuilder().clearPrincipal().build(),
                select("city").toBuilder().clearAction().build(),
                edit(
                        select("city").toBuilder(),
                        builder -> builder.getPrincipalBuilder().clearSubject()),
                edit(
                        select("city").toBuilder(),
                        builder -> builder.getActionBuilder().clearProtocol()));
    }

    private static DecideRequest edit(DecideRequest.Builder builder, Consumer<DecideRequest.Builder> edit) {
        edit.accept(builder);
        return builder.build();
    }

    @ParameterizedTest
    @MethodSource("incomplete")
    void refusesARequestThatDoesNotSayWhoOrWhat(DecideRequest request) {
        assertRefused(request, Status.Code.INVALID_ARGUMENT);
        assertThat(registry.get(PdpMetric.REQUESTS_REFUSED.id())
                        .tag("status", "invalid_argument")
                        .counter()
                        .count())
                .isEqualTo(1);
    }

    @Test
    void refusesARequestLargerThanAgreed() {
        DecideRequest.Builder large = select("city").toBuilder();
        large.getContextBuilder().setPurpose("x".repeat(128 << 10));

        assertRefused(large.build(), Status.Code.RESOURCE_EXHAUSTED);
    }

    @Test
    void deniesAndCountsWhatThePolicyFailsOn() {
        store.start();
        DecideRequest.Builder huge = select("city").toBuilder();
        for (int column = 0; column < 5_000; column++) {
            huge.getResourceBuilder().getRelationsBuilder(0).addColumnsBuilder().setName("c" + column);
        }

        assertThat(stub().decide(huge.build()).getDecision().getEffect()).isEqualTo(Effect.EFFECT_DENY);
        assertThat(registry.get(PdpMetric.EVALUATION_FAILED.id()).counter().count())
                .isEqualTo(1);
    }

    @Test
    void announcesThePolicyOnceThereIsOne() {
        Iterator<WatchPolicyResponse> announcements = stub().watchPolicy(WatchPolicyRequest.getDefaultInstance());
        await("the watcher is there", () -> watchers() == 1);
        store.start();

        WatchPolicyResponse announced = announcements.next();
        PolicyStatus status = store.status();

        assertThat(status).isNotNull();
        assertThat(announced.getPolicyVersion()).isEqualTo(status.version());
        assertThat(announced.getPolicyDigest()).isEqualTo(status.digest());
        assertThat(announced.getActiveSince().getSeconds())
                .isEqualTo(status.activeSince().getEpochSecond());
        assertThat(stub().watchPolicy(WatchPolicyRequest.getDefaultInstance()).next())
                .isEqualTo(announced);
    }

    @Test
    void refusesMoreWatchersThanAgreedAndForgetsThoseThatLeft() {
        store.start();
        ClientCall<WatchPolicyRequest, WatchPolicyResponse> first = watch();
        ClientCall<WatchPolicyRequest, WatchPolicyResponse> second = watch();
        await("two watchers", () -> watchers() == 2);

        assertThatThrownBy(() -> stub().watchPolicy(WatchPolicyRequest.getDefaultInstance())
                        .next())
                .hasMessageContaining("RESOURCE_EXHAUSTED");

        first.cancel("enough", null);
        await("one watcher", () -> watchers() == 1);
        assertThat(stub().watchPolicy(WatchPolicyRequest.getDefaultInstance()).hasNext())
                .isTrue();
        second.cancel("enough", null);
    }

    @Test
    void answersWhatIsInProgressWhenItDrains() {
        store.start();
        Iterator<WatchPolicyResponse> announcements = stub().watchPolicy(WatchPolicyRequest.getDefaultInstance());
        announcements.next();
        // As a streaming call, so that it begins before its message is sent.
        MethodDescriptor<DecideRequest, DecideResponse> method = DecisionServiceGrpc.getDecideMethod().toBuilder()
                .setType(MethodDescriptor.MethodType.BIDI_STREAMING)
                .build();
        ClientCall<DecideRequest, DecideResponse> call = channel.newCall(method, CallOptions.DEFAULT);
        CompletableFuture<DecideResponse> answer = new CompletableFuture<>();
        call.start(new Listener<>(answer), new Metadata());
        call.request(2);
        stub().decide(select("city"));

        CompletableFuture<Void> closing = CompletableFuture.runAsync(server::close);
        assertThatThrownBy(announcements::hasNext).hasMessageContaining("draining");
        assertThat(closing).isNotDone();
        call.sendMessage(select("city"));
        call.halfClose();

        assertThat(answer)
                .succeedsWithin(Duration.ofSeconds(30))
                .extracting(response -> response.getDecision().getEffect())
                .isEqualTo(Effect.EFFECT_PERMIT);
        assertThat(closing).succeedsWithin(Duration.ofSeconds(30));
        assertRefused(select("city"), Status.Code.UNAVAILABLE);
    }

    @Test
    void saysWhichAddressIsTaken() {
        PdpConfig.Listen taken = new PdpConfig.Listen("127.0.0.1", server.port(), null, true, null);
        DecisionServer second = new DecisionServer(
                new PdpConfig(
                        taken,
                        config.packs(),
                        config.policies(),
                        config.catalog(),
                        config.reloadInterval(),
                        config.drainTimeout(),
                        config.limits()),
                new SimpleMeterRegistry());

        assertThatThrownBy(second::start)
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("cannot listen on `127.0.0.1:" + server.port() + "`");
    }

    private double watchers() {
        return registry.get(PdpMetric.WATCHERS.id()).gauge().value();
    }

    private ClientCall<WatchPolicyRequest, WatchPolicyResponse> watch() {
        ClientCall<WatchPolicyRequest, WatchPolicyResponse> call =
                channel.newCall(DecisionServiceGrpc.getWatchPolicyMethod(), CallOptions.DEFAULT);
        call.start(new Listener<>(new CompletableFuture<>()), new Metadata());
        call.sendMessage(WatchPolicyRequest.getDefaultInstance());
        call.halfClose();
        return call;
    }

    private DecisionServiceGrpc.DecisionServiceBlockingStub stub() {
        return DecisionServiceGrpc.newBlockingStub(channel).withDeadlineAfter(30, TimeUnit.SECONDS);
    }

    private void assertRefused(DecideRequest request, Status.Code code) {
        StatusRuntimeException refused =
                catchThrowableOfType(StatusRuntimeException.class, () -> stub().decide(request));

        assertThat(refused.getStatus().getCode()).isEqualTo(code);
    }

    /** Keeps the first message. */
    private static final class Listener<T> extends ClientCall.Listener<T> {

        private final CompletableFuture<T> first;

        Listener(CompletableFuture<T> first) {
            this.first = first;
        }

        @Override
        public void onMessage(T message) {
            first.complete(message);
        }

        @Override
        public void onClose(Status status, Metadata trailers) {
            first.completeExceptionally(status.asException());
        }
    }
}
