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
import dev.chaperone.enforcer.HoldGate;
import dev.chaperone.enforcer.HoldRequest;
import dev.chaperone.enforcer.Recorder;
import dev.chaperone.postgres.analysis.CatalogSnapshot;
import dev.chaperone.postgres.analysis.QueryAnalysis;
import dev.chaperone.postgres.analysis.StatementClass;
import dev.chaperone.postgres.analysis.StatementDetail;
import dev.chaperone.postgres.analysis.UnanalysableException;
import dev.chaperone.proto.ErrorCode;
import io.micrometer.core.instrument.Counter;
import io.netty.channel.EventLoop;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Has every statement of one session decided and the decision recorded. Used on the session's event loop only. */
final class Decider {

    /** What an event holds besides the statement and its parameters: request, decision, chain. */
    private static final int EVENT_RESERVE = 1 << 20;

    /** The attribute whose being read makes the planner be asked. */
    private static final String ESTIMATED_ROWS = "resource.estimated_rows";

    private static final CompletableFuture<?> DONE = CompletableFuture.completedFuture(null);

    private final Services services;
    private final Caller caller;
    private final EventLoop loop;
    private final Counter permitted;
    private LongSupplier heard = System::nanoTime;
    private long requests;

    Decider(Services services, Caller caller, EventLoop loop) {
        this.services = services;
        this.caller = caller;
        this.loop = loop;
        this.permitted = services.meters().counter(PostgresMetric.STATEMENTS, "outcome", "permitted", "code", "");
    }

    /** @param last says when the client last sent something, by {@link System#nanoTime} */
    void heard(LongSupplier last) {
        heard = last;
    }

    /** Requests of the session so far. */
    long requests() {
        return requests;
    }

    /**
     * Decides on one statement.
     *
     * @param asked as the client sent it
     * @param estimate says how many rows are to be expected, should the policy want to know; null where that cannot be said
     * @param then gets the outcome, on the event loop
     */
    void decide(Prepared prepared, Asked asked, @Nullable PlannerEstimate estimate, Consumer<Ruling> then) {
        CompletableFuture<?> recent =
                prepared.verdict() == null ? DONE : services.analyses().recent().toCompletableFuture();
        if (recent.isDone() && !recent.isCompletedExceptionally()) {
            decideNow(prepared, asked, estimate, then);
            return;
        }
        recent.whenComplete((snapshot, failure) -> run(() -> {
            if (failure != null) {
                // Nobody knows whether it still means the same.
                prepared.verdict(null);
            }
            decideNow(prepared, asked, estimate, then);
        }));
    }

    private void decideNow(Prepared prepared, Asked asked, @Nullable PlannerEstimate estimate, Consumer<Ruling> then) {
        String tree = prepared.tree();
        long catalog = services.analyses().catalog().version();
        Verdict known = prepared.verdict();
        if (known != null) {
            if (recordable(prepared.statement().text(), asked) && known.holds(tree, catalog, services.decisions())) {
                permitted.increment();
                then.accept(known.again(++requests, asked));
                return;
            }
            prepared.verdict(null);
        }
        prepared.catalog(catalog);
        decideAnew(prepared, new Question(asked, tree, catalog, System.nanoTime(), estimate), ruling -> {
            prepared.verdict(ruling.verdict());
            then.accept(ruling);
        });
    }

    /** What is to be decided, and what it is known by. */
    private record Question(
            Asked asked,
            @Nullable String tree,
            long catalog,
            long began,
            @Nullable PlannerEstimate estimate) {}

