package dev.chaperone.audit;

import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the audit topic and keeps it. Kafka's consumer group hands out the partitions; where to read on is known from the
 * ledger alone, because an offset that is kept apart from its data can disagree with it. Offsets are committed to Kafka as
 * well, only so that its tools show the lag.
 */
public final class AuditSink implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(AuditSink.class);
    private static final Duration POLL = Duration.ofMillis(250);
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final long RETRY_MILLIS = 1000;

    private final SinkConfig config;
    private final SinkMeters meters;
    private final Duration patience;
    private final CountDownLatch closing = new CountDownLatch(1);
    private final Map<TopicPartition, PartitionSink> partitions = new HashMap<>();
    private volatile @Nullable KafkaConsumer<byte[], byte[]> consumer;
    private volatile @Nullable String failure = "not started";
    private @Nullable Thread thread;

    /** Makes a sink that does nothing until {@link #start}. */
    public AuditSink(SinkConfig config, MeterRegistry registry) {
        this(config, registry, PATIENCE);
    }

    /** @param patience how long Kafka may be away before that counts as a failure */
    AuditSink(SinkConfig config, MeterRegistry registry, Duration patience) {
        this.config = config;
        this.meters = new SinkMeters(registry);
        this.patience = patience;
    }

    /**
     * Starts reading, on a thread of its own.
     *
     * @throws IOException when the ledger's directory cannot be made
     */
    public synchronized void start() throws IOException {
        if (thread != null) {
            throw new IllegalStateException("the sink was started already");
        }
        Files.createDirectories(config.ledger());
        failure = "no partition is assigned yet";
        Thread started = new Thread(this::run, "audit-sink");
        thread = started;
        started.start();
    }

    /**
     * Says whether records are being stored now.
     *
     * @throws IllegalStateException with the reason when they are not
     */
    public void check() {
        String reason = failure;
        if (reason != null) {
            throw new IllegalStateException("the audit sink does not store: " + reason);
        }
    }

    /** Records in Kafka that are not stored yet; -1 while that is unknown. */
    public long lag() {
        return meters.lag();
    }

    /** Records stored since the start. */
    public long storedRecords() {
        return meters.stored();
    }

    SinkMeters meters() {
        return meters;
    }

    /** Stores what was received, and stops. */
    @Override
    public synchronized void close() {
        closing.countDown();
        KafkaConsumer<byte[], byte[]> running = consumer;
        if (running != null) {
            running.wakeup();
        }
        Thread started = thread;
        if (started != null) {
            try {
                started.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        failure = "closed";
    }

    private boolean isClosing() {
        return closing.getCount() == 0;
    }

    private void run() {
        while (!isClosing()) {
            try (KafkaConsumer<byte[], byte[]> opened = new KafkaConsumer<>(
                    consumerProperties(), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
                consumer = opened;
                consume(opened);
            } catch (WakeupException e) {
                log.debug("woken up to close", e);
            } catch (IOException | RuntimeException e) {
                meters.count(SinkMetric.RESTARTS, 1);
                failed(e);
                abandonAll();
                pause();
            } finally {
                consumer = null;
                closeAll();
            }
        }
    }

    /** Once for each reason: it is tried again every second. */
    private void failed(Exception e) {
        Throwable reason = e instanceof KafkaException && e.getCause() != null ? e.getCause() : e;
        String message = reason instanceof KafkaException
                ? "kafka at `" + config.bootstrapServers() + "`: " + reason.getMessage()
                : String.valueOf(reason.getMessage());
        if (message.equals(failure)) {
            log.debug("storing failed again", e);
        } else if (reason instanceof KafkaException) {
            log.error("records are not stored, trying again until they are: {}", message);
        } else {
            log.error("records are not stored, trying again until they are: {}", message, e);
        }
        failure = message;
    }

    /** What the consumer does not throw: it waits for a Kafka that is away. */
    private void noteAbsence(KafkaAbsence absence) {
        String before = failure;
        String reason = absence.reason(!partitions.isEmpty(), before);
        if (reason == null && before != null) {
            log.info("records are stored");
        } else if (reason != null && !reason.equals(before)) {
            log.warn("records are not stored: {}", reason);
        }
        failure = reason;
    }

    private void pause() {
        try {
            if (closing.await(RETRY_MILLIS, TimeUnit.MILLISECONDS)) {
                log.debug("closing instead of trying again");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void consume(KafkaConsumer<byte[], byte[]> opened) throws IOException {
        KafkaAbsence absence = new KafkaAbsence(config, opened, patience);
        opened.subscribe(List.of(config.topic()), new Assignment(opened));
        while (!isClosing()) {
            ConsumerRecords<byte[], byte[]> batch = opened.poll(POLL);
            for (ConsumerRecord<byte[], byte[]> record : batch) {
                store(record);
            }
            for (PartitionSink partition : partitions.values()) {
                partition.force();
            }
            if (!batch.isEmpty()) {
                opened.commitAsync((offsets, e) -> {
                    if (e != null) {
                        log.debug("offsets were not committed; the ledger knows them", e);
                    }
                });
            }
            meters.lag(lag(opened));
            noteAbsence(absence);
        }
    }

    private void store(ConsumerRecord<byte[], byte[]> record) throws IOException {
        PartitionSink partition = partitions.get(new TopicPartition(record.topic(), record.partition()));
        if (partition == null) {
            throw new IOException("a record came for partition `" + record.partition() + "`, which is not assigned");
        }
        byte[] value = record.value();
        if (value == null) {
            meters.count(SinkMetric.EMPTY, 1);
            log.warn("partition {} offset {}: a record without a value", record.partition(), record.offset());
            return;
        }
        partition.accept(record.offset(), value);
    }

    private long lag(KafkaConsumer<byte[], byte[]> opened) {
        long total = 0;
        for (TopicPartition partition : partitions.keySet()) {
            OptionalLong lag = opened.currentLag(partition);
            if (lag.isEmpty()) {
                return -1;
            }
            total += lag.getAsLong();
        }
        return partitions.isEmpty() ? -1 : total;
    }

    private Properties consumerProperties() {
        Properties properties = new Properties();
        properties.putAll(config.kafka());
        properties.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, config.bootstrapServers());
        properties.put(ConsumerConfig.GROUP_ID_CONFIG, config.groupId());
        properties.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
        properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
        properties.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        properties.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, String.valueOf(config.batchRecords()));
        properties.putIfAbsent(ConsumerConfig.METADATA_MAX_AGE_CONFIG, "5000");
        properties.putIfAbsent(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, "false");
        return properties;
    }

    private void closeAll() {
        partitions.forEach((partition, sink) -> {
            try {
                sink.force();
                sink.close();
            } catch (IOException e) {
                log.error("partition {} was not closed in order; its tail is read again", partition.partition(), e);
            }
        });
        partitions.clear();
    }

    private void abandonAll() {
        partitions.forEach((partition, sink) -> {
            try {
                sink.abandon();
            } catch (IOException e) {
                log.warn("partition {} was not closed in order; its tail is read again", partition.partition(), e);
            }
        });
        partitions.clear();
    }

    /** Opens a partition's files when it is assigned and gives them back when it is revoked. */
    private final class Assignment implements ConsumerRebalanceListener {

        private final KafkaConsumer<byte[], byte[]> source;

        private Assignment(KafkaConsumer<byte[], byte[]> source) {
            this.source = source;
        }

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> assigned) {
            Map<TopicPartition, Long> beginnings = source.beginningOffsets(assigned);
            Map<TopicPartition, Long> ends = source.endOffsets(assigned);
            for (TopicPartition partition : assigned) {
                try {
                    PartitionSink sink = PartitionSink.open(config, partition.partition(), meters);
                    partitions.put(partition, sink);
                    source.seek(partition, resume(partition, sink, beginnings.get(partition), ends.get(partition)));
                } catch (IOException e) {
                    throw new IllegalStateException(
                            "partition `" + partition.partition() + "` cannot be opened: " + e.getMessage(), e);
                }
            }
        }

        private long resume(
                TopicPartition partition, PartitionSink sink, @Nullable Long beginning, @Nullable Long end) {
            long next = sink.nextOffset();
            if (beginning == null || end == null) {
                throw new IllegalStateException(
                        "Kafka does not say what partition `" + partition.partition() + "` holds");
            }
            if (next > end) {
                throw new IllegalStateException(
                        "the ledger holds partition `" + partition.partition() + "` up to offset "
                                + next + ", but Kafka ends at " + end
                                + "; this is another topic, or a younger one: give it a ledger directory of its own");
            }
            if (next > 0 && next < beginning) {
                meters.count(SinkMetric.LOST, beginning - next);
                log.error(
                        "partition {}: Kafka has deleted offsets {} to {} before they were stored; verify the ledger",
                        partition.partition(),
                        next,
                        beginning - 1);
            }
            log.info("partition {}: storing from offset {}", partition.partition(), Math.max(next, beginning));
            return Math.max(next, beginning);
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> revoked) {
            for (TopicPartition partition : revoked) {
                PartitionSink sink = partitions.remove(partition);
                if (sink != null) {
                    try {
                        sink.force();
                        sink.close();
                    } catch (IOException e) {
                        throw new IllegalStateException(
                                "partition `" + partition.partition() + "` cannot be closed: " + e.getMessage(), e);
                    }
                }
            }
        }
    }
}
