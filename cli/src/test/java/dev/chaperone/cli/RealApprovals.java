package dev.chaperone.cli;

import dev.chaperone.approval.v1.Approval;
import dev.chaperone.approval.v1.ApproveRequest;
import dev.chaperone.approval.v1.DenyRequest;
import dev.chaperone.approval.v1.ListApprovalsRequest;
import dev.chaperone.approval.v1.State;
import dev.chaperone.decision.v1.Principal;
import dev.chaperone.decision.v1.PrincipalKind;
import dev.chaperone.enforcer.DecisionClientConfig;
import dev.chaperone.pdp.approval.ApprovalException;
import dev.chaperone.pdp.approval.ApprovalServer;
import dev.chaperone.pdp.approval.Approvals;
import dev.chaperone.pdp.approval.ApprovalsConfig;
import dev.chaperone.proto.Secret;
import dev.chaperone.testkit.ApprovalBackend;
import dev.chaperone.testkit.PostgresBackend;
import dev.chaperone.testkit.ScriptedDecisions;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;

/** The approval service of a decision point, without the decisions, on a database of a PostgreSQL that is there. */
final class RealApprovals implements ApprovalBackend {

    private static final String DATABASE = "approvals";
    private static final Principal PERSON = Principal.newBuilder()
            .setKind(PrincipalKind.PRINCIPAL_KIND_HUMAN)
            .setIssuer("https://id.example")
            .setSubject(APPROVER)
            .addGroups(APPROVERS)
            .build();

    private final PostgresBackend postgres;
    private final Approvals approvals;
    private final ApprovalServer service;
    private final Server server;

    private RealApprovals(PostgresBackend postgres, Approvals approvals, ApprovalServer service, Server server) {
        this.postgres = postgres;
        this.approvals = approvals;
        this.service = service;
        this.server = server;
    }

    static RealApprovals start(PostgresBackend postgres) throws IOException {
        postgres.createDatabase(DATABASE);
        Approvals approvals = new Approvals(
                ApprovalsConfig.of(ApprovalsConfig.Store.at(
                        postgres.jdbcUrl(DATABASE), postgres.superuser(), new Secret(postgres.superuserPassword()))),
                () -> ScriptedDecisions.POLICY,
                List.of());
        approvals.start();
        ApprovalServer service =
                new ApprovalServer(new ApprovalsConfig.Listen("127.0.0.1", 0, null, true), approvals, token -> {
                    throw new IllegalStateException("people decide in this process");
                });
        Server server = NettyServerBuilder.forAddress(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), InsecureServerCredentials.create())
                .addService(service.forEnforcers())
                .build()
                .start();
        return new RealApprovals(postgres, approvals, service, server);
    }

    @Override
    public DecisionClientConfig enforcers() {
        return DecisionClientConfig.plaintext("127.0.0.1:" + server.getPort());
    }

    @Override
    public String awaitHeld(String text) throws Exception {
        Await.until(() -> !holding(text).isEmpty(), () -> "nothing is held with `" + text + "`");
        return holding(text).get(0);
    }

    private List<String> holding(String text) {
        return with(text).stream()
                .filter(approval -> approval.getState() == State.STATE_PENDING)
                .map(Approval::getId)
                .toList();
    }

    private List<Approval> with(String text) {
        return approvals
                .list(PERSON, ListApprovalsRequest.newBuilder().setPageSize(500).build())
                .getApprovalsList()
                .stream()
                .filter(approval -> approval.getOperationText().contains(text))
                .toList();
    }

    @Override
    public boolean approve(String id, String why) {
        try {
            approvals.approve(
                    PERSON,
                    ApproveRequest.newBuilder().setId(id).setJustification(why).build());
            return true;
        } catch (ApprovalException e) {
            if (e.problem() != ApprovalException.Problem.CONFLICT) {
                throw e;
            }
            return false;
        }
    }

    @Override
    public void deny(String id, String why) {
        approvals.deny(
                PERSON, DenyRequest.newBuilder().setId(id).setJustification(why).build());
    }

    @Override
    public void lapse(String id) {
        postgres.executeIn(DATABASE, "update approval set expires_at = clock_timestamp() where id = '" + id + "'");
    }

    @Override
    public State state(String id) {
        return approvals.get(PERSON, id).getState();
    }

    @Override
    public int count(String text) {
        return with(text).size();
    }

    @Override
    public void close() {
        service.close();
        server.shutdownNow();
        approvals.close();
    }
}
