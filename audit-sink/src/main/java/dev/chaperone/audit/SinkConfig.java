package dev.chaperone.audit;

import dev.chaperone.proto.ByteSize;
import dev.chaperone.proto.Setting;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How the sink reads Kafka and where it keeps the ledger.
 *
 * @param bootstrapServers where Kafka is
 * @param topic the topic that enforcers write to
 * @param groupId the consumer group; sinks of one group share the topic's partitions
 * @param ledger the ledger's directory
 * @param kafka further properties of the Kafka consumer (TLS, credentials)
 * @param segmentSize a segment file is closed once it has grown to this size
 * @param batchRecords records after which, at the latest, everything is forced to disk
 * @param rememberedEvents events of each partition that are remembered to recognise repetitions
 * @param evidence how questions about the ledger are answered, or null when they are not
 */
public record SinkConfig(
        @Setting(value = "where Kafka is, as host:port, comma-separated", defaultValue = "127.0.0.1:9092")
        String bootstrapServers,

        @Setting(value = "topic that enforcers write audit records to", defaultValue = "chaperone.audit")
        String topic,

        @Setting(
                value = "consumer group; sinks of one group share the partitions of the topic",
                defaultValue = "chaperone-audit-sink")
        String groupId,

        @Setting(value = "directory that holds the ledger", defaultValue = "data/ledger")
        Path ledger,

        @Setting(value = "further properties of the Kafka consumer, such as TLS and credentials", defaultValue = "{}")
        Map<String, String> kafka,

        @Setting(value = "size at which a segment file of the ledger is followed by a new one", defaultValue = "256MiB")
        ByteSize segmentSize,

        @Setting(
                value = "records after which, at the latest, everything received is forced to disk",
                defaultValue = "2000")
        int batchRecords,

        @Setting(
                value = "events of each partition that are remembered to recognise repeated ones",
                defaultValue = "100000")
        int rememberedEvents,

        @Setting(
                value = "answers consoles that ask about sessions and the ledger; nobody is answered when left out",
                optional = true)
        @Nullable
        EvidenceConfig evidence) {

    public SinkConfig {
        kafka = Map.copyOf(kafka);
        if (bootstrapServers.isBlank() || topic.isBlank() || groupId.isBlank()) {
            throw new IllegalArgumentException("bootstrap-servers, topic and group-id must not be empty");
        }
        if (segmentSize.bytes() < 4096) {
            throw new IllegalArgumentException("segment-size is `" + segmentSize + "`; at least 4KiB are needed");
        }
        if (batchRecords < 1 || batchRecords > 100_000) {
            throw new IllegalArgumentException("batch-records is `" + batchRecords + "`; write 1 to 100000");
        }
        if (rememberedEvents < 1 || rememberedEvents > 10_000_000) {
            throw new IllegalArgumentException("remembered-events is `" + rememberedEvents + "`; write 1 to 10000000");
        }
    }

    /** Everything by default but the place of Kafka, the topic and the ledger. */
    public static SinkConfig of(String bootstrapServers, String topic, Path ledger) {
        return new SinkConfig(
                bootstrapServers,
                topic,
                "chaperone-audit-sink",
                ledger,
                Map.of(),
                new ByteSize(256L << 20),
                2000,
                100_000,
                null);
    }
}
