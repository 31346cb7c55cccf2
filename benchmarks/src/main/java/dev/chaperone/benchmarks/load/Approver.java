package dev.chaperone.benchmarks.load;

import dev.chaperone.approval.v1.Approval;
import dev.chaperone.approval.v1.ApprovalServiceGrpc;
import dev.chaperone.approval.v1.ApprovalServiceGrpc.ApprovalServiceBlockingStub;
import dev.chaperone.approval.v1.ApproveRequest;
import dev.chaperone.approval.v1.ListApprovalsRequest;
import dev.chaperone.approval.v1.State;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Somebody who approves whatever is held, over a connection that is open already. */
final class Approver implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final long LOOK_AGAIN_MILLIS = 2;

    private final ManagedChannel channel;
    private final ApprovalServiceBlockingStub people;

    Approver(World world) {
        Metadata headers = new Metadata();
        headers.put(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + world.officer());
        channel = NettyChannelBuilder.forAddress("127.0.0.1", world.peoplePort(), InsecureChannelCredentials.create())
                .build();
        people = ApprovalServiceGrpc.newBlockingStub(channel)
                .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
    }

    /** Waits until something is held. */
    Approval nextHeld() {
        long until = System.nanoTime() + PATIENCE.toNanos();
        while (System.nanoTime() < until) {
            var page = call().listApprovals(ListApprovalsRequest.newBuilder()
                    .addStates(State.STATE_PENDING)
                    .setPageSize(1)
                    .build());
            if (page.getApprovalsCount() > 0) {
                return page.getApprovals(0);
            }
            try {
                Thread.sleep(LOOK_AGAIN_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted", e);
            }
        }
        throw new IllegalStateException("nothing is held");
    }

    /** Consents. */
    void approve(String id) {
        call().approve(ApproveRequest.newBuilder()
                .setId(id)
                .setJustification("measured")
                .build());
    }

    private ApprovalServiceBlockingStub call() {
        return people.withDeadlineAfter(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }
}
