package dev.chaperone.enforcer;

import static dev.chaperone.enforcer.DecisionRequests.permit;
import static dev.chaperone.enforcer.DecisionRequests.request;
import static dev.chaperone.enforcer.DecisionRequests.response;
import static dev.chaperone.enforcer.TestingDecisionPoint.await;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.Duration;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnknownFieldSet;
import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.DecideResponse;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.decision.v1.Detect;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.decision.v1.GrantMode;
import dev.chaperone.decision.v1.HoldTerms;
import dev.chaperone.decision.v1.Limit;
import dev.chaperone.decision.v1.Mask;
import dev.chaperone.decision.v1.Obligation;
import dev.chaperone.decision.v1.ReadOnly;
import dev.chaperone.decision.v1.RecordLevel;
import dev.chaperone.decision.v1.Timeout;
import dev.chaperone.enforcer.DecisionClient.Outcome;
import dev.chaperone.proto.ByteSize;
import dev.chaperone.proto.ErrorCode;
import io.grpc.Status;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class GrpcDecisionClientTest {

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private TestingDecisionPoint point = new TestingDecisionPoint();
    private @Nullable GrpcDecisionClient client;

    @BeforeEach
    void answer() {
        point.answer(request -> response(permit()));
    }

    @AfterEach
    void close() {
        if (client != null) {
            client.close();
        }
        point.close();
    }

    @Test
    void handsOnTheDecisionWithItsObligations() {
        Decision decision =
                permit().addObligations(mask("clinic.public.patients.ssn")).build();
        point.answer(
                request -> DecideResponse.newBuilder().setDecision(decision).build());

        Outcome outcome = decide(connect(), request().build());

        assertThat(outcome).isEqualTo(new Outcome(decision, false, null));
    }

    @Test
    void deniesWhenNobodyListens() {
        GrpcDecisionClient connected = connect();
        point.close();

        assertUnavailable(decide(connected, request().build()));
    }

    @Test
    void deniesWhenTheAnswerIsLate() {
        point.fallSilent();

        assertUnavailable(decide(connect(), request().build()));
        assertThat(point.asked()).isEqualTo(1);
    }

    @ParameterizedTest
    @EnumSource(value = Status.Code.class, names = "OK", mode = EnumSource.Mode.EXCLUDE)
    void deniesOnEveryError(Status.Code code) {
        point.fail(Status.fromCode(code));

        assertUnavailable(decide(connect(), request().build()));
    }

    static List<DecideResponse> garbage() throws InvalidProtocolBufferException {
        return List.of(
                DecideResponse.getDefaultInstance(),
                response(permit().setEffect(Effect.EFFECT_UNSPECIFIED)),
                response(permit().setEffectValue(99)),
                response(permit().clearPolicyVersion()),
                response(permit().clearPolicyDigest()),
                response(permit().setPolicyDigest(ByteString.copyFromUtf8("short"))),
                response(permit().clearReasons()),
                DecideResponse.parseFrom(new byte[] {(byte) 0x7a, 1, 0}));
    }

    @ParameterizedTest
    @MethodSource("garbage")
    void deniesWhatNobodyCouldObey(DecideResponse answer) {
        point.answer(request -> answer);

        assertUnavailable(decide(connect(), request().build()));
    }

    static List<Obligation> unknownObligations() throws InvalidProtocolBufferException {
        UnknownFieldSet newer = UnknownFieldSet.newBuilder()
                .addField(15, UnknownFieldSet.Field.newBuilder().addVarint(1).build())
                .build();
        return List.of(
                Obligation.getDefaultInstance(),
                Obligation.newBuilder().setUnknownFields(newer).build(),
                mask("field").setUnknownFields(newer).build(),
                Obligation.newBuilder()
                        .setMask(Mask.newBuilder()
                                .setField("f")
                                .setFunction("null")
                                .setUnknownFields(newer))
                        .build(),
                Obligation.newBuilder().setMask(Mask.newBuilder().setField("f")).build(),
                Obligation.newBuilder()
                        .setMask(Mask.newBuilder().setFunction("null"))
                        .build(),
                Obligation.newBuilder().setDetect(Detect.getDefaultInstance()).build(),
                Obligation.newBuilder()
                        .setDetect(Detect.newBuilder().addDetectors(""))
                        .build(),
                Obligation.newBuilder()
                        .setDetect(Detect.newBuilder().addDetectors("ssn").setActionValue(99))
                        .build(),
                Obligation.newBuilder()
                        .setDetect(Detect.newBuilder().addDetectors("ssn").setUnknownFields(newer))
                        .build(),
                Obligation.newBuilder()
                        .setLimit(Limit.newBuilder().setMaxRows(1))
                        .build(),
                limit(-1, Effect.EFFECT_DENY),
                limit(1, Effect.EFFECT_PERMIT),
                Obligation.newBuilder()
                        .setReadOnly(ReadOnly.newBuilder().setUnknownFields(newer))
                        .build(),
                Obligation.newBuilder().setTimeout(Timeout.newBuilder()).build(),
                timeout(0, 0),
                timeout(-1, 0),
                timeout(1, 2_000_000_000),
                Obligation.newBuilder()
                        .setRecordLevel(RecordLevel.newBuilder().setLevelValue(77))
                        .build(),
                Obligation.newBuilder()
                        .setHold(HoldTerms.newBuilder().setApprovalsNeeded(-1))
                        .build(),
                Obligation.newBuilder()
                        .setHold(HoldTerms.newBuilder().setModeValue(77))
                        .build(),
                Obligation.newBuilder()
                        .setHold(HoldTerms.newBuilder()
                                .setGrantLasts(Duration.newBuilder().setSeconds(-1)))
                        .build());
    }

    @ParameterizedTest
    @MethodSource("unknownObligations")
    void deniesAnObligationItDoesNotKnowAndSaysWhichPolicyWantedIt(Obligation obligation) {
        point.answer(request -> response(permit().addObligations(mask("known")).addObligations(obligation)));

        Outcome outcome = decide(connect(), request().build());

        assertThat(outcome.failure()).isEqualTo(ErrorCode.OBLIGATION_UNFULFILLABLE);
        assertThat(outcome.decision().getEffect()).isEqualTo(Effect.EFFECT_DENY);
        assertThat(outcome.decision().getObligationsList()).isEmpty();
        assertThat(outcome.decision().getPolicyVersion()).isEqualTo(DecisionRequests.VERSION);
        assertThat(outcome.decision().getReasons(0).getRule()).isEqualTo("obligation_unfulfillable");
    }

    @Test
    void takesEveryObligationOfTheContract() {
        Decision decision = permit().setEffect(Effect.EFFECT_HOLD)
                .addObligations(mask("f"))
                .addObligations(limit(5, Effect.EFFECT_HOLD))
                .addObligations(Obligation.newBuilder().setReadOnly(ReadOnly.getDefaultInstance()))
                .addObligations(timeout(3, 500))
                .addObligations(Obligation.newBuilder().setRecordLevel(RecordLevel.getDefaultInstance()))
                .addObligations(Obligation.newBuilder()
                        .setHold(HoldTerms.newBuilder()
                                .addApproverGroups("privacy")
                                .addRequiredGroups("legal")
                                .addBreakGlassGroups("on-call")
                                .setMode(GrantMode.GRANT_MODE_SESSION)
                                .setGrantLasts(Duration.newBuilder().setSeconds(60))
                                .setApprovalsNeeded(2)))
                .build();
        point.answer(
                request -> DecideResponse.newBuilder().setDecision(decision).build());

        assertThat(decide(connect(), request().build())).isEqualTo(new Outcome(decision, false, null));
    }

    @Test
    void deniesAnAnswerLargerThanAgreed() {
        point.answer(request ->
                response(permit().addReasons(permit().getReasonsBuilder(0).setText("x".repeat(2 << 20)))));

        assertUnavailable(decide(connect(), request().build()));
    }

    @Test
    void deniesOneRequestMoreThanMayWait() {
        point.fallSilent();
        GrpcDecisionClient connected = connect(config(List.of(point.target()), 30_000, 2));
        List<CompletionStage<Outcome>> waiting = new ArrayList<>();
        waiting.add(connected.decide(request().build()));
        waiting.add(connected.decide(request().build()));

        assertUnavailable(decide(connected, request().build()));
        assertThat(waiting).noneMatch(stage -> stage.toCompletableFuture().isDone());

        connected.close();
        waiting.forEach(stage -> assertUnavailable(join(stage)));
    }

    @Test
    void deniesAfterItIsClosed() {
        GrpcDecisionClient connected = connect();
        connected.close();

        assertUnavailable(decide(connected, request().build()));
    }

    @Test
    void findsADecisionPointThatComesBack() {
        point.announce("v1", TestingDecisionPoint.DIGEST);
        GrpcDecisionClient connected = connect(config(List.of(point.target()), 5_000, 16));
        await("connected", connected::isConnected);
        int port = point.port();
        point.close();
        await("disconnected", () -> !connected.isConnected());
        assertUnavailable(decide(connected, request().build()));

        point = new TestingDecisionPoint(port);
        answer();
        point.announce("v1", TestingDecisionPoint.DIGEST);

        await("connected again", connected::isConnected);
        assertThat(decide(connected, request().build()).failure()).isNull();
    }

    @Test
    void goesOnWithTheDecisionPointsThatAreLeft() {
        try (TestingDecisionPoint other = new TestingDecisionPoint()) {
            other.answer(request -> response(permit()));
            GrpcDecisionClient connected = connect(config(List.of(point.target(), other.target()), 5_000, 16));
            await("both asked", () -> {
                decide(connected, request().build());
                return point.asked() > 0 && other.asked() > 0;
            });

            point.close();

            for (int i = 0; i < 10; i++) {
                assertThat(decide(connected, request().build()).failure()).isNull();
            }
        }
    }

    @Test
    void countsOutcomes() {
        GrpcDecisionClient connected = connect();
        decide(connected, request().build());
        point.fail(Status.INTERNAL);
        decide(connected, request().build());

        assertThat(registry.get("chaperone.enforcer.decisions")
                        .tags("effect", "permit", "source", "pdp")
                        .timer()
                        .count())
                .isEqualTo(1);
        assertThat(registry.get("chaperone.enforcer.decisions")
                        .tags("failure", "pdp_unavailable")
                        .timer()
                        .count())
                .isEqualTo(1);
        assertThat(registry.get("chaperone.enforcer.decisions.in.flight")
                        .gauge()
                        .value())
                .isZero();
    }

    private GrpcDecisionClient connect() {
        return connect(config(List.of(point.target()), 1_000, 16));
    }

    private GrpcDecisionClient connect(DecisionClientConfig config) {
        client = GrpcDecisionClient.connect(config, "test", registry);
        return client;
    }

    private static DecisionClientConfig config(List<String> targets, long deadlineMillis, int maxInFlight) {
        return new DecisionClientConfig(
                targets,
                null,
                true,
                java.time.Duration.ofMillis(deadlineMillis),
                maxInFlight,
                new ByteSize(1 << 20),
                DecisionClientConfig.Cache.DEFAULTS);
    }

    private static Outcome decide(GrpcDecisionClient client, DecideRequest request) {
        return join(client.decide(request));
    }

    private static Outcome join(CompletionStage<Outcome> stage) {
        return stage.toCompletableFuture().orTimeout(30, TimeUnit.SECONDS).join();
    }

    private static void assertUnavailable(Outcome outcome) {
        assertThat(outcome.failure()).isEqualTo(ErrorCode.PDP_UNAVAILABLE);
        assertThat(outcome.cached()).isFalse();
        assertThat(outcome.decision().getEffect()).isEqualTo(Effect.EFFECT_DENY);
        assertThat(outcome.decision().getReasonsList()).hasSize(1);
    }

    private static Obligation.Builder mask(String field) {
        return Obligation.newBuilder().setMask(Mask.newBuilder().setField(field).setFunction("redact"));
    }

    private static Obligation limit(long rows, Effect onExceed) {
        return Obligation.newBuilder()
                .setLimit(Limit.newBuilder().setMaxRows(rows).setOnExceed(onExceed))
                .build();
    }

    private static Obligation timeout(long seconds, int nanos) {
        return Obligation.newBuilder()
                .setTimeout(Timeout.newBuilder()
                        .setDuration(Duration.newBuilder().setSeconds(seconds).setNanos(nanos)))
                .build();
    }
}
