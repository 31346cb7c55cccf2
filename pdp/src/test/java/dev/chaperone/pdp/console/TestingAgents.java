package dev.chaperone.pdp.console;

import com.google.protobuf.ByteString;
import dev.chaperone.approval.v1.Approval;
import dev.chaperone.approval.v1.ConsumeRequest;
import dev.chaperone.approval.v1.CreateApprovalRequest;
import dev.chaperone.audit.v1.Parameter;
import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.decision.v1.PrincipalKind;
import dev.chaperone.decision.v1.Relation;
import dev.chaperone.decision.v1.Use;
import dev.chaperone.pdp.approval.Approvals;
import dev.chaperone.pdp.approval.ApprovalsConfig;
import dev.chaperone.proto.HoldDigest;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;

/** The real service of approvals, on the database that it starts by itself, and agents whose statements it holds. */
final class TestingAgents implements AutoCloseable {

    private static final String POLICY = "abc123";
    private static final List<Parameter> PARAMETERS = List.of(
            Parameter.newBuilder().setValue(ByteString.copyFromUtf8("2024")).build());

    final Approvals approvals;

    TestingAgents(Path directory) {
        approvals = new Approvals(
                ApprovalsConfig.of(ApprovalsConfig.Store.embedded(directory.resolve("approvals"))),
                () -> POLICY,
                List.of());
        approvals.start();
    }

    /** What an agent wants to run for somebody. */
    Approval hold(String issuer, String subject, String agent, String statement) {
        DecideRequest.Builder request = DecideRequest.newBuilder();
        request.getPrincipalBuilder()
                .setKind(PrincipalKind.PRINCIPAL_KIND_AGENT)
                .setIssuer(issuer)
                .setSubject(subject)
                .setAgent(agent)
                .addDelegation(agent)
                .addGroups("clinicians");
        request.getActionBuilder().setProtocol("postgres").setOperation("select");
        Relation.Builder patients = request.getResourceBuilder()
                .setUpstream("clinic")
                .setEstimatedRows(4200)
                .addRelationsBuilder()
                .setDatabase("clinic")
                .setSchema("public")
                .setName("patients");
        patients.addColumnsBuilder().setName("ssn").addUses(Use.USE_OUTPUT);
        patients.addColumnsBuilder().setName("diagnosis").addUses(Use.USE_OUTPUT);
        patients.addColumnsBuilder().setName("city").addUses(Use.USE_PREDICATE);
        request.getContextBuilder()
                .setEnforcer("demo")
                .setSessionId("session-1")
                .setClientAddress("10.1.2.3")
                .setClientTls(true)
                .setPurpose("cohort for the study");
        Decision.Builder decision =
                Decision.newBuilder().setEffect(Effect.EFFECT_HOLD).setPolicyVersion(POLICY);
        decision.addObligationsBuilder()
                .getHoldBuilder()
                .addApproverGroups("privacy-office")
                .addBreakGlassGroups("on-call");
        decision.addObligationsBuilder()
                .getMaskBuilder()
                .setField("clinic.public.patients.ssn")
                .setFunction("last4");
        decision.addReasonsBuilder()
                .setRule("hold-bulk-reads")
                .setPack("hipaa")
                .setText("more than 1000 patients at a time")
                .setCitation("45 CFR 164.502(b)")
                .setEffect(Effect.EFFECT_HOLD);
        decision.addFieldClassesBuilder().setField("clinic.public.patients.ssn").setPhiClass("G");
        decision.addFieldClassesBuilder()
                .setField("clinic.public.patients.diagnosis")
                .setPhiClass("CLINICAL");
        decision.addFieldClassesBuilder()
                .setField("clinic.public.patients.city")
                .setPhiClass("NONE");
        return approvals.create(
                "dns:demo",
                CreateApprovalRequest.newBuilder()
                        .setRequest(request)
                        .setDecision(decision)
                        .setOperationText(statement)
                        .addAllParameters(PARAMETERS)
                        .setDigest(ByteString.copyFrom(
                                HoldDigest.of(request.build(), decision.build(), statement, PARAMETERS, "")))
                        .build());
    }

    /** The agent's statement is about to run: redeems the grant, or fails. */
    Approval run(Approval held) {
        return approvals.consume(
                "dns:demo",
                ConsumeRequest.newBuilder()
                        .setId(held.getId())
                        .setDigest(held.getDigest())
                        .setSessionId("session-1")
                        .setConsumptionId(UUID.randomUUID().toString())
                        .build());
    }

    @Override
    public void close() {
        approvals.close();
    }
}