    private void decideAnew(Prepared prepared, Question question, Consumer<Ruling> then) {
        String tree = question.tree();
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
            decide(Subject.plain(prepared.statement(), tree), question, then);
        } else if (tree == null) {
            UnanalysableException failure =
                    new UnanalysableException("the database did not say what the statement would do");
            decide(Subject.analysed(prepared.statement(), new Analyses.Result(null, failure)), question, then);
        } else {
            analyse(tree)
                    .whenComplete((result, impossible) ->
                            run(() -> decide(Subject.analysed(prepared.statement(), result), question, then)));
        }
    }

    /**
     * Decides on a statement that the server does not plan, by what another one touches that stands for it.
     *
     * @param tree the server's tree of the one that stands for it
     */
    void decide(Prepared prepared, String tree, List<Parameter> parameters, Consumer<Ruling> then) {
        Question question = new Question(
                new Asked(null, parameters), tree, services.analyses().catalog().version(), System.nanoTime(), null);
        analyse(tree)
                .whenComplete((result, impossible) ->
                        run(() -> decide(Subject.analysed(prepared.statement(), result), question, then)));
    }

    /** What a tree says, by the catalog as it was when the client last sent something, or as it has become since. */
    CompletionStage<Analyses.Result> analyse(String tree) {
        return services.analyses().analyse(tree, heard.getAsLong(), loop);
    }

    /** Says whether a tree says the same still as what was decided on, by the catalog as it is now. */
    void still(@Nullable String tree, @Nullable QueryAnalysis decided, Consumer<Boolean> then) {
        if (tree == null || decided == null) {
            then.accept(true); // it was not decided on by what it says
            return;
        }
        services.analyses()
                .analyse(tree, System.nanoTime(), loop)
                .whenComplete((result, impossible) -> run(() -> then.accept(decided.equals(result.analysis()))));
    }

    /** The same, for what is to be looked at again. */
    Recheck recheck(@Nullable String tree, Ruling ruling) {
        return then -> still(tree, ruling.analysis(), then);
    }

    /** Says whether the catalog is the same still. */
    void still(long version, Consumer<Boolean> then) {
        services.analyses()
                .catalog(System.nanoTime())
                .whenComplete((snapshot, failure) ->
                        run(() -> then.accept(failure == null && snapshot.version() == version)));
    }

    /** The catalog as it was when the client last sent something, or as it has become since. */
    CompletionStage<CatalogSnapshot> catalog() {
        return services.analyses().catalog(heard.getAsLong());
    }

    /** Has somebody look already whether the catalog has changed, since a tree is about to come. */
    void askAhead() {
        services.analyses().askAhead(heard.getAsLong());
    }

    /** Decides on a statement of which it is known already what it touches. */
    void decide(Subject subject, List<Parameter> parameters, Consumer<Ruling> then) {
        long catalog = services.analyses().catalog().version();
        decide(subject, new Question(new Asked(null, parameters), null, catalog, System.nanoTime(), null), then);
    }

    private void decide(Subject subject, Question question, Consumer<Ruling> then) {
        long number = ++requests;
        DecideRequest request = request(subject);
        ask(request, outcome -> {
            PlannerEstimate estimate = question.estimate();
            if (estimate != null && wantsEstimate(outcome) && estimate.possible(subject.analysis())) {
                estimate.ask(rows -> estimated(number, subject, request, outcome, question, rows, then));
            } else {
                then.accept(rule(number, subject, request, outcome, question));
            }
        });
    }

    /** Decides anew by how many rows the planner expects. */
    private void estimated(
            long number,
            Subject subject,
            DecideRequest request,
            DecisionClient.Outcome before,
            Question question,
            long rows,
            Consumer<Ruling> then) {
        if (rows == PlannerEstimate.UNKNOWN) {
            then.accept(rule(number, subject, request, before, question));
            return;
        }
        DecideRequest.Builder more = request.toBuilder();
        more.getResourceBuilder().setEstimatedRows(rows);
        DecideRequest known = more.build();
        ask(
                known,
                outcome -> then.accept(
                        // It holds for this run only: other values, or the same ones later, let others be expected.
                        rule(number, subject, known, outcome, question).keeping(null)));
    }

    private static boolean wantsEstimate(DecisionClient.Outcome outcome) {
        return outcome.failure() == null
                && outcome.decision().getCacheability().getDependsOnList().contains(ESTIMATED_ROWS);
    }

    private void ask(DecideRequest request, Consumer<DecisionClient.Outcome> then) {
        long asked = System.nanoTime();
        services.decisions()
                .decide(request)
                .whenComplete((outcome, impossible) -> run(() -> {
                    services.meters().decisions().record(System.nanoTime() - asked, TimeUnit.NANOSECONDS);
                    then.accept(outcome);
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
                .setEstimatedRows(PlannerEstimate.UNKNOWN)
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
                        .setDestinationZone(caller.zone())
                        .setPurpose(caller.startup().purpose()))
                .build();
    }

    private Ruling rule(
            long number, Subject subject, DecideRequest request, DecisionClient.Outcome outcome, Question question) {
        Decision decision = outcome.decision();
        GatewayError refusal = Refusals.of(outcome, subject, services.holds().available());
        Terms terms = null;
        if (refusal == null) {
            try {
                requireRecordable(subject, question.asked());
                terms = Terms.of(
                        decision, subject.analysis(), subject.rewritable(), services.masks(), services.detectors());
                if (subject.failure() != null) {
                    terms.requireUnanalysed();
                }
            } catch (EnforcementException e) {
                refusal = Refusals.unfulfillable(e, decision, subject);
            }
        }
        Asked asked = question.asked();
        OperationDecided.Builder decided = OperationDecided.newBuilder()
                .setRequest(request)
                .setDecision(decision)
                .setOperation(ByteString.copyFromUtf8(asked.text() == null ? subject.text() : asked.text()))
                .addAllParameters(asked.parameters())
                .setCached(outcome.cached())
                .setDecisionMicros((System.nanoTime() - question.began()) / 1000)
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
        Ruling ruling = new Ruling(
                        number,
                        subject.analysis(),
                        terms,
                        refusal,
                        subject.session(),
                        subject.changes(),
                        subject.failure() != null,
                        terms == null || terms.keepBack(),
                        recorded)
                .asking(
                        people(number, subject, request, decision, decided, terms),
                        decision.getEffect() == Effect.EFFECT_HOLD);
        return ruling.keeping(Verdict.of(
                request,
                decision,
                question.tree(),
                question.catalog(),
                ruling,
                caller.recorder().lastSequence()));
    }

    /** What people would be asked; null when there is nothing to ask, or nobody. */
    private @Nullable HoldRequest people(
            long number,
            Subject subject,
            DecideRequest request,
            Decision decision,
            OperationDecided.Builder decided,
            @Nullable Terms terms) {
        boolean may = terms != null
                && (decision.getEffect() == Effect.EFFECT_HOLD || terms.limits().holds());
        if (!may || !services.holds().available()) {
            return null;
        }
        String operation = decided.getOperation().toStringUtf8();
        if (subject.analysis() == null && !subject.session()) {
            // Nothing else says which relations it names, and a grant for one is not to do for another of that name.
            operation += "\n-- request " + number + " of session `"
                    + caller.recorder().sessionId()
                    + "`: what its names stand for is looked up when it runs, by that session's search path";
        } else if (subject.statement().detail() instanceof StatementDetail.Copy copy && copy.from()) {
            // What comes is not known yet, and a grant for some is not to do for other.
            operation += "\n-- request " + number + " of session `"
                    + caller.recorder().sessionId() + "`: its data comes when it runs";
        }
        return new HoldRequest(request, decision, operation, decided.getParametersList(), null);
    }

    /** Who is asked about what is held. */
    HoldGate holds() {
        return services.holds();
    }

    private static Effect enforced(Decision decision, @Nullable GatewayError refusal) {
        if (refusal == null && decision.getEffect() != Effect.EFFECT_HOLD) {
            return Effect.EFFECT_PERMIT;
        }
        return decision.getEffect() == Effect.EFFECT_HOLD ? Effect.EFFECT_HOLD : Effect.EFFECT_DENY;
    }

    private void count(@Nullable GatewayError refusal) {
        if (refusal == null) {
            permitted.increment();
        } else {
            services.meters()
                    .count(
                            PostgresMetric.STATEMENTS,
                            "outcome",
                            "refused",
                            "code",
                            refusal.code().code());
        }
    }

    private static void requireRecordable(Subject subject, Asked asked) {
        if (!recordable(subject.text(), asked)) {
            throw new EnforcementException(
                    ErrorCode.LIMIT_EXCEEDED,
                    "the statement and its parameters are longer than what can be recorded of one request; send less at a time");
        }
    }

    private static boolean recordable(String prepared, Asked asked) {
        return asked.size(prepared) <= Recorder.MAX_EVENT - EVENT_RESERVE;
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
