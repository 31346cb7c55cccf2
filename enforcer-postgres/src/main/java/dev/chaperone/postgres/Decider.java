package dev.chaperone.postgres;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.OperationDecided;
import dev.chaperone.audit.v1.Parameter;
import dev.chaperone.decision.v1.Action;
import dev.chaperone.decision.v1.Context;
import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.decision.v1.Resource;
import dev.chaperone.enforcer.DecisionClient;
import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.enforcer.Recorder;
import dev.chaperone.postgres.analysis.QueryAnalysis;
import dev.chaperone.postgres.analysis.StatementClass;
import dev.chaperone.postgres.analysis.UnanalysableException;
import dev.chaperone.proto.ErrorCode;
import io.netty.channel.EventLoop;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Has every statement of one session decided and the decision recorded. Used on the session's event loop only. */
final class Decider {

    /** What an event holds besides the statement and its parameters: request, decision, chain. */
    private static final int EVENT_RESERVE = 1 << 20;

    private final Services services;
    private final Caller caller;
    private final EventLoop loop;
    private long requests;

    Decider(Services services, Caller caller, EventLoop loop) {
        this.services = services;
        this.caller = caller;
        this.loop = loop;
    }

    /** Requests of the session so far. */
    long requests() {
        return requests;
    }

    /**
     * Decides on one statement.
     *
     * @param parameters as the client sent them
     * @param then gets the outcome, on the event loop
     */
    void decide(Prepared prepared, List<Parameter> parameters, Consumer<Ruling> then) {
        long began = System.nanoTime();
        String tree = prepared.tree();
        if (prepared.statement().statementClass() == StatementClass.EMPTY) {
            // There is nothing to decide on.
            then.accept(new Ruling(
                    requests,
                    null,
                    Terms.NONE,
                    null,
                    true,
                    false,
                    false,
                    true,
                    CompletableFuture.completedFuture(null)));
        } else if (!Subject.needsTree(prepared.statement())) {
            decide(Subject.plain(prepared.statement(), tree), parameters, began, then);
        } else if (tree == null) {
            UnanalysableException failure =
                    new UnanalysableException("the database did not say what the statement would do");
            decide(Subject.analysed(prepared.statement(), new Analyses.Result(null, failure)), parameters, began, then);
        } else {
            services.analyses()
                    .analyse(tree)
                    .whenComplete((result, impossible) ->
                            run(() -> decide(Subject.analysed(prepared.statement(), result), parameters, began, then)));
        }
    }

    /**
     * Decides on a statement that the server does not plan, by what another one touches that stands for it.
     *
     * @param tree the server's tree of the one that stands for it
     */
    void decide(Prepared prepared, String tree, List<Parameter> parameters, Consumer<Ruling> then) {
        long began = System.nanoTime();
        services.analyses()
                .analyse(tree)
                .whenComplete((result, impossible) ->
                        run(() -> decide(Subject.analysed(prepared.statement(), result), parameters, began, then)));
    }

    /** Decides on a statement of which it is known already what it touches. */
    void decide(Subject subject, List<Parameter> parameters, Consumer<Ruling> then) {
        decide(subject, parameters, System.nanoTime(), then);
    }

    private void decide(Subject subject, List<Parameter> parameters, long began, Consumer<Ruling> then) {
        long number = ++requests;
        DecideRequest request = request(subject);
        long asked = System.nanoTime();
        services.decisions()
                .decide(request)
                .whenComplete((outcome, impossible) -> run(() -> {
                    services.meters().decisions().record(System.nanoTime() - asked, TimeUnit.NANOSECONDS);
                    then.accept(rule(number, subject, request, outcome, parameters, began));
                }));
    }

    private void run(Runnable task) {
        if (loop.inEventLoop()) {
            task.run();
        } else {
            loop.execute(task);
        }
    }

