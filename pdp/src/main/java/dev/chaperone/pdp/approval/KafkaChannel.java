package dev.chaperone.pdp.approval;

import dev.chaperone.approval.v1.ApprovalEvent;
import dev.chaperone.approval.v1.ApprovalEvent.Kind;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts every step on a Kafka topic, as an {@link ApprovalEvent} under the approval's id. One event at a time, which Kafka has
 * (idempotent producer, {@code acks=all}) before the outbox forgets it: while no broker answers, events wait in the database. An
 * event whose acknowledgement was lost comes twice, with the same id, and before those that follow it.
 */
public final class KafkaChannel implements Channel {

    private static final Logger LOG = LoggerFactory.getLogger(KafkaChannel.class);
    private static final int LARGEST_EVENT = 2 << 20;
    private static final int REQUEST_MILLIS = 4_000;
    private static final int DELIVERY_MILLIS = 8_000;
    private static final long TAKEN_SECONDS = 15;

    private final KafkaConfig config;
    private volatile @Nullable Producer<byte[], byte[]> producer;

    /** Connects when the first event is to be delivered: approvals do not depend on Kafka. */
    public KafkaChannel(KafkaConfig config) {
        this.config = config;
    }

    @Override
    public String name() {
        return "kafka:" + config.topic();
    }

    @Override
    public boolean wants(Kind kind) {
        return true;
    }

    @Override
    public boolean ordered() {
        return true;
    }

    @Override
    public void deliver(ApprovalEvent event) throws Exception {
        try {
            Producer<byte[], byte[]> open = producer;
            if (open == null) {
                open = open();
                producer = open;
            }
            try {
                send(open, event);
            } catch (RecordTooLargeException e) {
                LOG.warn("a step of `{}` is left without its operation on Kafka: {}", id(event), e.getMessage());
                send(open, shortened(event));
            }
        } catch (Exception e) {
            // Nothing that has failed is to arrive later behind our back, and some failures are for ever to a producer.
            close();
            throw e;
        }
    }

    private void send(Producer<byte[], byte[]> to, ApprovalEvent event) throws Exception {
        byte[] key = id(event).getBytes(StandardCharsets.UTF_8);
        try {
            to.send(new ProducerRecord<>(config.topic(), key, event.toByteArray()))
                    .get(TAKEN_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw unwrapped(e);
        }
    }

    private static String id(ApprovalEvent event) {
        return event.getApproval().getId();
    }

    /** Everything but what may be long: it must not hold up what comes after it for ever. */
    static ApprovalEvent shortened(ApprovalEvent event) {
        ApprovalEvent.Builder shorter = event.toBuilder().setShortened(true);
        shorter.getApprovalBuilder()
                .clearOperationText()
                .clearParameters()
                .clearDecision()
                .getRequestBuilder()
                .clearResource();
        return shorter.build();
    }

    private Producer<byte[], byte[]> open() throws Exception {
        createTopic();
        Map<String, Object> properties = new HashMap<>(config.properties());
        properties.put(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, config.bootstrapServers());
        properties.put(ProducerConfig.CLIENT_ID_CONFIG, "chaperone-approvals");
        properties.put(ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
        properties.put(ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
        properties.put(ProducerConfig.ACKS_CONFIG, "all");
        properties.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
        properties.put(ProducerConfig.LINGER_MS_CONFIG, 0); // one event at a time
        properties.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, LARGEST_EVENT);
        properties.put(ProducerConfig.BUFFER_MEMORY_CONFIG, 4L * LARGEST_EVENT);
        properties.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, (long) REQUEST_MILLIS);
        properties.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, REQUEST_MILLIS);
        properties.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, DELIVERY_MILLIS);
        return new KafkaProducer<>(properties);
    }

    private void createTopic() throws Exception {
        Map<String, Object> properties = new HashMap<>();
        config.properties().forEach((name, value) -> {
            if (AdminClientConfig.configNames().contains(name)) {
                properties.put(name, value);
            }
        });
        properties.put(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, config.bootstrapServers());
        properties.put(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, REQUEST_MILLIS);
        properties.put(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, DELIVERY_MILLIS);
        NewTopic topic = new NewTopic(config.topic(), config.partitions(), (short) config.replicationFactor())
                .configs(Map.of(TopicConfig.MAX_MESSAGE_BYTES_CONFIG, Integer.toString(LARGEST_EVENT)));
        Admin admin = Admin.create(properties);
        try {
            admin.createTopics(List.of(topic)).all().get(TAKEN_SECONDS, TimeUnit.SECONDS);
            LOG.info("created kafka topic `{}`", config.topic());
        } catch (ExecutionException e) {
            if (e.getCause() instanceof AuthorizationException) {
                LOG.info("may not create kafka topic `{}`; using it as it is", config.topic());
            } else if (!(e.getCause() instanceof TopicExistsException)) {
                throw unwrapped(e);
            }
        } finally {
            admin.close(Duration.ofSeconds(1));
        }
    }

    private static Exception unwrapped(ExecutionException e) {
        return e.getCause() instanceof Exception cause ? cause : e;
    }

    @Override
    public void close() {
        Producer<byte[], byte[]> open = producer;
        producer = null;
        if (open != null) {
            open.close(Duration.ZERO);
        }
    }
}
