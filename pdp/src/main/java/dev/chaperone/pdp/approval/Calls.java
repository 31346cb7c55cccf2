package dev.chaperone.pdp.approval;

import dev.chaperone.pdp.approval.ApprovalException.Problem;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Threads on which calls wait for the database, as many as it has connections: those of the network never wait. */
final class Calls implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Calls.class);

    private final ThreadPoolExecutor executor;

    Calls(int threads, int queue) {
        AtomicInteger number = new AtomicInteger();
        executor = new ThreadPoolExecutor(
                threads, threads, 30, TimeUnit.SECONDS, new ArrayBlockingQueue<>(queue), task -> {
                    Thread thread = new Thread(task, "chaperone-approvals-" + number.incrementAndGet());
                    thread.setDaemon(true);
                    return thread;
                });
        executor.allowCoreThreadTimeOut(true);
    }

    /** Answers a call with what the work gives. */
    <A> void answer(StreamObserver<A> responses, Supplier<A> work) {
        run(responses, () -> {
            A answer = work.get();
            responses.onNext(answer);
            responses.onCompleted();
        });
    }

    /** Runs a call's work; what it throws ends the call. */
    void run(StreamObserver<?> responses, Runnable work) {
        try {
            executor.execute(() -> {
                try {
                    work.run();
                } catch (RuntimeException e) {
                    refuse(responses, e);
                }
            });
        } catch (RejectedExecutionException e) {
            refuse(
                    responses,
                    new ApprovalException(Problem.TOO_MANY, "too many calls wait, or the service stops; try again", e));
        }
    }

    static void refuse(StreamObserver<?> responses, Throwable failure) {
        try {
            responses.onError(status(failure).asRuntimeException());
        } catch (IllegalStateException e) {
            LOG.debug("the caller of a refused call is gone already: {}", e.getMessage());
        }
    }

    private static Status status(Throwable failure) {
        if (!(failure instanceof ApprovalException refused)) {
            LOG.error("a call to the approval service failed", failure);
            return Status.INTERNAL.withDescription("the approval service failed; nothing is granted");
        }
        Status status = switch (refused.problem()) {
            case UNAUTHENTICATED -> Status.UNAUTHENTICATED;
            case NOT_FOUND -> Status.NOT_FOUND;
            case INVALID -> Status.INVALID_ARGUMENT;
            case FORBIDDEN -> Status.PERMISSION_DENIED;
            case CONFLICT -> Status.FAILED_PRECONDITION;
            case TOO_MANY -> Status.RESOURCE_EXHAUSTED;
            case UNAVAILABLE -> Status.UNAVAILABLE;
        };
        return status.withDescription(refused.getMessage());
    }

    @Override
    public void close() {
        executor.shutdownNow();
    }
}
