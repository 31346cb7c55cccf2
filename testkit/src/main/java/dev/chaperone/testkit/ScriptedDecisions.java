package dev.chaperone.testkit;

import com.google.protobuf.ByteString;
import dev.chaperone.decision.v1.ActionClass;
import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.decision.v1.HoldTerms;
import dev.chaperone.decision.v1.Mask;
import dev.chaperone.decision.v1.Obligation;
import dev.chaperone.decision.v1.Reason;
import dev.chaperone.enforcer.DecisionClient;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A decision client that gives every request the same answer, and remembers the requests. Obligations are only for requests
 * that touch data: clients set up their sessions first.
 */
public final class ScriptedDecisions implements DecisionClient {

    /** The version of its policy. */
    public static final String POLICY = "scripted";

    private final Decision decision;
    private final List<DecideRequest> requests = new CopyOnWriteArrayList<>();

    private ScriptedDecisions(Decision decision) {
        this.decision = decision;
    }

    /** Permits everything, with these obligations. */
    public static ScriptedDecisions permit(Obligation... obligations) {
        return new ScriptedDecisions(decision(Effect.EFFECT_PERMIT)
                .addAllObligations(List.of(obligations))
                .build());
    }

    /** Holds everything, on these terms. */
    public static ScriptedDecisions hold(HoldTerms terms) {
        return new ScriptedDecisions(decision(Effect.EFFECT_HOLD)
                .addObligations(Obligation.newBuilder().setHold(terms))
                .build());
    }

    /** Denies everything. */
    public static ScriptedDecisions deny() {
        return new ScriptedDecisions(decision(Effect.EFFECT_DENY).build());
    }

    /** The obligation to mask a field. */
    public static Obligation mask(String field, String function) {
        return Obligation.newBuilder()
                .setMask(Mask.newBuilder().setField(field).setFunction(function))
                .build();
    }

    /** What was asked so far. */
    public List<DecideRequest> requests() {
        return List.copyOf(requests);
    }

    @Override
    public CompletionStage<Outcome> decide(DecideRequest request) {
        requests.add(request);
        boolean session = request.getAction().getClass_() == ActionClass.ACTION_CLASS_SESSION;
        Decision answer = session ? ofSession() : decision;
        return CompletableFuture.completedFuture(new Outcome(answer, false, null));
    }

    private Decision ofSession() {
        Decision.Builder answer = decision.toBuilder().clearObligations();
        return (decision.getEffect() == Effect.EFFECT_HOLD ? answer.setEffect(Effect.EFFECT_PERMIT) : answer).build();
    }

    @Override
    public void close() {}

    private static Decision.Builder decision(Effect effect) {
        return Decision.newBuilder()
                .setEffect(effect)
                .setPolicyVersion(POLICY)
                .setPolicyDigest(ByteString.copyFrom(new byte[32]))
                .addReasons(Reason.newBuilder()
                        .setRule("scripted")
                        .setPack("testkit")
                        .setText("the test says so")
                        .setEffect(effect));
    }
}
