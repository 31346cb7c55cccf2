package dev.chaperone.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.AuditRecord;
import dev.chaperone.audit.v1.Delivered;
import dev.chaperone.audit.v1.RecordingChanged;
import dev.chaperone.audit.v1.SessionClosed;
import dev.chaperone.audit.v1.SessionOpened;
import dev.chaperone.enforcer.Recorder;
import dev.chaperone.enforcer.RecordingConfig;
import dev.chaperone.enforcer.RecordingKeys;
import dev.chaperone.enforcer.SessionRecorder;
import dev.chaperone.enforcer.SpoolRecorder;
import dev.chaperone.proto.AuditChain;
import dev.chaperone.proto.ByteSize;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The enforcer's recorder against a real broker. */
final class SpoolRecorderIT {

    private static final String TOPIC = "records";

    @TempDir
    Path directory;

    @Test
    void shipsTheLargestRecordAndWhatWasRecordedWhileKafkaWasAway() throws Exception {
        try (KafkaBackend kafka = Backends.kafka();
                SpoolRecorder recorder = recorder(kafka.bootstrapServers())) {
            recorder.start();
            SessionRecorder session = recorder.open(SessionOpened.newBuilder().setProtocol("test"));
            record(session, Recorder.MAX_EVENT - 4096);
            List<AuditEvent> seen = read(kafka, session.sessionId(), events -> events.size() == 2);
            assertThat(seen.get(1).getDelivered().getPayload().size()).isEqualTo(Recorder.MAX_EVENT - 4096);

            kafka.stop();
            for (int i = 0; i < 50; i++) {
                record(session, 1000);
            }
            kafka.start();
            session.close(SessionClosed.newBuilder().setCause("client").build()).get(20, TimeUnit.SECONDS);
            seen = read(kafka, session.sessionId(), events -> events.size() == 53);
            assertThat(seen.get(52).getSessionClosed().getCause()).isEqualTo("client");

            String control = seen.get(0).getSessionOpened().getControlSession();
            List<AuditEvent> listed = read(
                    kafka,
                    control,
                    events -> events.stream()
                            .anyMatch(event -> event.getRecordingChanged().getChange()
                                    == RecordingChanged.Change.CHANGE_SHIPPING_RESUMED));
            assertThat(listed)
                    .anyMatch(event -> event.getSessionStarted().getSessionId().equals(session.sessionId()));
        }
    }

    private static void record(SessionRecorder session, int bytes) throws Exception {
        byte[] payload = new byte[bytes];
        new Random(bytes).nextBytes(payload); // does not compress
        session.record(AuditEvent.newBuilder()
                        .setDelivered(Delivered.newBuilder().setPayload(ByteString.copyFrom(payload))))
                .get(20, TimeUnit.SECONDS);
    }

    private SpoolRecorder recorder(String bootstrapServers) {
        RecordingKeys.KeyFiles keys = RecordingKeys.generate(directory.resolve("keys"));
        return new SpoolRecorder(
                new RecordingConfig(
                        directory.resolve("spool"),
                        ByteSize.parse("1MiB"),
                        ByteSize.parse("64MiB"),
                        ByteSize.parse("64MiB"),
                        RecordingConfig.Durability.SPOOL,
                        Duration.ofSeconds(10),
                        keys.auditorPublicKey(),
                        keys.signingKey(),
                        keys.spoolKey(),
                        new RecordingConfig.Kafka(bootstrapServers, TOPIC, 1, 1, Duration.ofMillis(500), Map.of())),
                "test",
                new SimpleMeterRegistry());
    }

    /** A session's events, each once, in the order of arrival, which must be the chain's. */
    private static List<AuditEvent> read(KafkaBackend kafka, String session, Predicate<List<AuditEvent>> enough)
            throws Exception {
        Map<String, Object> properties =
                Map.of("bootstrap.servers", kafka.bootstrapServers(), "auto.offset.reset", "earliest");
        try (KafkaConsumer<String, byte[]> consumer =
                new KafkaConsumer<>(properties, new StringDeserializer(), new ByteArrayDeserializer())) {
            TopicPartition partition = new TopicPartition(TOPIC, 0);
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            List<AuditEvent> events = new ArrayList<>();
            byte[] previous = new byte[0];
            for (int polls = 0; !enough.test(events) && polls < 200; polls++) {
                for (ConsumerRecord<String, byte[]> one : consumer.poll(Duration.ofMillis(200))) {
                    AuditRecord record = AuditRecord.parseFrom(one.value());
                    AuditEvent event = AuditEvent.parseFrom(record.getEvent());
                    if (one.key().equals(session) && event.getSequence() >= events.size()) {
                        assertThat(event.getSequence()).isEqualTo(events.size());
                        assertThat(event.getPreviousHash().toByteArray()).isEqualTo(previous);
                        previous = AuditChain.hash(record.getEvent().toByteArray());
                        events.add(event);
                    }
                }
            }
            assertThat(enough.test(events)).as("%d events", events.size()).isTrue();
            return events;
        }
    }
}