    private DecideRequest request(Subject subject) {
        QueryAnalysis analysis = subject.analysis();
        UnanalysableException failure = subject.failure();
        Action.Builder action = Action.newBuilder()
                .setProtocol("postgres")
                .setOperation(subject.statement().operation())
                .setClass_(subject.actionClass())
                .setAnalysis(subject.outcome())
                .setFingerprint(fingerprint(subject.text()));
        if (failure != null) {
            action.setAnalysisError(String.valueOf(failure.getMessage()));
        }
        Resource.Builder resource = Resource.newBuilder()
                .setUpstream(services.upstream().name())
                .setEstimatedRows(-1)
                .setEstimatedBytes(-1);
        if (analysis != null) {
            action.setUnrestricted(analysis.unrestricted());
            resource.addAllRelations(analysis.relations()).addAllFunctions(analysis.disallowedFunctions());
        }
        Instant now = Instant.now();
        return DecideRequest.newBuilder()
                .setRequestId(UUID.randomUUID().toString())
                .setPrincipal(caller.principal())
                .setAction(action)
                .setResource(resource)
                .setContext(Context.newBuilder()
                        .setTime(Timestamp.newBuilder()
                                .setSeconds(now.getEpochSecond())
                                .setNanos(now.getNano()))
                        .setEnforcer(services.enforcer())
                        .setSessionId(caller.recorder().sessionId())
                        .setClientAddress(caller.address())
                        .setClientName(caller.startup().applicationName())
                        .setClientTls(caller.tls())
                        .setPurpose(caller.startup().purpose()))
                .build();
    }

    private Ruling rule(
            long number,
            Subject subject,
            DecideRequest request,
            DecisionClient.Outcome outcome,
            List<Parameter> parameters,
            long began) {
        Decision decision = outcome.decision();
        GatewayError refusal = Refusals.of(outcome, subject);
        Terms terms = null;
        if (refusal == null) {
            try {
                requireRecordable(subject, parameters);
                terms = Terms.of(decision, subject.analysis(), subject.rewritable(), services.masks());
                if (subject.failure() != null) {
                    terms.requireUnanalysed();
                }
            } catch (EnforcementException e) {
                refusal = Refusals.unfulfillable(e, decision, subject);
            }
        }
        OperationDecided.Builder decided = OperationDecided.newBuilder()
                .setRequest(request)
                .setDecision(decision)
                .setOperation(ByteString.copyFromUtf8(subject.text()))
                .addAllParameters(parameters)
                .setCached(outcome.cached())
                .setDecisionMicros((System.nanoTime() - began) / 1000)
                .setEnforced(enforced(decision, refusal));
        if (refusal != null) {
            decided.setEnforcerMessage(refusal.message());
            if (decision.getEffect() == Effect.EFFECT_PERMIT || outcome.failure() != null) {
                decided.setEnforcerCode(refusal.code().code());
            }
        }
        count(refusal);
        CompletableFuture<Void> recorded = caller.recorder()
                .record(AuditEvent.newBuilder().setRequestNumber(number).setOperationDecided(decided));
        return new Ruling(
                number,
                subject.analysis(),
                terms,
                refusal,
                subject.session(),
                subject.changes(),
                subject.failure() != null,
                terms == null || terms.keepBack(),
                recorded);
    }

    private static Effect enforced(Decision decision, @Nullable GatewayError refusal) {
        if (refusal == null) {
            return Effect.EFFECT_PERMIT;
        }
        return decision.getEffect() == Effect.EFFECT_HOLD ? Effect.EFFECT_HOLD : Effect.EFFECT_DENY;
    }

    private void count(@Nullable GatewayError refusal) {
        services.meters()
                .count(
                        PostgresMetric.STATEMENTS,
                        "outcome",
                        refusal == null ? "permitted" : "refused",
                        "code",
                        refusal == null ? "" : refusal.code().code());
    }

    private static void requireRecordable(Subject subject, List<Parameter> parameters) {
        long size = 3L * subject.text().length();
        for (Parameter parameter : parameters) {
            size += parameter.getValue().size() + 16L;
        }
        if (size > Recorder.MAX_EVENT - EVENT_RESERVE) {
            throw new EnforcementException(
                    ErrorCode.LIMIT_EXCEEDED,
                    "the statement and its parameters are longer than what can be recorded of one request; send less at a time");
        }
    }

    private static ByteString fingerprint(String text) {
        try {
            return ByteString.copyFrom(
                    MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
