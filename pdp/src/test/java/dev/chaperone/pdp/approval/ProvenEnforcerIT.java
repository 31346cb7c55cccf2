package dev.chaperone.pdp.approval;

import static dev.chaperone.pdp.approval.TestingApprovals.person;
import static dev.chaperone.pdp.approval.TestingApprovals.request;
import static dev.chaperone.pdp.approval.TestingApprovals.terms;
import static dev.chaperone.pdp.approval.TestingApprovals.use;
import static dev.chaperone.pdp.approval.TestingApprovals.yes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.chaperone.approval.v1.Approval;
import dev.chaperone.approval.v1.ApprovalServiceGrpc;
import dev.chaperone.approval.v1.ApprovalServiceGrpc.ApprovalServiceBlockingStub;
import dev.chaperone.approval.v1.CancelRequest;
import dev.chaperone.approval.v1.State;
import dev.chaperone.approval.v1.WatchApprovalRequest;
import dev.chaperone.pdp.TestingCertificate;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.TlsServerCredentials;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.bouncycastle.asn1.x509.GeneralName;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Enforcers that prove with certificates who they are: what one has asked for is no other's. */
class ProvenEnforcerIT {

    private static final GeneralName HERE = new GeneralName(GeneralName.iPAddress, "127.0.0.1");

    private static Approvals approvals;
    private static ApprovalServer service;
    private static Server server;
    private static Path authorities;
    private static TestingCertificate own;
    private static TestingCertificate clinic;
    private static TestingCertificate clinicRenewed;
    private static TestingCertificate research;
    private static TestingCertificate workload;
    private static TestingCertificate plain;

    private static final List<ManagedChannel> CHANNELS = new ArrayList<>();

    @BeforeAll
    static void start(@TempDir Path directory) throws IOException {
        own = TestingCertificate.in(directory, "pdp");
        clinic = TestingCertificate.in(directory, "clinic", dns("clinic.example"), HERE);
        clinicRenewed = TestingCertificate.in(directory, "clinic-renewed", HERE, dns("clinic.example"));
        research = TestingCertificate.in(directory, "research", dns("research.example"));
        workload = TestingCertificate.in(
                directory,
                "workload",
                dns("clinic.example"),
                new GeneralName(GeneralName.uniformResourceIdentifier, "spiffe://example/pg"));
        plain = TestingCertificate.in(directory, "plain", HERE);
        authorities = directory.resolve("authorities.pem");
        StringBuilder pem = new StringBuilder();
        for (TestingCertificate one : List.of(clinic, clinicRenewed, research, workload, plain)) {
            pem.append(Files.readString(one.certificate()));
        }
        Files.writeString(authorities, pem);
        approvals = new Approvals(
                ApprovalsConfig.of(ApprovalsConfig.Store.embedded(directory.resolve("approvals"))),
                () -> TestingApprovals.POLICY,
                List.of());
        approvals.start();
        service = new ApprovalServer(new ApprovalsConfig.Listen("127.0.0.1", 0, null, true), approvals, token -> {
            throw new IllegalStateException("nobody comes with a token");
        });
        server = NettyServerBuilder.forAddress(
                        new InetSocketAddress("127.0.0.1", 0),
                        TlsServerCredentials.newBuilder()
                                .keyManager(
                                        own.certificate().toFile(), own.key().toFile())
                                .trustManager(authorities.toFile())
                                .clientAuth(TlsServerCredentials.ClientAuth.REQUIRE)
                                .build())
                .addService(service.forEnforcers())
                .build()
                .start();
    }

    private static GeneralName dns(String name) {
        return new GeneralName(GeneralName.dNSName, name);
    }

    @AfterAll
    static void stop() {
        CHANNELS.forEach(ManagedChannel::shutdownNow);
        server.shutdownNow();
        service.close();
        approvals.close();
    }

    private static ApprovalServiceBlockingStub as(TestingCertificate enforcer) throws IOException {
        ManagedChannel channel = NettyChannelBuilder.forAddress(
                        "127.0.0.1",
                        server.getPort(),
                        TlsChannelCredentials.newBuilder()
                                .trustManager(own.certificate().toFile())
                                .keyManager(
                                        enforcer.certificate().toFile(),
                                        enforcer.key().toFile())
                                .build())
                .build();
        CHANNELS.add(channel);
        return ApprovalServiceGrpc.newBlockingStub(channel).withDeadlineAfter(60, TimeUnit.SECONDS);
    }

    @Test
    void whatOneHasAskedForNoOtherFollowsWithdrawsOrRedeems() throws IOException {
        Approval held = as(clinic).createApproval(request("s1", "select 1", terms()));
        assertThat(held.getProvenEnforcer()).isEqualTo("dns:clinic.example");
        ApprovalServiceBlockingStub other = as(research);
        refused(() -> other.watchApproval(
                        WatchApprovalRequest.newBuilder().setId(held.getId()).build())
                .next());
        refused(() ->
                other.cancel(CancelRequest.newBuilder().setId(held.getId()).build()));
        approvals.approve(person("bob", "privacy"), yes(held));
        refused(() -> other.consume(use(held, "s1", "c")));
        refused(() -> as(workload).consume(use(held, "s1", "c")));

        // The same enforcer with a certificate that was renewed.
        assertThat(as(clinicRenewed).consume(use(held, "s1", "c")).getState()).isEqualTo(State.STATE_CONSUMED);
    }

    @Test
    void isNamedByWhatStaysWhenACertificateIsRenewed() throws IOException {
        assertThat(as(workload)
                        .createApproval(request("s2", "select 1", terms()))
                        .getProvenEnforcer())
                .isEqualTo("uri:spiffe://example/pg");
        assertThat(as(plain).createApproval(request("s2", "select 1", terms())).getProvenEnforcer())
                .isEqualTo("subject:CN=plain");
    }

    private static void refused(ThrowingCallable call) {
        StatusRuntimeException e = catchThrowableOfType(StatusRuntimeException.class, call);
        assertThat(e).isNotNull();
        assertThat(e.getStatus().getCode()).as(e.getMessage()).isEqualTo(Status.Code.NOT_FOUND);
        assertThat(e.getStatus().getDescription()).contains("another enforcer");
    }
}
