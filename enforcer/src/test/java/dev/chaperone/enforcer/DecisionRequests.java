package dev.chaperone.enforcer;

import com.google.protobuf.ByteString;
import com.google.protobuf.Duration;
import com.google.protobuf.Timestamp;
import dev.chaperone.decision.v1.Action;
import dev.chaperone.decision.v1.ActionClass;
import dev.chaperone.decision.v1.Analysis;
import dev.chaperone.decision.v1.Cacheability;
import dev.chaperone.decision.v1.Column;
import dev.chaperone.decision.v1.Context;
import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.DecideResponse;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.decision.v1.Principal;
import dev.chaperone.decision.v1.PrincipalKind;
import dev.chaperone.decision.v1.Reason;
import dev.chaperone.decision.v1.Relation;
import dev.chaperone.decision.v1.Resource;
import dev.chaperone.decision.v1.Use;
import java.time.Instant;

/** Requests and answers that tests vary. */
final class DecisionRequests {

    static final String VERSION = "v1";

    private static final Instant START = Instant.now();

    private DecisionRequests() {}

    /** A valid request; its principal's token lasts an hour. */
    static DecideRequest.Builder request() {
        return DecideRequest.newBuilder()
                .setRequestId("request-1")
                .setPrincipal(Principal.newBuilder()
                        .setKind(PrincipalKind.PRINCIPAL_KIND_AGENT)
                        .setSubject("alice")
                        .setAgent("assistant")
                        .addGroups("research")
                        .setTokenId("token-1")
                        .setTokenHash(ByteString.copyFrom(new byte[32]))
                        .setExpiresAt(timestamp(START.plusSeconds(3_600)))
                        .putClaims("department", "oncology")
                        .putClaims("site", "north"))
                .setAction(Action.newBuilder()
                        .setProtocol("postgres")
                        .setOperation("select")
                        .setClass_(ActionClass.ACTION_CLASS_READ)
                        .setAnalysis(Analysis.ANALYSIS_COMPLETE)
                        .setFingerprint(ByteString.copyFromUtf8("fingerprint-1")))
                .setResource(Resource.newBuilder()
                        .setUpstream("clinic")
                        .addRelations(Relation.newBuilder()
                                .setDatabase("clinic")
                                .setSchema("public")
                                .setName("patients")
                                .addColumns(Column.newBuilder().setName("ssn").addUses(Use.USE_OUTPUT))))
                .setContext(Context.newBuilder()
                        .setTime(timestamp(START))
                        .setSessionId("session-1")
                        .setClientAddress("192.0.2.1"));
    }

    /** A permit by policy v1 that may be kept for a minute. */
    static Decision.Builder permit() {
        return Decision.newBuilder()
                .setEffect(Effect.EFFECT_PERMIT)
                .addReasons(Reason.newBuilder().setRule("test").setPack("test").setEffect(Effect.EFFECT_PERMIT))
                .setPolicyVersion(VERSION)
                .setPolicyDigest(TestingDecisionPoint.DIGEST)
                .setCacheability(
                        Cacheability.newBuilder().setTtl(Duration.newBuilder().setSeconds(60)));
    }

    static DecideResponse response(Decision.Builder decision) {
        return DecideResponse.newBuilder().setDecision(decision).build();
    }

    static Timestamp timestamp(Instant instant) {
        return Timestamp.newBuilder()
                .setSeconds(instant.getEpochSecond())
                .setNanos(instant.getNano())
                .build();
    }
}
