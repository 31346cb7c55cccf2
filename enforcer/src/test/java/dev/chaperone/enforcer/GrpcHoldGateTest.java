package dev.chaperone.enforcer;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import dev.chaperone.approval.v1.Approval;
import dev.chaperone.approval.v1.ApprovalServiceGrpc;
import dev.chaperone.approval.v1.CancelRequest;
import dev.chaperone.approval.v1.ConsumeRequest;
import dev.chaperone.approval.v1.CreateApprovalRequest;
import dev.chaperone.approval.v1.State;
import dev.chaperone.approval.v1.WatchApprovalRequest;
import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.enforcer.HoldAnswer.Outcome;
import dev.chaperone.proto.ByteSize;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;

/** Whatever an approval service does: what it has not granted for this very hold is not granted. */
class GrpcHoldGateTest {

    private static final HoldRequest REQUEST = new HoldRequest(
            DecideRequest.getDefaultInstance(), Decision.getDefaultInstance(), "select 1", List.of(), null);
    private static final ByteString DIGEST = ByteString.copyFrom(REQUEST.digest());
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final Service service = new Service();
    private Server server;
    private GrpcHoldGate gate;

    @BeforeEach
    void start(TestInfo test) throws Exception {
        String name = "holds-" + test.getDisplayName();
        server = InProcessServerBuilder.forName(name)
                .directExecutor()
                .addService(service)
                .build()
                .start();
        gate = GrpcHoldGate.connect(new DecisionClientConfig(
                List.of("in-process:" + name),
                null,
                false,
                Duration.ofSeconds(5),
                16,
                new ByteSize(1 << 20),
                DecisionClientConfig.Cache.DEFAULTS));
    }

    @AfterEach
    void stop() {
        gate.close();
        server.shutdownNow();
    }

    private static Approval approval(State state) {
        return Approval.newBuilder()
                .setId("ap-1")
                .setState(state)
                .setDigest(DIGEST)
                .setExpiresAt(Timestamp.newBuilder().setSeconds(Instant.now().getEpochSecond() + 600))
                .build();
    }

