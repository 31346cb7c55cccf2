package dev.chaperone.enforcer;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.Delivered;
import dev.chaperone.audit.v1.SessionOpened;
import dev.chaperone.proto.AuditChain;
import dev.chaperone.proto.ByteSize;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/** Keys, configurations and assertions that the recorder's tests share. */
final class TestingRecording {

    static final RecordingKeys.KeyFiles KEYS = keys();
    static final RecordingConfig.Kafka KAFKA =
            new RecordingConfig.Kafka("localhost:1", "chaperone.audit", 1, 1, Duration.ofMillis(200), Map.of());

    private TestingRecording() {}

    static RecordingConfig config(Path spool) {
        return config(spool, "64KiB", "64MiB", RecordingConfig.Durability.SPOOL);
    }

    static RecordingConfig config(Path spool, String segment, String max, RecordingConfig.Durability durability) {
        return new RecordingConfig(
                spool,
                ByteSize.parse(segment),
                ByteSize.parse(max),
                ByteSize.parse("64MiB"),
                durability,
                Duration.ofHours(1),
                KEYS.auditorPublicKey(),
                KEYS.signingKey(),
                KEYS.spoolKey(),
                KAFKA);
    }

    static SpoolRecorder started(RecordingConfig config, RecordSink.Opener sinks) {
        return started(config, sinks, SegmentFile::create);
    }

    static SpoolRecorder started(RecordingConfig config, RecordSink.Opener sinks, SegmentFile.Opener files) {
        SpoolRecorder recorder =
                new SpoolRecorder(config, "test", new SimpleMeterRegistry(), sinks, files, Clock.systemUTC());
        recorder.start();
        return recorder;
    }

    static SessionOpened.Builder facts() {
        return SessionOpened.newBuilder().setProtocol("postgres").setClientAddress("10.0.0.1:5");
    }

    static AuditEvent.Builder delivered(int bytes) {
        return AuditEvent.newBuilder()
                .setRequestNumber(1)
                .setDelivered(Delivered.newBuilder().setPayload(ByteString.copyFrom(new byte[bytes])));
    }

    static void await(CompletableFuture<?> future) {
        assertThat(future).succeedsWithin(20, TimeUnit.SECONDS);
    }

    static void awaitRefused(CompletableFuture<?> future) {
        assertThat(future)
                .failsWithin(20, TimeUnit.SECONDS)
                .withThrowableOfType(java.util.concurrent.ExecutionException.class)
                .withCauseInstanceOf(EnforcementException.class);
    }

    /** Waits for a condition that another thread brings about. */
    static void eventually(BooleanSupplier condition) {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("gave up waiting").isLessThan(until);
            Thread.onSpinWait();
            Thread.yield();
        }
    }

    /** Every frame that a process that starts on a directory would find. */
    static List<TestingRecordSinks.Sent> recovered(Path spool) throws IOException {
        List<TestingRecordSinks.Sent> found = new ArrayList<>();
        SpoolRecovery.recover(
                spool,
                null,
                SpoolPosition.BEGINNING,
                RecordingKeys.load(config(spool)).spool(),
                frame -> found.add(TestingRecordSinks.parse(frame.key(), frame.record())));
        return found;
    }

    /** One session's events, checked to be a whole chain from its beginning. */
    static List<AuditEvent> chain(List<TestingRecordSinks.Sent> records, String sessionId) {
        List<AuditEvent> events = new ArrayList<>();
        byte[] previous = new byte[0];
        for (TestingRecordSinks.Sent one : records) {
            if (one.key().equals(sessionId)) {
                assertThat(one.event().getSessionId()).isEqualTo(sessionId);
                assertThat(one.event().getSequence()).isEqualTo(events.size());
                assertThat(one.event().getPreviousHash().toByteArray()).isEqualTo(previous);
                previous = AuditChain.hash(one.record().getEvent().toByteArray());
                events.add(one.event());
            }
        }
        return events;
    }

    static String controlSession(List<TestingRecordSinks.Sent> records) {
        return records.stream()
                .filter(one -> one.event().getSessionOpened().getKind() == SessionOpened.Kind.KIND_CONTROL)
                .reduce((first, second) -> second)
                .orElseThrow()
                .key();
    }

    private static RecordingKeys.KeyFiles keys() {
        try {
            Path directory = Files.createTempDirectory("chaperone-keys");
            RecordingKeys.KeyFiles files = RecordingKeys.generate(directory.resolve("keys"));
            try (Stream<Path> parentsFirst = Files.walk(directory)) {
                parentsFirst.forEach(path -> path.toFile().deleteOnExit());
            }
            return files;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
