package dev.chaperone.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.chaperone.audit.v1.AuditRecord;
import dev.chaperone.proto.ByteSize;
import dev.chaperone.testkit.Backends;
import dev.chaperone.testkit.KafkaBackend;
import dev.chaperone.testkit.LogLines;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.io.TempDir;

final class AuditSinkIT {

    @SuppressWarnings("NullAway.Init")
    private static KafkaBackend kafka;

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path temp;

    @SuppressWarnings("NullAway.Init")
    private String topic;

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

    @BeforeAll
    static void start() {
        kafka = Backends.kafka();
    }

    @AfterAll
    static void stop() {
        kafka.close();
    }

    @BeforeEach
    void createTopic(TestInfo info) {
        topic = info.getTestMethod().orElseThrow().getName();
        kafka.createTopic(topic, 2);
    }

    @Test
    void storesOnceWhatIsShippedTwiceAndSurvivesItsOwnCrash() throws Exception {
        List<AuditRecord> records = TestLedgers.clean();
        try (AuditSink sink = started()) {
            send(records.subList(0, 15));
            send(records.subList(5, 20));
            await(() -> counted(SinkMetric.STORED) == 20 && counted(SinkMetric.DUPLICATES) == 10);
            sink.check();
        }
        crash();
        try (AuditSink sink = started()) {
            send(records.subList(18, records.size()));
            await(() -> LedgerVerifier.verify(ledger(), keys()).records() == records.size());
            sink.check();
        }
        VerificationReport report = LedgerVerifier.verify(ledger(), keys());
        assertThat(report.ok()).as(report.text()).isTrue();
        assertThat(report.repeated()).isZero();
        assertThat(counted(SinkMetric.FORKS)).isZero();
    }

    @Test
    void readsOnWhenKafkaComesBack() throws Exception {
        List<AuditRecord> records = TestLedgers.clean();
        try (AuditSink sink = started()) {
            send(records.subList(0, 10));
            await(() -> sink.storedRecords() == 10);
            kafka.stop();
            kafka.start();
            send(records.subList(10, records.size()));
            await(() -> sink.storedRecords() == records.size());
            await(() -> sink.lag() == 0);
        }
        assertThat(LedgerVerifier.verify(ledger(), keys()).ok()).isTrue();
    }

    @Test
    void saysThatKafkaIsGoneAndThatItIsBack() throws Exception {
        try (AuditSink sink = started();
                LogLines lines = LogLines.of(AuditSink.class)) {
            send(TestLedgers.clean());
            await(() -> stores(sink));
            kafka.stop();
            await(() -> !stores(sink));
            assertThatIllegalStateException()
                    .isThrownBy(sink::check)
                    .withMessage("the audit sink does not store: kafka at `" + kafka.bootstrapServers()
                            + "` does not answer");
            kafka.start();
            await(() -> stores(sink));
            assertThat(lines.all())
                    .contains(
                            "WARN records are not stored: kafka at `" + kafka.bootstrapServers() + "` does not answer",
                            "INFO records are stored");
        }
    }

    @Test
    void saysOnceThatKafkaHasNoSuchAddress() throws Exception {
        try (LogLines lines = LogLines.of(AuditSink.class);
                AuditSink sink = started("kafka.invalid:9092")) {
            await(() -> counted(SinkMetric.RESTARTS) >= 2);
            assertThatIllegalStateException()
                    .isThrownBy(sink::check)
                    .withMessageContaining("kafka at `kafka.invalid:9092`: No resolvable bootstrap urls");
            assertThat(lines.all())
                    .singleElement()
                    .asString()
                    .startsWith(
                            "ERROR records are not stored, trying again until they are: kafka at `kafka.invalid:9092`")
                    .doesNotContain("\n");
        }
    }

    @Test
    void keepsContradictionsAsEvidence() throws Exception {
        List<AuditRecord> records = TestLedgers.clean();
        AuditRecord fork = records.get(4).toBuilder()
                .setEvent(TestLedgers.event(records.get(4)).toBuilder()
                        .setRequestNumber(77)
                        .build()
                        .toByteString())
                .build();
        try (AuditSink sink = started()) {
            send(records);
            send(List.of(fork));
            await(() -> counted(SinkMetric.FORKS) == 1 && sink.storedRecords() == records.size() + 1);
        }
        VerificationReport report = LedgerVerifier.verify(ledger(), keys());
        assertThat(report.integrity().failures())
                .anyMatch(finding -> finding.message().contains("two histories"));
    }

    @Test
    void refusesATopicThatIsYoungerThanTheLedger() throws Exception {
        TestLedgers.write(ledger(), TestLedgers.clean());
        try (AuditSink sink = started()) {
            await(() -> counted(SinkMetric.RESTARTS) > 0);
            assertThatIllegalStateException()
                    .isThrownBy(sink::check)
                    .withMessageContaining("another topic, or a younger one");
        }
    }

    private static boolean stores(AuditSink sink) {
        try {
            sink.check();
            return true;
        } catch (IllegalStateException e) {
            return false;
        }
    }

    private AuditSink started() throws IOException {
        return started(kafka.bootstrapServers());
    }

    private AuditSink started(String bootstrapServers) throws IOException {
        SinkConfig config = new SinkConfig(
                bootstrapServers,
                topic,
                topic,
                ledger(),
                Map.of("reconnect.backoff.max.ms", "500"),
                new ByteSize(4096),
                7,
                1000,
                null);
        AuditSink sink = new AuditSink(config, registry, Duration.ofSeconds(1));
        sink.start();
        return sink;
    }

    /** Loses the end of what was written, in the middle of a record, in every partition. */
    private void crash() throws IOException {
        for (int partition = 0; partition < 2; partition++) {
            Path directory = LedgerFormat.partitionDirectory(ledger(), partition);
            List<Ledger.Segment> segments =
                    Files.isDirectory(directory) ? Ledger.segments(directory, partition) : List.of();
            if (!segments.isEmpty()) {
                Path last = segments.get(segments.size() - 1).file();
                try (FileChannel channel = FileChannel.open(last, StandardOpenOption.WRITE)) {
                    channel.truncate(Math.max(0, channel.size() - 400));
                }
            }
        }
    }

    private void send(List<AuditRecord> records) throws Exception {
        try (KafkaProducer<String, byte[]> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", kafka.bootstrapServers(), "acks", "all"),
                new StringSerializer(),
                new ByteArraySerializer())) {
            for (AuditRecord record : records) {
                producer.send(new ProducerRecord<>(
                                topic, TestLedgers.event(record).getSessionId(), record.toByteArray()))
                        .get(30, TimeUnit.SECONDS);
            }
        }
    }

    private double counted(SinkMetric metric) {
        return registry.get(metric.id()).counter().count();
    }

    private Path ledger() {
        return temp.resolve("ledger");
    }

    private TrustedKeys keys() {
        try {
            return TestLedgers.SIGNER.trusted(temp);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static void await(BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime() - deadline).as("waited a minute").isNegative();
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }
}
