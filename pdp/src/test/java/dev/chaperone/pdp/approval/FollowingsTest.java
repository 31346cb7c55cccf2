package dev.chaperone.pdp.approval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.chaperone.approval.v1.Approval;
import dev.chaperone.approval.v1.ApprovalServiceGrpc;
import dev.chaperone.approval.v1.WatchApprovalsRequest;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

class FollowingsTest {

    @Test
    void whoeverIsTurnedAwayLeavesNothingBehind() throws Exception {
        Followings followings = new Followings();
        try (Approvals approvals = new Approvals(
                        ApprovalsConfig.of(ApprovalsConfig.Store.embedded(Path.of("never-started"))),
                        () -> "",
                        List.of());
                Calls calls = new Calls(1, 1)) {
            String name = InProcessServerBuilder.generateName();
            Server server = InProcessServerBuilder.forName(name)
                    .directExecutor()
                    .addService(new PeopleEndpoint(
                            approvals,
                            token -> CompletableFuture.failedStage(new IllegalStateException("nobody is known here")),
                            followings,
                            calls,
                            Clock.systemUTC()))
                    .build()
                    .start();
            ManagedChannel channel =
                    InProcessChannelBuilder.forName(name).directExecutor().build();
            try {
                Iterator<Approval> watched = ApprovalServiceGrpc.newBlockingStub(channel)
                        .withDeadlineAfter(60, TimeUnit.SECONDS)
                        .watchApprovals(WatchApprovalsRequest.getDefaultInstance());
                assertThatExceptionOfType(StatusRuntimeException.class)
                        .isThrownBy(watched::next)
                        .satisfies(refused ->
                                assertThat(refused.getStatus().getCode()).isEqualTo(Status.Code.UNAUTHENTICATED));
                long until = System.nanoTime() + Duration.ofSeconds(20).toNanos();
                while (followings.count() > 0) {
                    assertThat(System.nanoTime()).as("a stream is kept").isLessThan(until);
                    LockSupport.parkNanos(5_000_000);
                }
            } finally {
                channel.shutdownNow();
                server.shutdownNow();
            }
        }
    }
}
