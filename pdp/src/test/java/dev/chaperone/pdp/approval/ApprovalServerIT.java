package dev.chaperone.pdp.approval;

import static dev.chaperone.pdp.approval.TestingApprovals.no;
import static dev.chaperone.pdp.approval.TestingApprovals.request;
import static dev.chaperone.pdp.approval.TestingApprovals.terms;
import static dev.chaperone.pdp.approval.TestingApprovals.use;
import static dev.chaperone.pdp.approval.TestingApprovals.yes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.chaperone.approval.v1.Approval;
import dev.chaperone.approval.v1.ApprovalServiceGrpc;
import dev.chaperone.approval.v1.ApprovalServiceGrpc.ApprovalServiceBlockingStub;
import dev.chaperone.approval.v1.GetApprovalRequest;
import dev.chaperone.approval.v1.ListApprovalsRequest;
import dev.chaperone.approval.v1.State;
import dev.chaperone.approval.v1.WatchApprovalRequest;
import dev.chaperone.approval.v1.WatchApprovalsRequest;
import dev.chaperone.enforcer.IdentityConfig;
import dev.chaperone.enforcer.OidcAuthenticator;
import dev.chaperone.testkit.Backends;
import dev.chaperone.testkit.OidcBackend;
import dev.chaperone.testkit.TokenSpec;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The service over gRPC with real tokens, on the embedded database that it starts by itself. */
class ApprovalServerIT {

    private static final String NAME = "approval-server-it";

    private static OidcBackend provider;
    private static OidcAuthenticator authenticator;
    private static Approvals approvals;
    private static ApprovalServer server;
    private static Server enforcers;
    private static ManagedChannel people;
    private static ManagedChannel enforcer;

    @BeforeAll
    static void start(@TempDir Path directory) throws Exception {
        provider = Backends.oidc();
        authenticator = new OidcAuthenticator(IdentityConfig.of(provider.issuer(), List.of(provider.audience()))
                .withClaims(new IdentityConfig.Claims(
                        "groups", List.of("act.sub", "azp"), List.of(), List.of("desk"), List.of())));
        approvals = new Approvals(
                ApprovalsConfig.of(ApprovalsConfig.Store.embedded(directory.resolve("approvals"))),
                () -> TestingApprovals.POLICY,
                List.of());
        approvals.start();
        server = new ApprovalServer(
                new ApprovalsConfig.Listen("127.0.0.1", 0, null, true),
                approvals,
                token -> authenticator.authenticate(token).exceptionally(failure -> {
                    throw new CompletionException(
                            new ApprovalException(ApprovalException.Problem.UNAUTHENTICATED, "the token is refused"));
                }));
        server.start();
        enforcers = InProcessServerBuilder.forName(NAME)
                .directExecutor()
                .addService(server.forEnforcers())
                .build()
                .start();
        enforcer = InProcessChannelBuilder.forName(NAME).directExecutor().build();
        people = NettyChannelBuilder.forAddress("127.0.0.1", server.port(), InsecureChannelCredentials.create())
                .build();
    }

    @AfterAll
    static void stop() {
        people.shutdownNow();
        enforcer.shutdownNow();
        enforcers.shutdownNow();
        server.close();
        approvals.close();
        authenticator.close();
        provider.close();
    }

    private static ApprovalServiceBlockingStub gate() {
        return ApprovalServiceGrpc.newBlockingStub(enforcer).withDeadlineAfter(60, TimeUnit.SECONDS);
    }

