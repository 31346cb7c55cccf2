package dev.chaperone.testkit;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * How a Kafka broker is started.
 *
 * @param directory where its log stays over restarts of this process; null for a temporary directory, which {@code close}
 *     deletes
 * @param port port at the loopback address; 0 takes a free one
 * @param partitions partitions of a topic that is created by its first use
 */
public record KafkaOptions(@Nullable Path directory, int port, int partitions) {

    public KafkaOptions {
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("`" + port + "` is not a port; write 1 to 65535, or 0 for a free one");
        }
        if (partitions < 1) {
            throw new IllegalArgumentException("`" + partitions + "` partitions; a topic has at least one");
        }
    }

    /** A free port, a temporary directory, one partition. */
    public static KafkaOptions temporary() {
        return new KafkaOptions(null, 0, 1);
    }

    /** The same at a fixed port. */
    public KafkaOptions withPort(int fixed) {
        return new KafkaOptions(directory, fixed, partitions);
    }

    /** The same, keeping its log. */
    public KafkaOptions withDirectory(Path kept) {
        return new KafkaOptions(kept, port, partitions);
    }

    /** The same with so many partitions for each new topic. */
    public KafkaOptions withPartitions(int number) {
        return new KafkaOptions(directory, port, number);
    }
}
