package dev.chaperone.postgres;

import dev.chaperone.enforcer.Hold;
import dev.chaperone.enforcer.HoldAnswer;
import dev.chaperone.enforcer.HoldGate;
import dev.chaperone.enforcer.HoldRequest;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** People who decide when a test says so; nobody can be asked before a test says that somebody is there. */
final class TestingHolds implements HoldGate {

    private static final long PATIENCE_SECONDS = 20;

    private final BlockingQueue<Asked> asked = new LinkedBlockingQueue<>();
    private final AtomicInteger number = new AtomicInteger();
    private volatile boolean available;
    private volatile boolean broken;
    private volatile Duration wait = Duration.ofMinutes(5);

    /** One request, and its answer. */
    static final class Asked implements Hold {

        private final HoldRequest request;
        private final String id;
        private final Instant expiresAt;
        private final CompletableFuture<HoldAnswer> answer = new CompletableFuture<>();
        private final CompletableFuture<Void> withdrawn = new CompletableFuture<>();

        private Asked(HoldRequest request, String id, Instant expiresAt) {
            this.request = request;
            this.id = id;
            this.expiresAt = expiresAt;
        }

        HoldRequest request() {
            return request;
        }

        /** Answers on another thread, as a real service does. */
        void answer(HoldAnswer.Outcome outcome, String words) {
            answer.completeAsync(() -> new HoldAnswer(outcome, words));
        }

        void grant() {
            answer(HoldAnswer.Outcome.GRANTED, "");
        }

        /** Waits until the enforcer has taken the request back. */
        void awaitWithdrawal() throws Exception {
            withdrawn.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        }

        boolean isWithdrawn() {
            return withdrawn.isDone();
        }

        @Override
        public String id() {
            return id;
        }

        @Override
        public Instant expiresAt() {
            return expiresAt;
        }

        @Override
        public CompletionStage<HoldAnswer> answer() {
            return answer;
        }

        @Override
        public void withdraw() {
            withdrawn.complete(null);
        }
    }

    /** From now on people can be asked; what was asked before is forgotten. */
    void open() {
        available = true;
        broken = false;
        wait = Duration.ofMinutes(5);
        asked.clear();
    }

    /** From now on people have that long to decide. */
    void lapseAfter(Duration time) {
        wait = time;
    }

    /** From now on whoever is to be asked cannot be reached. */
    void breakDown() {
        broken = true;
    }

    /** The next request. */
    Asked await() throws InterruptedException {
        Asked next = asked.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
        if (next == null) {
            throw new AssertionError("nobody was asked");
        }
        return next;
    }

    /** True when a request waits that no test has looked at. */
    boolean pending() {
        return !asked.isEmpty();
    }

    @Override
    public boolean available() {
        return available;
    }

    @Override
    public CompletionStage<Hold> ask(HoldRequest request) {
        return CompletableFuture.supplyAsync(() -> {
            if (broken) {
                throw new IllegalStateException("no route to the approval service");
            }
            Asked next = new Asked(
                    request, "ap-" + number.incrementAndGet(), Instant.now().plus(wait));
            asked.add(next);
            return next;
        });
    }
}
