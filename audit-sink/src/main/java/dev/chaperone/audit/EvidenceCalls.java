package dev.chaperone.audit;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.time.DateTimeException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Threads that read files for calls; those of the network never wait for a disk. */
final class EvidenceCalls implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(EvidenceCalls.class);
    private static final int THREADS = 4;
    private static final int WAITING = 64;

    private final ThreadPoolExecutor executor;

    EvidenceCalls() {
        AtomicInteger number = new AtomicInteger();
        executor = new ThreadPoolExecutor(
                THREADS, THREADS, 30, TimeUnit.SECONDS, new ArrayBlockingQueue<>(WAITING), task -> {
                    Thread thread = new Thread(task, "audit-sink-evidence-" + number.incrementAndGet());
                    thread.setDaemon(true);
                    return thread;
                });
        executor.allowCoreThreadTimeOut(true);
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
                    Status.RESOURCE_EXHAUSTED
                            .withDescription("too many ask, or the sink stops; try again")
                            .asRuntimeException());
        }
    }

    private static void refuse(StreamObserver<?> responses, RuntimeException failure) {
        try {
            responses.onError(status(failure).asRuntimeException());
        } catch (IllegalStateException e) {
            log.debug("the caller of a refused call is gone already: {}", e.getMessage());
        }
    }

    private static Status status(RuntimeException failure) {
        if (failure instanceof StatusRuntimeException refused) {
            return refused.getStatus();
        }
        if (failure instanceof IllegalArgumentException || failure instanceof DateTimeException) {
            return Status.INVALID_ARGUMENT.withDescription(failure.getMessage());
        }
        log.error("a question about the ledger could not be answered", failure);
        return Status.UNAVAILABLE.withDescription("the ledger cannot be read now; it is in the sink's log");
    }

    @Override
    public void close() {
        executor.shutdownNow();
    }
}