    private static ApprovalServiceBlockingStub with(String... authorization) {
        Metadata headers = new Metadata();
        for (String value : authorization) {
            headers.put(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), value);
        }
        return ApprovalServiceGrpc.newBlockingStub(people)
                .withDeadlineAfter(60, TimeUnit.SECONDS)
                .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
    }

    private static String token(TokenSpec spec) {
        return "Bearer " + provider.token(spec);
    }

    private static TokenSpec human(String name, String... groups) {
        return TokenSpec.of(name).withAuthorizedParty("desk").withGroups(groups);
    }

    @Test
    void aPersonDecidesWhatAnEnforcerWaitsFor() {
        Approval held = gate().createApproval(request("s1", "select name from patients", terms()));
        assertThat(held.hasRequest()).isFalse();
        assertThat(held.getOperationText()).isEmpty();
        Iterator<Approval> watching = gate().watchApproval(
                        WatchApprovalRequest.newBuilder().setId(held.getId()).build());
        assertThat(watching.next().getState()).isEqualTo(State.STATE_PENDING);

        ApprovalServiceBlockingStub bob = with(token(human("bob", "privacy")));
        assertThat(bob.listApprovals(ListApprovalsRequest.getDefaultInstance()).getApprovalsList())
                .extracting(Approval::getId)
                .contains(held.getId());
        assertThat(bob.getApproval(GetApprovalRequest.newBuilder()
                                .setId(held.getId())
                                .build())
                        .getOperationText())
                .isEqualTo("select name from patients");
        assertThat(bob.approve(yes(held)).getVotes(0).getVoter().getSubject()).isEqualTo("bob");

        Approval granted = watching.next();
        assertThat(granted.getState()).isEqualTo(State.STATE_APPROVED);
        assertThat(gate().consume(use(granted, "s1", "c")).getState()).isEqualTo(State.STATE_CONSUMED);
        assertThat(watching.next().getState()).isEqualTo(State.STATE_CONSUMED);
        assertThat(watching.hasNext()).isFalse();
    }

    @Test
    void refusesWhoeverIsNotWhoTheyWouldHaveToBe() {
        Approval held = gate().createApproval(request("s2", "select 2", terms()));
        refused(Status.Code.UNAUTHENTICATED, () -> with().approve(yes(held)));
        refused(Status.Code.UNAUTHENTICATED, () -> with("Bearer nonsense").approve(yes(held)));
        refused(Status.Code.UNAUTHENTICATED, () -> with("Basic Ym9iOmJvYg==").approve(yes(held)));
        String bob = token(human("bob", "privacy"));
        refused(Status.Code.UNAUTHENTICATED, () -> with(bob, bob).approve(yes(held)));
        refused(
                Status.Code.UNAUTHENTICATED,
                () -> with(token(human("bob", "privacy").withLifetime(Duration.ofMinutes(-5))))
                        .approve(yes(held)));
        refused(
                Status.Code.PERMISSION_DENIED,
                () -> with(token(human("alice", "privacy"))).approve(yes(held)));
        refused(Status.Code.PERMISSION_DENIED, () -> with(token(human("eve"))).approve(yes(held)));
        refused(
                Status.Code.PERMISSION_DENIED,
                () -> with(token(TokenSpec.of("bob").withAgent("claude").withGroups("privacy")))
                        .approve(yes(held)));
        refused(
                Status.Code.NOT_FOUND,
                () -> with(token(human("eve")))
                        .getApproval(GetApprovalRequest.newBuilder()
                                .setId(held.getId())
                                .build()));
        // What enforcers do cannot be done here, and what people do not there.
        refused(Status.Code.UNIMPLEMENTED, () -> with(bob).consume(use(held, "s2", "c")));
        refused(Status.Code.UNIMPLEMENTED, () -> with(bob).createApproval(request("s2", "select 3", terms())));
        refused(Status.Code.UNIMPLEMENTED, () -> gate().approve(yes(held)));
        refused(Status.Code.UNIMPLEMENTED, () -> gate().listApprovals(ListApprovalsRequest.getDefaultInstance()));
    }

    @Test
    void aPersonFollowsWhatIsHeld() {
        Iterator<Approval> seen =
                with(token(human("wanda", "watching"))).watchApprovals(WatchApprovalsRequest.getDefaultInstance());
        CompletableFuture<Approval> next = CompletableFuture.supplyAsync(seen::next);
        // Whether the stream is followed yet cannot be seen: another is held until it tells of one.
        for (int i = 0; !next.isDone(); i++) {
            gate().createApproval(request("s3-" + i, "select 4", terms().addApproverGroups("watching")));
            try {
                next.get(200, TimeUnit.MILLISECONDS);
            } catch (java.util.concurrent.TimeoutException e) {
                assertThat(i).isLessThan(90);
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        }
        Approval held = next.join();
        assertThat(held.getOperationText()).isEqualTo("select 4");
        with(token(human("wanda", "watching"))).deny(no(held));
        Approval changed;
        do {
            changed = seen.next();
        } while (!changed.getId().equals(held.getId()) || changed.getState() == State.STATE_PENDING);
        assertThat(changed.getState()).isEqualTo(State.STATE_DENIED);
    }

    private static void refused(Status.Code code, ThrowingCallable call) {
        StatusRuntimeException e = catchThrowableOfType(StatusRuntimeException.class, call);
        assertThat(e).isNotNull();
        assertThat(e.getStatus().getCode()).as(e.getMessage()).isEqualTo(code);
    }
}
