package dev.chaperone.enforcer;

import static dev.chaperone.enforcer.TestingRecording.await;
import static dev.chaperone.enforcer.TestingRecording.awaitRefused;
import static dev.chaperone.enforcer.TestingRecording.chain;
import static dev.chaperone.enforcer.TestingRecording.config;
import static dev.chaperone.enforcer.TestingRecording.controlSession;
import static dev.chaperone.enforcer.TestingRecording.delivered;
import static dev.chaperone.enforcer.TestingRecording.eventually;
import static dev.chaperone.enforcer.TestingRecording.facts;
import static dev.chaperone.enforcer.TestingRecording.started;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chaperone.audit.v1.RecordingChanged.Change;
import dev.chaperone.enforcer.RecordingConfig.Durability;
import dev.chaperone.enforcer.TestingRecordSinks.Mode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KafkaShipperTest {

    @TempDir
    Path spool;

    private final TestingRecordSinks sinks = new TestingRecordSinks(Mode.ACKNOWLEDGE);

    @Test
    void everyRecordArrivesInOrderAndShippedSegmentsGo() throws Exception {
        SpoolRecorder recorder = started(config(spool, "4096B", "64MiB", Durability.SPOOL), sinks);
        SessionRecorder session = recorder.open(facts());
        for (int i = 0; i < 300; i++) {
            await(session.record(delivered(i)));
        }
        recorder.close();
        assertThat(chain(sinks.sent(), session.sessionId())).hasSize(302);
        String control = controlSession(sinks.sent());
        assertThat(chain(sinks.sent(), control)).hasSize(4);
        assertThat(SpoolFiles.segments(spool)).hasSizeLessThanOrEqualTo(1);
        TestingRecordSinks after = new TestingRecordSinks(Mode.ACKNOWLEDGE);
        started(config(spool), after).close();
        assertThat(after.ledger(session.sessionId()))
                .as("nothing is sent twice")
                .isEmpty();
    }

    @Test
    void whatKafkaDidNotTakeIsShippedAfterARestartFromDisk() throws Exception {
        sinks.mode(Mode.AWAY);
        SpoolRecorder recorder = started(config(spool, "4096B", "64MiB", Durability.SPOOL), sinks);
        SessionRecorder session = recorder.open(facts());
        for (int i = 0; i < 100; i++) {
            await(session.record(delivered(1000)));
        }
        recorder.close();
        assertThat(sinks.sent()).isEmpty();

        sinks.mode(Mode.ACKNOWLEDGE);
        started(config(spool), sinks).close();
        assertThat(chain(sinks.sent(), session.sessionId())).hasSize(102);
    }

    @Test
    void whatWasNotAcknowledgedIsSentAgainAfterAFailure() throws Exception {
        sinks.mode(Mode.HOLD);
        SpoolRecorder recorder = started(config(spool), sinks);
        SessionRecorder session = recorder.open(facts());
        for (int i = 0; i < 20; i++) {
            await(session.record(delivered(i)));
        }
        eventually(() -> sinks.held() == 23);
        sinks.answerHeld(7);
        sinks.mode(Mode.ACKNOWLEDGE);
        eventually(() -> sinks.opened() == 2);
        recorder.close();
        assertThat(chain(sinks.ledger(session.sessionId()), session.sessionId()))
                .hasSize(22);
        assertThat(sinks.sent().stream().filter(one -> one.key().equals(session.sessionId())))
                .as("what came after the failed one was sent twice")
                .hasSizeGreaterThan(22);
    }

    @Test
    void aSinkThatAlwaysFailsIsTriedAgainAndNothingIsLost() throws Exception {
        sinks.mode(Mode.FAIL);
        SpoolRecorder recorder = started(config(spool), sinks);
        SessionRecorder session = recorder.open(facts());
        await(session.record(delivered(1)));
        eventually(() -> sinks.opened() > 3);
        sinks.mode(Mode.ACKNOWLEDGE);
        eventually(() -> sinks.ledger(session.sessionId()).size() == 2);
        recorder.close();
        assertThat(chain(sinks.ledger(session.sessionId()), session.sessionId()))
                .hasSize(3);
    }

    @Test
    void stallingAndResumingAreRecorded() throws Exception {
        sinks.mode(Mode.HOLD);
        SpoolRecorder recorder = started(config(spool), sinks);
        SessionRecorder session = recorder.open(facts());
        await(session.record(delivered(1)));
        eventually(() -> changes().contains(Change.CHANGE_SHIPPING_STALLED));
        await(session.record(delivered(2)));
        sinks.mode(Mode.ACKNOWLEDGE);
        eventually(() -> changes().contains(Change.CHANGE_SHIPPING_RESUMED));
        recorder.close();
        assertThat(changes()).containsExactly(Change.CHANGE_SHIPPING_STALLED, Change.CHANGE_SHIPPING_RESUMED);
    }

    @Test
    void withQuorumFuturesWaitForKafkaAndFailWhenItIsGone() throws Exception {
        RecordingConfig quorum = config(spool, "64KiB", "64MiB", Durability.QUORUM);
        SpoolRecorder recorder = started(quorum, sinks);
        SessionRecorder session = recorder.open(facts());
        await(session.record(delivered(1)));
        assertThat(sinks.ledger(session.sessionId())).hasSize(2);

        sinks.mode(Mode.HOLD);
        CompletableFuture<Void> waiting = session.record(delivered(2));
        eventually(() -> sinks.held() > 0);
        assertThat(waiting).isNotDone();
        awaitRefused(waiting);
        assertThatThrownBy(() -> recorder.open(facts())).isInstanceOf(EnforcementException.class);
        awaitRefused(session.record(delivered(3)));

        sinks.mode(Mode.ACKNOWLEDGE);
        eventually(() -> changes().contains(Change.CHANGE_ACCEPTING));
        SessionRecorder next = recorder.open(facts());
        await(next.record(delivered(4)));
        recorder.close();
        assertThat(chain(sinks.ledger(session.sessionId()), session.sessionId()))
                .as("opened, two recorded of which one was refused, closed")
                .hasSize(4);
        assertThat(chain(sinks.ledger(next.sessionId()), next.sessionId())).hasSize(3);
    }

    @Test
    void whatTheRecorderPromisesCannotBeConfiguredAway() {
        assertThatThrownBy(() ->
                        new RecordingConfig.Kafka("localhost:1", "t", 1, 1, Duration.ofSeconds(1), Map.of("acks", "0")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("`acks`");
        Map<String, Object> properties = KafkaRecordSink.producerProperties(new RecordingConfig.Kafka(
                "localhost:1", "t", 1, 1, Duration.ofSeconds(1), Map.of("security.protocol", "SSL")));
        assertThat(properties)
                .containsEntry("acks", "all")
                .containsEntry("enable.idempotence", true)
                .containsEntry("security.protocol", "SSL");
    }

    private List<Change> changes() {
        return sinks.sent().stream()
                .filter(one -> one.event().hasRecordingChanged())
                .map(one -> one.event().getRecordingChanged().getChange())
                .toList();
    }
}
