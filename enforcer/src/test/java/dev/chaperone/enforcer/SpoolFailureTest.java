package dev.chaperone.enforcer;

import static dev.chaperone.enforcer.TestingRecording.await;
import static dev.chaperone.enforcer.TestingRecording.awaitRefused;
import static dev.chaperone.enforcer.TestingRecording.chain;
import static dev.chaperone.enforcer.TestingRecording.config;
import static dev.chaperone.enforcer.TestingRecording.controlSession;
import static dev.chaperone.enforcer.TestingRecording.delivered;
import static dev.chaperone.enforcer.TestingRecording.eventually;
import static dev.chaperone.enforcer.TestingRecording.facts;
import static dev.chaperone.enforcer.TestingRecording.recovered;
import static dev.chaperone.enforcer.TestingRecording.started;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.RecordingChanged.Change;
import dev.chaperone.audit.v1.SessionClosed;
import dev.chaperone.enforcer.RecordingConfig.Durability;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpoolFailureTest {

    @TempDir
    Path spool;

    private final TestingSegmentFiles disk = new TestingSegmentFiles();
    private final TestingRecordSinks sinks = new TestingRecordSinks(TestingRecordSinks.Mode.HOLD);

    @Test
    void whatAccumulatesDuringASyncSharesTheNextOne() throws Exception {
        // A Kafka that keeps silent would have its silence recorded after a while, by a sync of its own.
        sinks.mode(TestingRecordSinks.Mode.ACKNOWLEDGE);
        SpoolRecorder recorder = started(config(spool, "1MiB", "64MiB", Durability.SPOOL), sinks, disk);
        SessionRecorder session = recorder.open(facts());
        await(session.record(delivered(1)));
        int before = disk.forces();
        disk.block(true);
        CompletableFuture<Void> first = session.record(delivered(1));
        eventually(() -> disk.waiting() == 1);
        List<CompletableFuture<Void>> rest = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            rest.add(session.record(delivered(1)));
        }
        assertThat(first).isNotDone();
        assertThat(rest).noneMatch(CompletableFuture::isDone);
        disk.block(false);
        rest.forEach(TestingRecording::await);
        assertThat(first).isCompleted();
        assertThat(disk.forces() - before).isEqualTo(2);
        recorder.close();
    }

    @Test
    void relaxedDurabilityDoesNotSyncAndSaysSo() throws Exception {
        SpoolRecorder recorder = started(config(spool, "1MiB", "64MiB", Durability.RELAXED), sinks, disk);
        SessionRecorder session = recorder.open(facts());
        int before = disk.forces();
        await(session.record(delivered(1)));
        assertThat(disk.forces()).isEqualTo(before);
        recorder.close();
        List<TestingRecordSinks.Sent> records = recovered(spool);
        assertThat(chain(records, session.sessionId()).get(0).getSessionOpened().getDurability())
                .isEqualTo("relaxed");
        assertThat(chain(records, controlSession(records))
                        .get(0)
                        .getSessionOpened()
                        .getDurability())
                .isEqualTo("relaxed");
    }

    @Test
    void sessionsThatRecordAtOnceWithoutSyncsKeepTheirOrder() throws Exception {
        SpoolRecorder recorder = started(config(spool, "64KiB", "64MiB", Durability.RELAXED), sinks, disk);
        List<SessionRecorder> sessions = new ArrayList<>();
        List<Thread> threads = new ArrayList<>();
        List<Integer> outOfOrder = Collections.synchronizedList(new ArrayList<>());
        for (int i = 0; i < 4; i++) {
            SessionRecorder session = recorder.open(facts());
            sessions.add(session);
            threads.add(new Thread(() -> {
                AtomicInteger completed = new AtomicInteger();
                List<CompletableFuture<Void>> all = new ArrayList<>();
                for (int event = 0; event < 1000; event++) {
                    int number = event;
                    all.add(session.record(delivered(event % 7 == 0 ? 100_000 : 10))
                            .thenRun(() -> {
                                if (completed.getAndIncrement() != number) {
                                    outOfOrder.add(number);
                                }
                            }));
                }
                all.forEach(TestingRecording::await);
            }));
        }
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join();
        }
        recorder.close();
        assertThat(outOfOrder).isEmpty();
        List<TestingRecordSinks.Sent> records = recovered(spool);
        for (SessionRecorder session : sessions) {
            assertThat(chain(records, session.sessionId())).hasSize(1002);
        }
    }

    @Test
    void aDiskThatBreaksUnderAnEntryThatNeedsNoSyncIsTriedAgain() throws Exception {
        SpoolRecorder recorder = started(config(spool, "64KiB", "64MiB", Durability.RELAXED), sinks, disk);
        SessionRecorder lost = recorder.open(facts());
        await(lost.record(delivered(1)));
        disk.failWrites(true);
        awaitRefused(lost.record(delivered(2)));
        assertThat(refuses(recorder)).isTrue();

        disk.failWrites(false);
        eventually(() -> !refuses(recorder));
        SessionRecorder next = recorder.open(facts());
        await(next.record(delivered(4)));
        awaitRefused(lost.record(delivered(5)));
        recorder.close();

        List<TestingRecordSinks.Sent> records = recovered(spool);
        assertThat(chain(records, lost.sessionId())).hasSize(2);
        assertThat(chain(records, next.sessionId())).hasSize(3);
        assertThat(changes(chain(records, controlSession(records))))
                .containsSubsequence(Change.CHANGE_REFUSING, Change.CHANGE_ACCEPTING);
    }

    @Test
    void oneFailedSyncMovesTheGroupToANewSegmentAndLosesNothing() throws Exception {
        SpoolRecorder recorder = started(config(spool), sinks, disk);
        SessionRecorder session = recorder.open(facts());
        for (int i = 0; i < 10; i++) {
            await(session.record(delivered(i)));
            if (i % 3 == 0) {
                disk.failForces(1);
            }
        }
        await(session.close(SessionClosed.getDefaultInstance()));
        recorder.close();
        assertThat(chain(recovered(spool), session.sessionId())).hasSize(12);
        assertThat(SpoolFiles.segments(spool)).hasSizeGreaterThan(3);
    }

    @Test
    void aBrokenDiskFailsFuturesRefusesAndRecoversWithAWholeControlSession() throws Exception {
        SpoolRecorder recorder = started(config(spool), sinks, disk);
        SessionRecorder lost = recorder.open(facts());
        await(lost.record(delivered(1)));
        disk.failWrites(true);
        awaitRefused(lost.record(delivered(2)));
        awaitRefused(lost.record(delivered(3)));
        eventually(() -> refuses(recorder));
        assertThatThrownBy(() -> recorder.open(facts())).isInstanceOf(EnforcementException.class);
        awaitRefused(lost.close(SessionClosed.getDefaultInstance()));

        disk.failWrites(false);
        eventually(() -> !refuses(recorder));
        SessionRecorder next = recorder.open(facts());
        await(next.record(delivered(4)));
        awaitRefused(lost.record(delivered(5)));
        recorder.close();

        List<TestingRecordSinks.Sent> records = recovered(spool);
        assertThat(chain(records, lost.sessionId())).hasSize(2);
        assertThat(chain(records, next.sessionId())).hasSize(3);
        List<AuditEvent> control = chain(records, controlSession(records));
        assertThat(changes(control)).containsSubsequence(Change.CHANGE_REFUSING, Change.CHANGE_ACCEPTING);
        assertThat(control)
                .filteredOn(event -> event.getSessionEnded().getSessionId().equals(lost.sessionId()))
                .singleElement()
                .satisfies(event ->
                        assertThat(event.getSessionEnded().getLastSequence()).isEqualTo(1));
        assertThat(control.get(control.size() - 1).hasSessionClosed()).isTrue();
    }

    @Test
    void aDiskThatIsBrokenAtTheEndDoesNotKeepTheRecorderFromClosing() throws Exception {
        SpoolRecorder recorder = started(config(spool), sinks, disk);
        SessionRecorder session = recorder.open(facts());
        await(session.record(delivered(1)));
        disk.failWrites(true);
        awaitRefused(session.record(delivered(1)));
        recorder.close();
        disk.failWrites(false);
        assertThat(chain(recovered(spool), session.sessionId())).hasSize(2);
        SpoolRecorder next = started(config(spool), sinks, disk);
        next.close();
        List<TestingRecordSinks.Sent> records = recovered(spool);
        assertThat(chain(records, controlSession(records))
                        .get(0)
                        .getSessionOpened()
                        .getPreviousUnclean())
                .isTrue();
    }

    @Test
    void aFullSpoolRefusesUntilKafkaHasTakenEnough() throws Exception {
        SpoolRecorder recorder = started(config(spool, "64KiB", "256KiB", Durability.SPOOL), sinks, disk);
        SessionRecorder session = recorder.open(facts());
        CompletableFuture<Void> last = session.record(delivered(8192));
        int recorded = 1;
        while (!refuses(recorder)) {
            last = session.record(delivered(8192));
            recorded++;
            assertThat(recorded).isLessThan(100);
        }
        awaitRefused(last);
        assertThatThrownBy(() -> recorder.open(facts()))
                .isInstanceOf(EnforcementException.class)
                .hasMessageContaining("full");
        await(session.close(SessionClosed.getDefaultInstance()));

        sinks.mode(TestingRecordSinks.Mode.ACKNOWLEDGE);
        eventually(() -> !refuses(recorder));
        SessionRecorder next = recorder.open(facts());
        await(next.record(delivered(8192)));
        recorder.close();

        assertThat(chain(sinks.ledger(session.sessionId()), session.sessionId()))
                .hasSize(recorded + 1);
        assertThat(chain(sinks.ledger(next.sessionId()), next.sessionId())).hasSize(3);
        String control = controlSession(sinks.sent());
        assertThat(changes(chain(sinks.ledger(control), control)))
                .containsSubsequence(Change.CHANGE_REFUSING, Change.CHANGE_ACCEPTING);
    }

    private static List<Change> changes(List<AuditEvent> control) {
        return control.stream()
                .filter(AuditEvent::hasRecordingChanged)
                .map(event -> event.getRecordingChanged().getChange())
                .toList();
    }

    private static boolean refuses(SpoolRecorder recorder) {
        try {
            recorder.check();
            return false;
        } catch (EnforcementException e) {
            return true;
        }
    }
}
