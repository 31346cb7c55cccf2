package dev.chaperone.enforcer;

import com.google.protobuf.ByteString;
import dev.chaperone.approval.v1.Approval;
import dev.chaperone.approval.v1.ApprovalServiceGrpc;
import dev.chaperone.approval.v1.CreateApprovalRequest;
import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.proto.ErrorCode;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Asks people through the approval service of the decision points. Nothing is granted unless the service has said, for this very
 * hold, that a grant for its digest is redeemed; whatever is not understood on the way is a refusal.
 *
 * <p>Callbacks come on threads of the channels: hop back to your own and never block in one.
 */
public final class GrpcHoldGate implements HoldGate, AutoCloseable {

    private static final long ASK_SECONDS = 10;
    private static final long CLOSE_SECONDS = 5;
    private static final long HURRY_SECONDS = 2;
    private static final int MOST_HOLDS = 1_000;

    private final HoldService service;
    private final AtomicInteger open = new AtomicInteger();
    private final Set<RemoteHold> holds = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    private GrpcHoldGate(DecisionClientConfig config) {
        service = new HoldService(
                DecisionChannels.open(config),
                DecisionChannels.open(config),
                Executors.newSingleThreadScheduledExecutor(task -> {
                    Thread thread = new Thread(task, "chaperone-holds");
                    thread.setDaemon(true);
                    return thread;
                }));
    }

    /**
     * A gate to the service that decision points offer where they decide. Connects when first asked.
     *
     * @throws IllegalArgumentException when a certificate or key file cannot be used
     */
    public static GrpcHoldGate connect(DecisionClientConfig config) {
        GrpcHoldGate gate = new GrpcHoldGate(config);
        gate.service.scheduler().scheduleWithFixedDelay(gate::hurry, HURRY_SECONDS, HURRY_SECONDS, TimeUnit.SECONDS);
        return gate;
    }

    /** The channels' own pauses between attempts to connect grow to minutes, which nobody who waits can wait for. */
    private void hurry() {
        if (open.get() > 0) {
            service.calls().resetConnectBackoff();
            service.watches().resetConnectBackoff();
        }
    }

    @Override
    public boolean available() {
        return true;
    }

    @Override
    public CompletionStage<Hold> ask(HoldRequest request) {
        if (closed) {
            return CompletableFuture.failedFuture(refusal("the enforcer stops"));
        }
        if (open.incrementAndGet() > MOST_HOLDS) {
            open.decrementAndGet();
            return CompletableFuture.failedFuture(
                    refusal("too many operations wait for approval here; try again later"));
        }
        ByteString digest = ByteString.copyFrom(request.digest());
        CreateApprovalRequest.Builder asked = CreateApprovalRequest.newBuilder()
                .setRequest(request.request())
                .setDecision(request.decision())
                .setOperationText(request.operation())
                .addAllParameters(request.parameters())
                .setDigest(digest);
        if (request.limit() != null) {
            asked.setLimit(request.limit());
        }
        CompletableFuture<Hold> result = new CompletableFuture<>();
        ApprovalServiceGrpc.newStub(service.calls())
                .withWaitForReady()
                .withDeadlineAfter(ASK_SECONDS, TimeUnit.SECONDS)
                .createApproval(asked.build(), new Created(result, digest, request.request()));
        return result;
    }

    private static EnforcementException refusal(String why) {
        return new EnforcementException(ErrorCode.HELD, why);
    }

    /** What a status says in words that are safe to show. */
    static String words(Status status) {
        return switch (status.getCode()) {
            // The service says these in words for people.
            case FAILED_PRECONDITION, RESOURCE_EXHAUSTED, INVALID_ARGUMENT, NOT_FOUND ->
                status.getDescription() == null ? "the approval service refused" : status.getDescription();
            case UNIMPLEMENTED -> "the decision point has no approval service";
            default -> "the approval service does not answer; try again later";
        };
    }

    private void ended(RemoteHold hold) {
        if (holds.remove(hold)) {
            open.decrementAndGet();
        }
    }

    /** Takes back what waits, and closes its connections. */
    @Override
    public void close() {
        closed = true;
        holds.forEach(RemoteHold::withdraw);
        service.scheduler().shutdownNow();
        service.watches().shutdownNow();
        service.calls().shutdown();
        try {
            if (!service.calls().awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
                service.calls().shutdownNow();
            }
        } catch (InterruptedException e) {
            service.calls().shutdownNow();
            Thread.currentThread().interrupt();
        }
    }

    /** Waits for the answer to the question. */
    private final class Created implements StreamObserver<Approval> {

        private final CompletableFuture<Hold> result;
        private final ByteString digest;
        private final DecideRequest asked;
        private @Nullable Approval approval;

        Created(CompletableFuture<Hold> result, ByteString digest, DecideRequest asked) {
            this.result = result;
            this.digest = digest;
            this.asked = asked;
        }

        @Override
        public void onNext(Approval value) {
            approval = value;
        }

        @Override
        public void onError(Throwable failure) {
            open.decrementAndGet();
            result.completeExceptionally(refusal(words(Status.fromThrowable(failure))));
        }

        @Override
        public void onCompleted() {
            HeldApproval held = approval == null ? null : HeldApproval.of(approval, digest, asked);
            if (held == null) {
                open.decrementAndGet();
                result.completeExceptionally(refusal(RemoteHold.NO_VALID_ANSWER));
                return;
            }
            RemoteHold hold = new RemoteHold(service, held, GrpcHoldGate.this::ended);
            holds.add(hold);
            hold.follow();
            if (closed) {
                hold.withdraw();
            }
            result.complete(hold);
        }
    }
}
