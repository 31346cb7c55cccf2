package dev.chaperone.pdp;

import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.DecideResponse;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.decision.v1.DecisionServiceGrpc;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.decision.v1.WatchPolicyRequest;
import dev.chaperone.decision.v1.WatchPolicyResponse;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The decision service. Evaluates on the thread that received the request: a decision takes less than handing it over. */
final class DecisionEndpoint extends DecisionServiceGrpc.DecisionServiceImplBase {

    private static final Logger LOG = LoggerFactory.getLogger(DecisionEndpoint.class);

    /** The reason that an evaluation gives for a denial when it failed. */
    private static final String EVALUATION_FAILED = "evaluation-failed";

    private final PolicyStore store;
    private final PolicyWatchers watchers;
    private final Enforcers enforcers;
    private final MeterRegistry registry;
    private final Map<Effect, Timer> timers = new EnumMap<>(Effect.class);
    private final Counter failed;

    DecisionEndpoint(PolicyStore store, PolicyWatchers watchers, Enforcers enforcers, MeterRegistry registry) {
        this.store = store;
        this.watchers = watchers;
        this.enforcers = enforcers;
        this.registry = registry;
        this.failed = PdpMetric.EVALUATION_FAILED.counter(registry);
        for (Effect effect : Effect.values()) {
            String name = effect.name().replace("EFFECT_", "").toLowerCase(Locale.ROOT);
            timers.put(effect, PdpMetric.DECISIONS.timer(registry, "effect", name));
        }
    }

    @Override
    public void decide(DecideRequest request, StreamObserver<DecideResponse> responses) {
        String missing = missing(request);
        if (missing != null) {
            refuse(responses, Status.INVALID_ARGUMENT.withDescription("`" + missing + "` is missing"));
            return;
        }
        if (Context.current().isCancelled()) {
            refuse(responses, Status.CANCELLED.withDescription("nobody waits for the decision any more"));
            return;
        }
        Decision decision;
        long started = System.nanoTime();
        try {
            decision = store.decide(request);
        } catch (RuntimeException | StackOverflowError e) {
            LOG.error("evaluating request `{}` failed", request.getRequestId(), e);
            refuse(responses, Status.INTERNAL.withDescription("the policy could not be evaluated"));
            return;
        }
        if (decision == null) {
            refuse(responses, Status.UNAVAILABLE.withDescription("no policy is in force"));
            return;
        }
        Timer timer = timers.get(decision.getEffect());
        if (timer != null) {
            timer.record(System.nanoTime() - started, TimeUnit.NANOSECONDS);
        }
        if (decision.getReasonsCount() > 0
                && EVALUATION_FAILED.equals(decision.getReasons(0).getRule())) {
            failed.increment();
        }
        if (!request.getContext().getEnforcer().isEmpty()) {
            enforcers.decided(request.getContext().getEnforcer(), decision.getPolicyVersion());
        }
        LOG.debug(
                "request `{}`: {} by policy `{}`",
                request.getRequestId(),
                decision.getEffect(),
                decision.getPolicyVersion());
        responses.onNext(DecideResponse.newBuilder().setDecision(decision).build());
        responses.onCompleted();
    }

    @Override
    public void watchPolicy(WatchPolicyRequest request, StreamObserver<WatchPolicyResponse> responses) {
        if (!watchers.add(request.getEnforcer(), (ServerCallStreamObserver<WatchPolicyResponse>) responses)) {
            refuse(responses, Status.RESOURCE_EXHAUSTED.withDescription("too many enforcers follow policy changes"));
        }
    }

    /** Who asks and what for is the least that a policy needs; without them no rule means what its author meant. */
    private static @Nullable String missing(DecideRequest request) {
        if (!request.hasPrincipal()) {
            return "principal";
        }
        if (request.getPrincipal().getSubject().isEmpty()) {
            return "principal.subject";
        }
        if (!request.hasAction()) {
            return "action";
        }
        return request.getAction().getProtocol().isEmpty() ? "action.protocol" : null;
    }

    private void refuse(StreamObserver<?> responses, Status status) {
        PdpMetric.REQUESTS_REFUSED
                .counter(registry, "status", status.getCode().name().toLowerCase(Locale.ROOT))
                .increment();
        responses.onError(status.asRuntimeException());
    }
}
