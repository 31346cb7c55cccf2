package dev.chaperone.pdp;

import dev.chaperone.decision.v1.Action;
import dev.chaperone.decision.v1.ActionClass;
import dev.chaperone.decision.v1.Analysis;
import dev.chaperone.decision.v1.Column;
import dev.chaperone.decision.v1.Context;
import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.decision.v1.Endpoint;
import dev.chaperone.decision.v1.ObjectRef;
import dev.chaperone.decision.v1.ObjectRole;
import dev.chaperone.decision.v1.Principal;
import dev.chaperone.decision.v1.PrincipalKind;
import dev.chaperone.decision.v1.Relation;
import dev.chaperone.decision.v1.Resource;
import dev.chaperone.decision.v1.Tool;
import dev.chaperone.decision.v1.Use;
import java.time.Duration;
import java.util.List;

/** Makes decisions that nobody asked for, so that the first ones somebody waits for are not the slow ones. */
final class WarmUp {

    private static final int ROUNDS = 300;
    private static final Duration LONGEST = Duration.ofMillis(1_500);
    private static final List<DecideRequest> REQUESTS = requests();

    private WarmUp() {}

    /**
     * Decides a mixture of requests for a while.
     *
     * @return how many were decided
     */
    static int run(ActivePolicy policy) {
        long end = System.nanoTime() + LONGEST.toNanos();
        int decided = 0;
        for (int round = 0; round < ROUNDS && System.nanoTime() < end; round++) {
            for (DecideRequest request : REQUESTS) {
                Decision decision = policy.decide(request);
                decided += decision.getReasonsCount() > 0 ? 1 : 0;
            }
        }
        return decided;
    }

    private static List<DecideRequest> requests() {
        return List.of(
                request("postgres", "select", ActionClass.ACTION_CLASS_READ, table(Use.USE_OUTPUT, false)),
                request("postgres", "select", ActionClass.ACTION_CLASS_READ, table(Use.USE_PREDICATE, false)),
                request("postgres", "update", ActionClass.ACTION_CLASS_WRITE, table(Use.USE_WRITE, true)),
                request("postgres", "drop table", ActionClass.ACTION_CLASS_SCHEMA, table(Use.USE_DERIVED, true)),
                request("postgres", "begin", ActionClass.ACTION_CLASS_SESSION, Resource.newBuilder()),
                request("s3", "getobject", ActionClass.ACTION_CLASS_READ, object()),
                request("http", "get", ActionClass.ACTION_CLASS_READ, endpoint()),
                request("mcp", "tools/call", ActionClass.ACTION_CLASS_WRITE, tool()));
    }

    private static DecideRequest request(
            String protocol, String operation, ActionClass actionClass, Resource.Builder resource) {
        return DecideRequest.newBuilder()
                .setRequestId("warm-up")
                .setPrincipal(Principal.newBuilder()
                        .setKind(PrincipalKind.PRINCIPAL_KIND_AGENT)
                        .setSubject("warm-up")
                        .setAgent("warm-up")
                        .addGroups("warm-up"))
                .setAction(Action.newBuilder()
                        .setProtocol(protocol)
                        .setOperation(operation)
                        .setClass_(actionClass)
                        .setAnalysis(Analysis.ANALYSIS_COMPLETE))
                .setResource(
                        resource.setUpstream("warm-up").setEstimatedRows(-1).setEstimatedBytes(-1))
                .setContext(Context.newBuilder().setEnforcer("warm-up").setSessionId("warm-up"))
                .build();
    }

    private static Resource.Builder table(Use use, boolean written) {
        Relation.Builder relation = Relation.newBuilder()
                .setDatabase("warm-up")
                .setSchema("public")
                .setName("warm-up")
                .setWritten(written);
        for (int column = 0; column < 10; column++) {
            relation.addColumns(
                    Column.newBuilder().setName("column" + column).addUses(use).setType("text"));
        }
        return Resource.newBuilder().addRelations(relation);
    }

    private static Resource.Builder object() {
        return Resource.newBuilder()
                .addObjects(ObjectRef.newBuilder()
                        .setBucket("warm-up")
                        .setKey("warm-up")
                        .setRole(ObjectRole.OBJECT_ROLE_SOURCE)
                        .setRangeEnd(-1));
    }

    private static Resource.Builder endpoint() {
        return Resource.newBuilder()
                .setEndpoint(Endpoint.newBuilder()
                        .setHost("warm-up")
                        .setMethod("GET")
                        .setRoute("/warm-up"));
    }

    private static Resource.Builder tool() {
        return Resource.newBuilder()
                .setTool(Tool.newBuilder().setServer("warm-up").setName("warm-up"));
    }
}
