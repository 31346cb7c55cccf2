package dev.chaperone.testkit;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.errors.TopicExistsException;

/**
 * A real Kafka broker of one node. It can be stopped and started again at the same port with the same data, as a broker that
 * was down.
 */
public interface KafkaBackend extends AutoCloseable {

    /** Where clients connect. */
    String bootstrapServers();

    /** Starts the broker, and waits until it answers. No effect when it runs. */
    void start();

    /** Stops the broker; its data and its port stay for the next {@link #start}. No effect when it is stopped. */
    void stop();

    /** Creates a topic of one replica unless it is there. */
    default void createTopic(String topic, int partitionCount) {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers()))) {
            admin.createTopics(Set.of(new NewTopic(topic, partitionCount, (short) 1)))
                    .all()
                    .get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while topic `" + topic + "` was created", e);
        } catch (ExecutionException e) {
            if (!(e.getCause() instanceof TopicExistsException)) {
                throw new IllegalStateException("topic `" + topic + "` cannot be created: " + e.getMessage(), e);
            }
        }
    }

    /** Stops the broker; what was temporary is deleted. */
    @Override
    void close();
}
