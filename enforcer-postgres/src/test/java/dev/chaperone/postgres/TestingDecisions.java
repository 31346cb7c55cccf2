package dev.chaperone.postgres;

import dev.chaperone.decision.v1.ActionClass;
import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.decision.v1.Mask;
import dev.chaperone.decision.v1.Obligation;
import dev.chaperone.decision.v1.PrincipalKind;
import dev.chaperone.decision.v1.Reason;
import dev.chaperone.enforcer.DecisionClient;
import dev.chaperone.proto.ErrorCode;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Decides by a function, on another thread as a real client does, and keeps what it was asked. */
final class TestingDecisions implements DecisionClient {

    private final List<DecideRequest> requests = new CopyOnWriteArrayList<>();
    private volatile Function<DecideRequest, Decision> policy = request -> permit();
    private volatile boolean gone;
    private volatile boolean keeping;

    void policy(Function<DecideRequest, Decision> by) {
        policy = by;
        keeping = false;
        gone = false;
        requests.clear();
    }

    /** No decision can be had any more. */
    void gone() {
        gone = true;
    }

    List<DecideRequest> requests() {
        return requests;
    }

    @Override
    public CompletionStage<Outcome> decide(DecideRequest request) {
        requests.add(request);
        return CompletableFuture.supplyAsync(() -> gone
                ? new Outcome(deny("no decision"), false, ErrorCode.PDP_UNAVAILABLE)
                : new Outcome(verbatim(request, policy.apply(request)), false, null));
    }

    /** From now on permits may be applied again without asking, until the policy changes. */
    void keep() {
        keeping = true;
    }

    @Override
    public @Nullable Kept kept(DecideRequest request) {
        Function<DecideRequest, Decision> now = policy;
        Decision decision = keeping && !gone ? now.apply(request) : null;
        return decision == null || decision.getEffect() != Effect.EFFECT_PERMIT
                ? null
                : new Kept(decision, () -> keeping && !gone && policy == now);
    }

    @Override
    public void close() {}

    /** Nothing is kept from a person but what is masked; from an agent everything that is not known to be harmless. */
    private static Decision verbatim(DecideRequest request, Decision decision) {
        boolean person = request.getPrincipal().getKind() == PrincipalKind.PRINCIPAL_KIND_HUMAN;
        boolean masks = decision.getObligationsList().stream().anyMatch(Obligation::hasMask);
        return person && !masks ? decision.toBuilder().setVerbatim(true).build() : decision;
    }

    static Decision permit(Obligation... obligations) {
        return Decision.newBuilder()
                .setEffect(Effect.EFFECT_PERMIT)
                .addAllObligations(List.of(obligations))
                .addReasons(Reason.newBuilder().setRule("testing permit").setEffect(Effect.EFFECT_PERMIT))
                .setPolicyVersion("testing-1")
                .build();
    }

    /** A permit that holds for what was not analysed, too. */
    static Decision permitUnanalysed(Obligation... obligations) {
        boolean masks = List.of(obligations).stream().anyMatch(Obligation::hasMask);
        return permit(obligations).toBuilder()
                .setPermitsUnanalysed(true)
                .setVerbatim(!masks)
                .build();
    }

    static Decision deny(String why) {
        return Decision.newBuilder()
                .setEffect(Effect.EFFECT_DENY)
                .addReasons(Reason.newBuilder()
                        .setRule("testing deny")
                        .setText(why)
                        .setCitation("45 CFR 164.502(b)")
                        .setEffect(Effect.EFFECT_DENY))
                .setPolicyVersion("testing-1")
                .build();
    }

    static Obligation mask(String field, String function) {
        return Obligation.newBuilder()
                .setMask(Mask.newBuilder().setField(field).setFunction(function))
                .build();
    }

    static boolean session(DecideRequest request) {
        return request.getAction().getClass_() == ActionClass.ACTION_CLASS_SESSION;
    }

    /** True when the request touches a relation of that name. */
    static boolean touches(DecideRequest request, String relation) {
        return request.getResource().getRelationsList().stream()
                .anyMatch(touched -> touched.getName().equals(relation));
    }
}
