package dev.chaperone.audit;

import java.time.Duration;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.Metric;
import org.jspecify.annotations.Nullable;

/**
 * Notices what a Kafka consumer keeps to itself: it waits, without a word, for brokers that do not answer and for a topic
 * that is not there. Used by the sink's one thread, after each poll.
 */
final class KafkaAbsence {

    private final SinkConfig config;
    private final KafkaConsumer<?, ?> consumer;
    private final Duration patience;
    private @Nullable Metric connections;
    private long wellAt = System.nanoTime();

    KafkaAbsence(SinkConfig config, KafkaConsumer<?, ?> consumer, Duration patience) {
        this.config = config;
        this.consumer = consumer;
        this.patience = patience;
    }

    /**
     * Why nothing can be stored now; null when records would be.
     *
     * @param assigned whether there are partitions to read
     * @param before what is said while it has not lasted long
     */
    @Nullable
    String reason(boolean assigned, @Nullable String before) {
        boolean connected = connected();
        long now = System.nanoTime();
        if (connected && assigned) {
            wellAt = now;
            return null;
        }
        if (now - wellAt < patience.toNanos()) {
            return before;
        }
        return connected
                ? "no partition of topic `" + config.topic()
                        + "` is assigned: it does not exist yet, or other sinks of group `" + config.groupId()
                        + "` have them all"
                : "kafka at `" + config.bootstrapServers() + "` does not answer";
    }

    private boolean connected() {
        Metric known = connections;
        if (known == null) {
            known = consumer.metrics().entrySet().stream()
                    .filter(entry -> entry.getKey().name().equals("connection-count"))
                    .map(Map.Entry::getValue)
                    .findAny()
                    .orElseThrow(() -> new IllegalStateException("the Kafka client does not count its connections"));
            connections = known;
        }
        return known.metricValue() instanceof Number count && count.doubleValue() > 0;
    }
}
