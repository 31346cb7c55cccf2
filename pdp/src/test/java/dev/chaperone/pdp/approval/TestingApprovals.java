package dev.chaperone.pdp.approval;

import com.google.protobuf.ByteString;
import com.google.protobuf.Duration;
import dev.chaperone.approval.v1.Approval;
import dev.chaperone.approval.v1.ApproveRequest;
import dev.chaperone.approval.v1.ConsumeRequest;
import dev.chaperone.approval.v1.CreateApprovalRequest;
import dev.chaperone.approval.v1.DenyRequest;
import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.decision.v1.HoldTerms;
import dev.chaperone.decision.v1.Principal;
import dev.chaperone.decision.v1.PrincipalKind;
import dev.chaperone.proto.HoldDigest;
import dev.chaperone.proto.Secret;
import dev.chaperone.testkit.PostgresBackend;
import java.util.List;

/** What the tests of approvals ask for, and who decides. */
final class TestingApprovals {

    static final String POLICY = "policy-1";
    static final String ISSUER = "https://id.example";

    /** The enforcer that asks. */
    static final String ENFORCER = "dns:pg.example";

    private TestingApprovals() {}

    /** Approvals in a database of their own, which may be opened several times. */
    static ApprovalsConfig config(PostgresBackend postgres, String database) {
        return ApprovalsConfig.of(new ApprovalsConfig.Store(
                postgres.jdbcUrl(database),
                postgres.superuser(),
                new Secret(postgres.superuserPassword()),
                java.nio.file.Path.of(""),
                6));
    }

    static HoldTerms.Builder terms() {
        return HoldTerms.newBuilder().addApproverGroups("privacy");
    }

    /** What alice's agent asks for in a session. */
    static CreateApprovalRequest request(String session, String statement, HoldTerms.Builder terms) {
        DecideRequest.Builder request = DecideRequest.newBuilder();
        request.getPrincipalBuilder()
                .setKind(PrincipalKind.PRINCIPAL_KIND_AGENT)
                .setIssuer(ISSUER)
                .setSubject("alice")
                .setAgent("claude");
        request.getActionBuilder().setProtocol("postgres").setOperation("select");
        request.getResourceBuilder().setUpstream("clinic");
        request.getContextBuilder().setEnforcer("pg").setSessionId(session);
        Decision.Builder decision =
                Decision.newBuilder().setEffect(Effect.EFFECT_HOLD).setPolicyVersion(POLICY);
        decision.addObligationsBuilder().setHold(terms);
        return CreateApprovalRequest.newBuilder()
                .setRequest(request)
                .setDecision(decision)
                .setOperationText(statement)
                .setDigest(
                        ByteString.copyFrom(HoldDigest.of(request.build(), decision.build(), statement, List.of(), "")))
                .build();
    }

    static Principal person(String name, String... groups) {
        return Principal.newBuilder()
                .setKind(PrincipalKind.PRINCIPAL_KIND_HUMAN)
                .setIssuer(ISSUER)
                .setSubject(name)
                .addAllGroups(List.of(groups))
                .build();
    }

    static ApproveRequest yes(Approval approval) {
        return ApproveRequest.newBuilder()
                .setId(approval.getId())
                .setJustification("treatment")
                .build();
    }

    static DenyRequest no(Approval approval) {
        return DenyRequest.newBuilder()
                .setId(approval.getId())
                .setJustification("too much")
                .build();
    }

    static ConsumeRequest use(Approval approval, String session, String consumption) {
        return ConsumeRequest.newBuilder()
                .setId(approval.getId())
                .setDigest(approval.getDigest())
                .setSessionId(session)
                .setConsumptionId(consumption)
                .build();
    }

    static Duration.Builder millis(int millis) {
        return Duration.newBuilder().setSeconds(millis / 1000).setNanos(millis % 1000 * 1_000_000);
    }
}
