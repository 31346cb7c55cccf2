package dev.chaperone.audit;

import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.concurrent.TimeUnit;

/** Sends no faster than the other side reads: nothing piles up for one that is slow, and one that is too slow is given up. */
final class PacedResponses<A> {

    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(30);

    private final ServerCallStreamObserver<A> call;
    private final Object ready = new Object();

    /** Made on the thread of the call's beginning. */
    PacedResponses(ServerCallStreamObserver<A> call) {
        this.call = call;
        call.setOnReadyHandler(this::wake);
        call.setOnCancelHandler(this::wake);
    }

    private void wake() {
        synchronized (ready) {
            ready.notifyAll();
        }
    }

    /** Sends, as soon as there is room. */
    void send(A message) {
        long end = System.nanoTime() + PATIENCE_NANOS;
        synchronized (ready) {
            while (!call.isReady()) {
                requireWanted();
                long left = end - System.nanoTime();
                if (left <= 0) {
                    throw Status.RESOURCE_EXHAUSTED
                            .withDescription("what is sent is not read; ask again")
                            .asRuntimeException();
                }
                try {
                    TimeUnit.NANOSECONDS.timedWait(ready, left);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw Status.UNAVAILABLE.withDescription("the sink stops").asRuntimeException();
                }
            }
        }
        call.onNext(message);
    }

    /** Goes no further when nobody waits for it. */
    void requireWanted() {
        if (call.isCancelled()) {
            throw Status.CANCELLED.asRuntimeException();
        }
    }
}
