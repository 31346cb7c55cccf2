package dev.chaperone.enforcer;

import dev.chaperone.proto.ByteSize;
import dev.chaperone.proto.Setting;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * How an enforcer records: where, how durably, under which keys, and to which Kafka topic it ships.
 *
 * @param spoolDirectory one process owns it; holds the encrypted segments and two small state files
 * @param segmentSize a segment is closed once it has reached this size
 * @param maxSpool recorded but not yet shipped bytes at which the enforcer refuses; at least two segments
 * @param queueSize bytes of events that may wait for the disk
 * @param durability what has to have happened before a record counts as written
 * @param heartbeatInterval time between signs of life in the control session
 * @param auditorPublicKey originals can be read by the holder of the private half only
 * @param signingKey see {@link RecordingKeys} for the form
 * @param spoolKey encrypts the segments at rest
 * @param kafka where records go
 */
public record RecordingConfig(
        @Setting("directory that holds records until Kafka has them; owned by one process")
        Path spoolDirectory,

        @Setting(value = "size at which a spool segment is closed and the next one begun", defaultValue = "64MiB")
        ByteSize segmentSize,

        @Setting(
                value = "bytes of unshipped records at which operations are refused; at least twice segment-size",
                defaultValue = "1GiB")
        ByteSize maxSpool,

        @Setting(
                value = "bytes of events that may wait for the disk before operations are refused",
                defaultValue = "64MiB")
        ByteSize queueSize,

        @Setting(
                value =
                        "when a record counts as written: SPOOL (on disk, synced), QUORUM (acknowledged by Kafka too) or"
                                + " RELAXED (handed to the operating system; a power failure loses records)",
                defaultValue = "SPOOL")
        Durability durability,

        @Setting(value = "time between heartbeats of the control session", defaultValue = "10s")
        Duration heartbeatInterval,

        @Setting("file with the auditor's public key, a Tink hybrid-encryption keyset in JSON")
        Path auditorPublicKey,

        @Setting("file with the Ed25519 private key that signs chain heads")
        Path signingKey,

        @Setting("file with the key that encrypts the spool, a Tink AEAD keyset in JSON")
        Path spoolKey,

        @Setting("where records are shipped to") Kafka kafka) {

    private static final long SMALLEST_SEGMENT = 4096;

    public RecordingConfig {
        if (segmentSize.bytes() < SMALLEST_SEGMENT) {
            throw new IllegalArgumentException(
                    "segment-size is `" + segmentSize + "`, expected at least `" + SMALLEST_SEGMENT + "B`");
        }
        if (maxSpool.bytes() / 2 < segmentSize.bytes()) {
            throw new IllegalArgumentException(
                    "max-spool is `" + maxSpool + "`, expected at least twice segment-size (`" + segmentSize
                            + "`); raise max-spool or lower segment-size");
        }
        if (queueSize.bytes() < Recorder.MAX_EVENT) {
            throw new IllegalArgumentException("queue-size is `" + queueSize
                    + "`, expected room for one event of the largest size, `" + new ByteSize(Recorder.MAX_EVENT) + "`");
        }
        if (heartbeatInterval.isNegative() || heartbeatInterval.isZero()) {
            throw new IllegalArgumentException(
                    "heartbeat-interval is `" + heartbeatInterval + "`, expected more than zero");
        }
    }

    /** When a record counts as written. */
    public enum Durability {
        /** Written to the spool and synced to the disk ({@code fdatasync}). */
        SPOOL,
        /** Synced to the disk, and acknowledged by Kafka's in-sync replicas. */
        QUORUM,
        /** Handed to the operating system: survives a crash of the process, not of the machine. */
        RELAXED;

        /** As it appears in {@code SessionOpened.durability}. */
        public String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * The Kafka cluster and topic.
     *
     * @param bootstrapServers as Kafka's client wants it: {@code host:port,host:port}
     * @param topic created when it is missing and the credentials allow that
     * @param partitions of a topic that is created
     * @param replicationFactor of a topic that is created
     * @param stallAfter time without an acknowledgement after which shipping counts as stalled
     * @param properties further properties of Kafka's clients: TLS, SASL
     */
    public record Kafka(
            @Setting("brokers to begin with, as host:port separated by commas")
            String bootstrapServers,

            @Setting(value = "topic that receives the records", defaultValue = "chaperone.audit")
            String topic,

            @Setting(value = "partitions of the topic when the enforcer has to create it", defaultValue = "1")
            int partitions,

            @Setting(value = "replicas of the topic when the enforcer has to create it", defaultValue = "1")
            int replicationFactor,

            @Setting(
                    value = "time without an acknowledgement after which shipping counts as stalled",
                    defaultValue = "10s")
            Duration stallAfter,

            @Setting(value = "further properties of the Kafka client, such as TLS and SASL", defaultValue = "{}")
            Map<String, String> properties) {

        /** What the promise "never lost, never reordered" rests on is not configurable. */
        private static final Set<String> FIXED = Set.of(
                "acks",
                "bootstrap.servers",
                "delivery.timeout.ms",
                "enable.idempotence",
                "key.serializer",
                "max.in.flight.requests.per.connection",
                "max.request.size",
                "retries",
                "transactional.id",
                "value.serializer");

        public Kafka {
            properties = Map.copyOf(properties);
            if (bootstrapServers.isBlank()) {
                throw new IllegalArgumentException("kafka.bootstrap-servers is empty, expected `host:port`");
            }
            if (topic.isBlank()) {
                throw new IllegalArgumentException("kafka.topic is empty, expected a topic name");
            }
            if (partitions < 1 || replicationFactor < 1 || replicationFactor > Short.MAX_VALUE) {
                throw new IllegalArgumentException("kafka.partitions is `" + partitions
                        + "` and kafka.replication-factor is `" + replicationFactor + "`, expected at least 1 of each");
            }
            if (stallAfter.isNegative() || stallAfter.isZero()) {
                throw new IllegalArgumentException(
                        "kafka.stall-after is `" + stallAfter + "`, expected more than zero");
            }
            TreeSet<String> refused = new TreeSet<>(properties.keySet());
            refused.retainAll(FIXED);
            if (!refused.isEmpty()) {
                throw new IllegalArgumentException("kafka.properties sets `" + String.join("`, `", refused)
                        + "`, which the recorder sets itself; remove it");
            }
        }
    }
}
