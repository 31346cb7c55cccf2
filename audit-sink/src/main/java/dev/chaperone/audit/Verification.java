package dev.chaperone.audit;

import dev.chaperone.audit.v1.VerificationResult;
import dev.chaperone.audit.v1.VerifyLedgerResponse;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Verifies the ledger on request: one verification at a time, which everybody who asks meanwhile follows. */
final class Verification implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(Verification.class);

    private final Path ledger;
    private final List<Path> keys;
    private final List<Predicate<VerifyLedgerResponse>> followers = new CopyOnWriteArrayList<>();
    private volatile @Nullable VerificationResult last;
    private volatile boolean closed;

    // Guarded by this.
    private @Nullable Thread running;

    Verification(Path ledger, List<Path> keys) {
        this.ledger = ledger;
        this.keys = keys;
    }

    /** Whether there are keys to verify by. */
    boolean possible() {
        return !keys.isEmpty();
    }

    /** The last result; null when there was none. */
    @Nullable
    VerificationResult last() {
        return last;
    }

    /**
     * Begins one, or joins the one that runs.
     *
     * @param follower is told how far it is and at last of the result, on another thread; says whether it wants to know more
     */
    synchronized void follow(String askedBy, Predicate<VerifyLedgerResponse> follower) {
        followers.add(follower);
        if (running == null) {
            Thread thread = new Thread(() -> run(askedBy), "audit-sink-verification");
            thread.setDaemon(true);
            running = thread;
            thread.start();
        }
    }

    private void run(String askedBy) {
        VerificationResult.Builder result;
        Instant began = Instant.now();
        long total = 0;
        try {
            total = bytes();
            long all = total;
            tell(VerifyLedgerResponse.newBuilder().setBytesTotal(all).build());
            result = EvidenceMessages.verification(LedgerVerifier.verify(
                    ledger,
                    TrustedKeys.read(keys),
                    read -> tell(VerifyLedgerResponse.newBuilder()
                            .setBytesRead(Math.min(read, all))
                            .setBytesTotal(all)
                            .build())));
        } catch (CancellationException e) {
            result = VerificationResult.newBuilder().setFailure("the sink stops");
        } catch (IOException | RuntimeException e) {
            log.error("the ledger could not be verified", e);
            result = VerificationResult.newBuilder().setFailure(String.valueOf(e.getMessage()));
        }
        VerificationResult done = result.setBegan(EvidenceMessages.timestamp(began))
                .setEnded(EvidenceMessages.timestamp(Instant.now()))
                .setAskedBy(askedBy)
                .build();
        last = done;
        synchronized (this) {
            running = null;
            VerifyLedgerResponse end = VerifyLedgerResponse.newBuilder()
                    .setBytesRead(total)
                    .setBytesTotal(total)
                    .setResult(done)
                    .build();
            followers.removeIf(follower -> !follower.test(end));
            followers.clear();
        }
    }

    private void tell(VerifyLedgerResponse progress) {
        if (closed) {
            throw new CancellationException();
        }
        followers.removeIf(follower -> !follower.test(progress));
    }

    private long bytes() throws IOException {
        try {
            long all = 0;
            for (Ledger.Segment segment : Ledger.open(ledger).segments()) {
                all += Files.size(segment.file());
            }
            return all;
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    @Override
    public void close() {
        closed = true;
        Thread thread;
        synchronized (this) {
            thread = running;
        }
        if (thread != null) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