    private Hold ask() {
        return gate.ask(REQUEST)
                .toCompletableFuture()
                .orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS)
                .join();
    }

    private static HoldAnswer answer(Hold hold) {
        return hold.answer()
                .toCompletableFuture()
                .orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS)
                .join();
    }

    private void tell(State state) throws InterruptedException {
        stream().onNext(approval(state));
    }

    private StreamObserver<Approval> stream() throws InterruptedException {
        StreamObserver<Approval> stream = service.streams.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        assertThat(stream).as("a stream").isNotNull();
        return stream;
    }

    @Test
    void aGrantIsRedeemedBeforeItIsGiven() throws Exception {
        Hold hold = ask();
        assertThat(hold.answer().toCompletableFuture()).isNotDone();
        tell(State.STATE_APPROVED);
        assertThat(answer(hold).outcome()).isEqualTo(Outcome.GRANTED);
        assertThat(service.consumed).hasSize(1);
    }

    @Test
    void aGrantIsLeftAsItIsWhenTheTokenOfWhoeverAsksHasExpiredMeanwhile() throws Exception {
        DecideRequest.Builder expired = DecideRequest.newBuilder();
        expired.getPrincipalBuilder().getExpiresAtBuilder().setSeconds(1);
        Hold hold = gate.ask(new HoldRequest(
                        expired.build(), REQUEST.decision(), REQUEST.operation(), REQUEST.parameters(), null))
                .toCompletableFuture()
                .orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS)
                .join();
        tell(State.STATE_APPROVED);
        assertThat(answer(hold).outcome()).isEqualTo(Outcome.EXPIRED);
        assertThat(answer(hold).words()).contains("token");
        assertThat(service.consumed).isEmpty();
    }

    @Test
    void aGrantThatLastsSaysThatPeopleHadDecidedBefore() throws Exception {
        assertThat(ask().grantedBefore()).isFalse();
        tell(State.STATE_PENDING);
        service.creation =
                approval -> approval.toBuilder().setState(State.STATE_APPROVED).build();
        Hold hold = ask();
        assertThat(hold.grantedBefore()).isTrue();
        assertThat(hold.answer().toCompletableFuture()).isNotDone();
        tell(State.STATE_APPROVED);
        assertThat(answer(hold).outcome()).isEqualTo(Outcome.GRANTED);
        assertThat(service.consumed).hasSize(1);
    }

    @Test
    void aBrokenStreamIsFollowedAnew() throws Exception {
        Hold hold = ask();
        stream().onError(Status.UNAVAILABLE.asRuntimeException());
        stream().onCompleted();
        assertThat(hold.answer().toCompletableFuture()).isNotDone();
        tell(State.STATE_APPROVED);
        assertThat(answer(hold).outcome()).isEqualTo(Outcome.GRANTED);
    }

    @Test
    void aLostRedemptionIsAskedForAgainUnderTheSameId() throws Exception {
        service.redemption = ignored -> {
            service.redemption = UnaryOperator.identity();
            throw Status.UNAVAILABLE.asRuntimeException();
        };
        Hold hold = ask();
        tell(State.STATE_APPROVED);
        assertThat(answer(hold).outcome()).isEqualTo(Outcome.GRANTED);
        assertThat(service.consumed).hasSize(2);
        assertThat(new ArrayDeque<>(service.consumed))
                .extracting(ConsumeRequest::getConsumptionId)
                .containsOnly(service.consumed.peek().getConsumptionId());
    }

    @Test
    void aRefusedRedemptionGrantsNothing() throws Exception {
        service.redemption = ignored -> {
            throw Status.FAILED_PRECONDITION
                    .withDescription("the policy has changed")
                    .asRuntimeException();
        };
        Hold hold = ask();
        tell(State.STATE_APPROVED);
        assertThat(answer(hold))
                .extracting(HoldAnswer::outcome, HoldAnswer::words)
                .containsExactly(Outcome.UNAVAILABLE, "the policy has changed");
    }

    @Test
    void aRedemptionOfSomethingElseGrantsNothing() throws Exception {
        service.redemption =
                approval -> approval.toBuilder().setDigest(ByteString.EMPTY).build();
        Hold hold = ask();
        tell(State.STATE_APPROVED);
        assertThat(answer(hold).outcome()).isEqualTo(Outcome.UNAVAILABLE);
    }

    @Test
    void anotherEndIsTold() throws Exception {
        Hold denied = ask();
        tell(State.STATE_DENIED);
        assertThat(answer(denied).outcome()).isEqualTo(Outcome.DENIED);
        Hold expired = ask();
        tell(State.STATE_EXPIRED);
        assertThat(answer(expired).outcome()).isEqualTo(Outcome.EXPIRED);
        Hold used = ask();
        tell(State.STATE_CONSUMED);
        assertThat(answer(used).outcome()).isEqualTo(Outcome.UNAVAILABLE);
        Hold unknown = ask();
        tell(State.STATE_UNSPECIFIED);
        assertThat(answer(unknown).outcome()).isEqualTo(Outcome.UNAVAILABLE);
        Hold other = ask();
        stream().onNext(approval(State.STATE_APPROVED).toBuilder().setId("ap-2").build());
        assertThat(answer(other).outcome()).isEqualTo(Outcome.UNAVAILABLE);
        assertThat(service.consumed).isEmpty();
    }

    @Test
    void whatIsTakenBackIsCancelledAndNotGrantedAfterwards() throws Exception {
        Hold hold = ask();
        StreamObserver<Approval> stream = stream();
        hold.withdraw();
        assertThat(answer(hold).outcome()).isEqualTo(Outcome.WITHDRAWN);
        assertThat(service.cancelled.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                .isEqualTo("ap-1");
        try {
            stream.onNext(approval(State.STATE_APPROVED));
        } catch (RuntimeException e) {
            assertThat(Status.fromThrowable(e).getCode()).isEqualTo(Status.Code.CANCELLED);
        }
        assertThat(service.consumed).isEmpty();
    }

    @Test
    void nobodyCanBeAskedOfAServiceThatRefusesOrAnswersForSomethingElse() {
        for (UnaryOperator<Approval> created : List.<UnaryOperator<Approval>>of(
                approval -> approval.toBuilder().setDigest(ByteString.EMPTY).build(),
                approval -> approval.toBuilder().setState(State.STATE_DENIED).build(),
                approval -> approval.toBuilder().setId("").build(),
                approval -> approval.toBuilder().clearExpiresAt().build(),
                approval -> {
                    throw Status.UNIMPLEMENTED.asRuntimeException();
                },
                approval -> {
                    throw Status.RESOURCE_EXHAUSTED
                            .withDescription("too many wait")
                            .asRuntimeException();
                })) {
            service.creation = created;
            CompletableFuture<Hold> asked = gate.ask(REQUEST).toCompletableFuture();
            assertThat(asked)
                    .failsWithin(PATIENCE)
                    .withThrowableOfType(java.util.concurrent.ExecutionException.class)
                    .withCauseInstanceOf(EnforcementException.class);
        }
    }

    @Test
    void aStoppingEnforcerTakesBackWhatWaits() {
        Hold hold = ask();
        gate.close();
        assertThat(answer(hold).outcome()).isEqualTo(Outcome.WITHDRAWN);
        assertThat(gate.ask(REQUEST).toCompletableFuture()).failsWithin(PATIENCE);
    }

    /** An approval service that does as it is told. */
    private static final class Service extends ApprovalServiceGrpc.ApprovalServiceImplBase {

        final BlockingQueue<StreamObserver<Approval>> streams = new LinkedBlockingQueue<>();
        final BlockingQueue<String> cancelled = new LinkedBlockingQueue<>();
        final Queue<ConsumeRequest> consumed = new ConcurrentLinkedQueue<>();
        volatile UnaryOperator<Approval> creation = UnaryOperator.identity();
        volatile UnaryOperator<Approval> redemption = UnaryOperator.identity();

        @Override
        public void createApproval(CreateApprovalRequest request, StreamObserver<Approval> responses) {
            answer(responses, creation, approval(State.STATE_PENDING));
        }

        @Override
        public void watchApproval(WatchApprovalRequest request, StreamObserver<Approval> responses) {
            streams.add(responses);
        }

        @Override
        public void consume(ConsumeRequest request, StreamObserver<Approval> responses) {
            consumed.add(request);
            answer(
                    responses,
                    redemption,
                    approval(State.STATE_CONSUMED).toBuilder().setUses(1).build());
        }

        @Override
        public void cancel(CancelRequest request, StreamObserver<Approval> responses) {
            cancelled.add(request.getId());
            answer(responses, UnaryOperator.identity(), approval(State.STATE_CANCELLED));
        }

        private static void answer(StreamObserver<Approval> responses, UnaryOperator<Approval> as, Approval approval) {
            Approval answer;
            try {
                answer = as.apply(approval);
            } catch (RuntimeException e) {
                responses.onError(e);
                return;
            }
            responses.onNext(answer);
            responses.onCompleted();
        }
    }
}
