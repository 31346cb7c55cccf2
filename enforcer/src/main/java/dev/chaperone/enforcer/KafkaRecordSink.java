package dev.chaperone.enforcer;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends records to a Kafka topic with an idempotent producer and {@code acks=all}. The producer never gives a record up by
 * itself, for what follows would then overtake it; the shipper notices when nothing moves.
 */
final class KafkaRecordSink implements RecordSink {

    /** An event of the largest size, its envelope, and what Kafka adds to a batch. */
    static final int MAX_MESSAGE = Recorder.MAX_EVENT + 64 * 1024;

    private static final Logger log = LoggerFactory.getLogger(KafkaRecordSink.class);
    private static final long ADMIN_SECONDS = 15;

    private final String topic;
    private final KafkaProducer<byte[], byte[]> producer;

    private KafkaRecordSink(String topic, KafkaProducer<byte[], byte[]> producer) {
        this.topic = topic;
        this.producer = producer;
    }

    /**
     * Connects, creates the topic when it is missing, and makes sure that it takes the largest record.
     *
     * @throws Exception when Kafka cannot be reached or the topic cannot serve
     */
    static RecordSink open(RecordingConfig.Kafka config) throws Exception {
        prepareTopic(config);
        return new KafkaRecordSink(config.topic(), new KafkaProducer<>(producerProperties(config)));
    }

    @Override
    public void send(byte[] key, byte[] record, Callback callback) {
        try {
            producer.send(new ProducerRecord<>(topic, key, record), (metadata, failure) -> {
                if (failure == null) {
                    callback.acknowledged();
                } else {
                    callback.failed(failure);
                }
            });
        } catch (KafkaException | IllegalStateException e) {
            callback.failed(e);
        }
    }

    @Override
    public void close() {
        producer.close(Duration.ofSeconds(1));
    }

    static Map<String, Object> producerProperties(RecordingConfig.Kafka config) {
        Map<String, Object> properties = new HashMap<>();
        properties.put(ProducerConfig.COMPRESSION_TYPE_CONFIG, "lz4");
        properties.put(ProducerConfig.BATCH_SIZE_CONFIG, 256 * 1024);
        properties.put(ProducerConfig.BUFFER_MEMORY_CONFIG, 48L * 1024 * 1024);
        properties.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, 5_000L);
        properties.put(ProducerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG, 2_000L);
        properties.put(ProducerConfig.CLIENT_ID_CONFIG, "chaperone-recorder");
        properties.putAll(config.properties());
        properties.put(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, config.bootstrapServers());
        properties.put(ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
        properties.put(ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
        properties.put(ProducerConfig.ACKS_CONFIG, "all");
        properties.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
        properties.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, MAX_MESSAGE);
        properties.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, Integer.MAX_VALUE);
        return properties;
    }

    private static void prepareTopic(RecordingConfig.Kafka config) throws Exception {
        Map<String, Object> properties = new HashMap<>();
        config.properties().forEach((name, value) -> {
            if (AdminClientConfig.configNames().contains(name)) {
                properties.put(name, value);
            }
        });
        properties.put(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, config.bootstrapServers());
        properties.put(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, 10_000);
        properties.put(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, 5_000);
        Admin admin = Admin.create(properties);
        try {
            createTopic(admin, config);
            checkTopic(admin, config.topic());
        } finally {
            admin.close(Duration.ofSeconds(1));
        }
    }

    private static void createTopic(Admin admin, RecordingConfig.Kafka config) throws Exception {
        NewTopic topic = new NewTopic(config.topic(), config.partitions(), (short) config.replicationFactor())
                .configs(Map.of(TopicConfig.MAX_MESSAGE_BYTES_CONFIG, Integer.toString(MAX_MESSAGE)));
        try {
            admin.createTopics(List.of(topic)).all().get(ADMIN_SECONDS, TimeUnit.SECONDS);
            log.info("created kafka topic `{}`", config.topic());
        } catch (ExecutionException e) {
            if (e.getCause() instanceof AuthorizationException) {
                log.info("may not create kafka topic `{}`; using it as it is", config.topic());
            } else if (!(e.getCause() instanceof TopicExistsException)) {
                throw unwrapped(e);
            }
        }
    }

    private static void checkTopic(Admin admin, String topic) throws Exception {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        try {
            Config config = admin.describeConfigs(List.of(resource))
                    .all()
                    .get(ADMIN_SECONDS, TimeUnit.SECONDS)
                    .get(resource);
            ConfigEntry limit = config == null ? null : config.get(TopicConfig.MAX_MESSAGE_BYTES_CONFIG);
            if (limit != null && Integer.parseInt(limit.value()) < MAX_MESSAGE) {
                throw new IllegalStateException("kafka topic `" + topic + "` takes messages of `" + limit.value()
                        + "` bytes, records need `" + MAX_MESSAGE + "`; raise the topic's max.message.bytes");
            }
        } catch (ExecutionException e) {
            if (!(e.getCause() instanceof AuthorizationException
                    || e.getCause() instanceof UnsupportedVersionException)) {
                throw unwrapped(e);
            }
            log.info(
                    "may not read the configuration of kafka topic `{}`; its max.message.bytes must be at least {}",
                    topic,
                    MAX_MESSAGE);
        }
    }

    private static Exception unwrapped(ExecutionException e) {
        return e.getCause() instanceof Exception cause ? cause : e;
    }
}
