package dev.chaperone.pdp.approval;

import dev.chaperone.proto.Setting;
import java.util.Map;

/**
 * The topic that receives every step of approvals.
 *
 * @param bootstrapServers brokers to begin with
 * @param topic that receives the steps
 * @param partitions of the topic when it has to be created
 * @param replicationFactor replicas of the topic when it has to be created
 * @param properties further properties of Kafka's client: TLS, SASL
 */
public record KafkaConfig(
        @Setting("brokers to begin with, as host:port separated by commas")
        String bootstrapServers,

        @Setting(
                value =
                        "topic that receives every step of approvals, with what was asked: whoever reads it reads statements",
                defaultValue = "chaperone.approvals")
        String topic,

        @Setting(value = "partitions of the topic when it has to be created", defaultValue = "1")
        int partitions,

        @Setting(value = "replicas of the topic when it has to be created", defaultValue = "1")
        int replicationFactor,

        @Setting(value = "further properties of the Kafka client, such as TLS and SASL", defaultValue = "{}")
        Map<String, String> properties) {

    public KafkaConfig {
        properties = Map.copyOf(properties);
        if (bootstrapServers.isBlank() || topic.isBlank()) {
            throw new IllegalArgumentException("`bootstrap-servers` and `topic` must not be empty");
        }
        if (partitions < 1 || replicationFactor < 1 || replicationFactor > Short.MAX_VALUE) {
            throw new IllegalArgumentException("`partitions` and `replication-factor` must be at least 1");
        }
    }

    /** One partition of one replica, over a connection without TLS. */
    public static KafkaConfig at(String bootstrapServers, String topic) {
        return new KafkaConfig(bootstrapServers, topic, 1, 1, Map.of());
    }
}
