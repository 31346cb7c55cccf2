package dev.chaperone.pdp.notify;

import com.google.protobuf.Timestamp;
import dev.chaperone.approval.v1.Approval;
import dev.chaperone.approval.v1.ApprovalEvent;
import dev.chaperone.audit.v1.Parameter;
import dev.chaperone.decision.v1.Action;
import dev.chaperone.decision.v1.Context;
import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.decision.v1.Principal;
import dev.chaperone.decision.v1.Reason;
import dev.chaperone.decision.v1.Relation;
import dev.chaperone.decision.v1.Resource;

/** An approval whose statement, parameters and justification hold a canary. */
final class TestingEvents {

    /** Must never leave the house. */
    static final String CANARY = "canary-219-09-9999";

    static final String LINK = "https://chaperone.example/approvals/ap-7";

    private TestingEvents() {}

    static ApprovalEvent event(ApprovalEvent.Kind kind) {
        return event(kind, "claude");
    }

    static ApprovalEvent event(ApprovalEvent.Kind kind, String agent) {
        return ApprovalEvent.newBuilder()
                .setEventId("5c1f4f3e-0000-4000-8000-000000000001")
                .setKind(kind)
                .setAt(Timestamp.newBuilder().setSeconds(1_700_000_000))
                .setActor(Principal.newBuilder().setSubject("dr.rivera"))
                .setWords("because of " + CANARY)
                .setApproval(Approval.newBuilder()
                        .setId("ap-7")
                        .setUrl(LINK)
                        .setOperationText("SELECT * FROM patients WHERE ssn = '" + CANARY + "'")
                        .addParameters(
                                Parameter.newBuilder().setValue(com.google.protobuf.ByteString.copyFromUtf8(CANARY)))
                        .setExpiresAt(Timestamp.newBuilder().setSeconds(1_700_000_900))
                        .setRequest(DecideRequest.newBuilder()
                                .setPrincipal(Principal.newBuilder()
                                        .setSubject("nurse.li")
                                        .setAgent(agent))
                                .setAction(Action.newBuilder()
                                        .setProtocol("postgres")
                                        .setOperation("select"))
                                .setResource(Resource.newBuilder()
                                        .setUpstream("clinic")
                                        .addRelations(Relation.newBuilder()
                                                .setSchema("public")
                                                .setName("patients")))
                                .setContext(
                                        Context.newBuilder().setEnforcer("pg-1").setClientAddress("10.0.0.9")))
                        .setDecision(Decision.newBuilder()
                                .addReasons(Reason.newBuilder()
                                        .setRule("bulk reads")
                                        .setText("more than 1000 patients")
                                        .setCitation("45 CFR 164.502(b)"))))
                .build();
    }
}
