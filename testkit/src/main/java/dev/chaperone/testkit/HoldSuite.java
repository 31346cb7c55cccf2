package dev.chaperone.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaperone.approval.v1.State;
import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.AuditEvent.BodyCase;
import dev.chaperone.audit.v1.HoldEnded;
import dev.chaperone.audit.v1.Vote;
import dev.chaperone.decision.v1.GrantMode;
import dev.chaperone.decision.v1.HoldTerms;
import dev.chaperone.decision.v1.Principal;
import dev.chaperone.decision.v1.PrincipalKind;
import dev.chaperone.enforcer.Authenticator;
import dev.chaperone.enforcer.DecisionClient;
import dev.chaperone.enforcer.DecisionClientConfig;
import dev.chaperone.enforcer.GrpcHoldGate;
import dev.chaperone.enforcer.HoldGate;
import dev.chaperone.enforcer.Recorder;
import dev.chaperone.proto.ErrorCode;
import dev.chaperone.testkit.EnforcerSuite.Refusal;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * What every enforcer owes to those who decide on what a policy holds, whatever its protocol: exactly what they were shown runs, once
 * for each grant, and nothing runs without one. An enforcer's test extends this class, and says how to start a real approval service
 * and the enforcer that asks it, in front of a real upstream which keeps what is added to it.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class HoldSuite {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final AtomicInteger NUMBER = new AtomicInteger();

    private @Nullable ApprovalBackend service;

    /** A running enforcer. */
    public interface Guarded extends AutoCloseable {
        /** Opens a session, or what comes closest, by the protocol's own client. */
        Client connect() throws Exception;
    }

    /** A client of the protocol. Used for one operation at a time. */
    public interface Client extends AutoCloseable {
        /** Adds an entry to the upstream, and waits for the answer; null when that was done. */
        @Nullable
        Refusal add(String entry) throws Exception;

        /** Takes back the operation that is waited for. */
        void cancel() throws Exception;
    }

    /** Starts the service, whose policy in force is {@link ScriptedDecisions#POLICY}; the upstream may be started here, too. */
    protected abstract ApprovalBackend startApprovals() throws Exception;

    /** Starts the enforcer in front of the upstream with these collaborators. */
    protected abstract Guarded guard(
            Authenticator identities, DecisionClient decisions, HoldGate holds, Recorder recorder) throws Exception;

    /** How the protocol says a code: an SQLSTATE, an S3 error code, an HTTP status. */
    protected abstract String nativeCode(ErrorCode code);

    /** The protocol's own code for an operation that its client took back; null when it is not told one. */
    protected abstract @Nullable String cancelledCode();

    /** How often the upstream itself has that entry. */
    protected abstract int entries(String entry) throws Exception;

    /** Starts the service. */
    @BeforeAll
    void startService() throws Exception {
        service = startApprovals();
    }

    /** Stops it. */
    @AfterAll
    void stopService() {
        if (service != null) {
            service.close();
        }
    }

    @Test
    void whatIsApprovedRunsExactlyOnceAndIsOnRecord() throws Exception {
        String entry = entry();
        MemoryRecorder recorder = new MemoryRecorder();
        try (Scene scene = scene(once(), recorder)) {
            CompletableFuture<Outcome> running = scene.add(entry);
            String id = service().awaitHeld(entry);
            assertEquals(0, entries(entry));
            assertFalse(running.isDone());

            assertTrue(service().approve(id, "treatment"));

            assertNull(answer(running).refusal());
            assertEquals(1, entries(entry));
            assertEquals(State.STATE_CONSUMED, service().state(id));
            HoldEnded ended = ended(recorder);
            assertEquals(id, ended.getApprovalId());
            assertEquals(HoldEnded.Outcome.OUTCOME_GRANTED, ended.getOutcome());
            Vote vote = ended.getVotes(0);
            assertEquals(ApprovalBackend.APPROVER, vote.getVoter().getSubject());
            assertEquals("treatment", vote.getJustification());
            assertTrue(vote.hasAt());
            List<BodyCase> kinds = recorder.kinds();
            assertTrue(kinds.indexOf(BodyCase.OPERATION_HELD) < kinds.indexOf(BodyCase.HOLD_ENDED));

            // The grant is used up: the same is asked about again.
            CompletableFuture<Outcome> again = scene.add(entry);
            String another = service().awaitHeld(entry);
            assertNotEquals(id, another);
            service().deny(another, "once is enough");
            assertRefused(answer(again), another);
            assertEquals(1, entries(entry));
        }
    }

    @Test
    void whatIsDeniedDoesNotRunAndTheClientReadsWhy() throws Exception {
        String entry = entry();
        MemoryRecorder recorder = new MemoryRecorder();
        try (Scene scene = scene(once(), recorder)) {
            CompletableFuture<Outcome> running = scene.add(entry);
            String id = service().awaitHeld(entry);
            service().deny(id, "no patient is named");
            Refusal refusal = assertRefused(answer(running), id);
            assertTrue(refusal.message().contains("no patient is named"), refusal.message());
            assertTrue(refusal.message().contains(ApprovalBackend.APPROVER), refusal.message());
            assertEquals(HoldEnded.Outcome.OUTCOME_DENIED, ended(recorder).getOutcome());
            assertFalse(service().approve(id, "changed my mind"));
            assertEquals(0, entries(entry));
        }
    }

    @Test
    void whatNobodyDecidesOnLapsesAndDoesNotRun() throws Exception {
        String entry = entry();
        MemoryRecorder recorder = new MemoryRecorder();
        try (Scene scene = scene(once(), recorder)) {
            CompletableFuture<Outcome> running = scene.add(entry);
            String id = service().awaitHeld(entry);
            service().lapse(id);
            assertRefused(answer(running), id);
            assertEquals(HoldEnded.Outcome.OUTCOME_EXPIRED, ended(recorder).getOutcome());
            assertFalse(service().approve(id, "too late"));
            assertEquals(0, entries(entry));
        }
    }

    @Test
    void whoeverCancelsTakesTheRequestBack() throws Exception {
        String entry = entry();
        MemoryRecorder recorder = new MemoryRecorder();
        try (Scene scene = scene(once(), recorder)) {
            CompletableFuture<Outcome> running = scene.add(entry);
            String id = service().awaitHeld(entry);
            scene.client().cancel();
            Refusal refusal = answer(running).refusal();
            if (cancelledCode() != null) {
                assertNotNull(refusal, "the client is told");
                assertEquals(cancelledCode(), refusal.code(), refusal.message());
            }
            await(() -> service().state(id) == State.STATE_CANCELLED, id);
            assertFalse(service().approve(id, "too late"));
            assertEquals(0, entries(entry));
        }
    }

    @Test
    void whoeverGoesAwayTakesTheRequestBack() throws Exception {
        String entry = entry();
        try (Scene scene = scene(once(), new MemoryRecorder())) {
            CompletableFuture<Outcome> running = scene.add(entry);
            String id = service().awaitHeld(entry);
            scene.client().close();
            await(() -> service().state(id) == State.STATE_CANCELLED, id);
            await(running::isDone, id);
            assertFalse(service().approve(id, "too late"));
            assertEquals(0, entries(entry));
        }
    }

    @Test
    void whileAGrantLastsTheSamePassesAndAnythingElseIsAskedAboutAnew() throws Exception {
        String entry = entry();
        HoldTerms window =
                once().toBuilder().setMode(GrantMode.GRANT_MODE_WINDOW).build();
        try (Scene scene = scene(window, new MemoryRecorder())) {
            CompletableFuture<Outcome> first = scene.add(entry);
            String id = service().awaitHeld(entry);
            assertTrue(service().approve(id, "for the ward round"));
            assertNull(answer(first).refusal());

            assertNull(answer(scene.add(entry)).refusal());
            assertEquals(2, entries(entry));
            assertEquals(1, service().count(entry));

            String other = entry();
            CompletableFuture<Outcome> asked = scene.add(other);
            String another = service().awaitHeld(other);
            assertNotEquals(id, another);
            service().deny(another, "that is something else");
            assertRefused(answer(asked), another);
            assertEquals(0, entries(other));
        }
    }

    @Test
    void withoutAServiceThatAnswersNothingRuns() throws Exception {
        String entry = entry();
        DecisionClientConfig nobody = DecisionClientConfig.plaintext("127.0.0.1:" + Directories.freePort());
        try (GrpcHoldGate gate = GrpcHoldGate.connect(nobody);
                Scene scene = scene(once(), gate, new MemoryRecorder())) {
            Refusal refusal = answer(scene.add(entry)).refusal();
            assertNotNull(refusal);
            assertEquals(nativeCode(ErrorCode.HELD), refusal.code(), refusal.message());
            assertEquals(0, entries(entry));
        }
    }

    @Test
    void withoutAnybodyToAskWhatIsHeldIsRefusedAtOnce() throws Exception {
        String entry = entry();
        try (Scene scene = scene(once(), HoldGate.NONE, new MemoryRecorder())) {
            Refusal refusal = answer(scene.add(entry)).refusal();
            assertNotNull(refusal);
            assertEquals(nativeCode(ErrorCode.HELD), refusal.code(), refusal.message());
            assertEquals(0, entries(entry));
            assertEquals(0, service().count(entry));
        }
    }

    /** What became of an operation. */
    private record Outcome(@Nullable Refusal refusal) {}

    /** An enforcer with one client. */
    private record Scene(Guarded enforcer, Client client, AutoCloseable gate) implements AutoCloseable {

        /** Adds an entry on another thread, since that waits for people. */
        CompletableFuture<Outcome> add(String entry) {
            CompletableFuture<Outcome> result = new CompletableFuture<>();
            Thread thread = new Thread(
                    () -> {
                        try {
                            result.complete(new Outcome(client.add(entry)));
                        } catch (Exception | AssertionError e) {
                            result.completeExceptionally(e);
                        }
                    },
                    "client");
            thread.setDaemon(true);
            thread.start();
            return result;
        }

        @Override
        public void close() throws Exception {
            try (gate;
                    enforcer) {
                client.close();
            }
        }
    }

    private Scene scene(HoldTerms terms, MemoryRecorder recorder) throws Exception {
        GrpcHoldGate gate = GrpcHoldGate.connect(service().enforcers());
        try {
            return scene(terms, gate, gate, recorder);
        } catch (Exception e) {
            gate.close();
            throw e;
        }
    }

    private Scene scene(HoldTerms terms, HoldGate gate, MemoryRecorder recorder) throws Exception {
        return scene(terms, gate, () -> {}, recorder);
    }

    private Scene scene(HoldTerms terms, HoldGate gate, AutoCloseable closing, MemoryRecorder recorder)
            throws Exception {
        Guarded enforcer = guard(HoldSuite::agent, ScriptedDecisions.hold(terms), gate, recorder);
        try {
            return new Scene(enforcer, enforcer.connect(), closing);
        } catch (Exception e) {
            enforcer.close();
            throw e;
        }
    }

    private static CompletableFuture<Principal> agent(String token) {
        return CompletableFuture.completedFuture(Principal.newBuilder()
                .setKind(PrincipalKind.PRINCIPAL_KIND_AGENT)
                .setIssuer("https://id.example")
                .setSubject("dr-grey")
                .setAgent("triage-bot")
                .build());
    }

    private static HoldTerms once() {
        return HoldTerms.newBuilder()
                .addApproverGroups(ApprovalBackend.APPROVERS)
                .build();
    }

    private static String entry() {
        return "entry " + NUMBER.incrementAndGet() + ";";
    }

    private static Outcome answer(CompletableFuture<Outcome> running) throws Exception {
        return running.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    private Refusal assertRefused(Outcome outcome, String id) {
        Refusal refusal = outcome.refusal();
        assertNotNull(refusal);
        assertEquals(nativeCode(ErrorCode.HELD), refusal.code(), refusal.message());
        assertTrue(refusal.message().contains(id), refusal.message());
        return refusal;
    }

    private static HoldEnded ended(MemoryRecorder recorder) {
        return recorder.events().stream()
                .filter(AuditEvent::hasHoldEnded)
                .findFirst()
                .orElseThrow(() -> new AssertionError("the end of the hold is not on record"))
                .getHoldEnded();
    }

    private static void await(Supplier<Boolean> condition, String what) throws InterruptedException {
        long until = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.get()) {
            assertTrue(System.nanoTime() < until, "in time: " + what);
            TimeUnit.MILLISECONDS.sleep(10);
        }
    }

    private ApprovalBackend service() {
        ApprovalBackend running = service;
        assertNotNull(running);
        return running;
    }
}
