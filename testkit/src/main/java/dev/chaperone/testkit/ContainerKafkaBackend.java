package dev.chaperone.testkit;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.testcontainers.kafka.KafkaContainer;

/** Kafka in a container, where an engine answers. */
final class ContainerKafkaBackend implements KafkaBackend {

    private static final String IMAGE = "apache/kafka-native:4.1.0";
    private static final int PORT = 9092;

    private final KafkaContainer container;
    private boolean running;

    ContainerKafkaBackend(KafkaOptions options) {
        if (options.directory() != null) {
            throw new IllegalStateException(
                    "a fixed directory needs the embedded Kafka; set CHAPERONE_BACKENDS to `embedded`");
        }
        Containers.requireEngine();
        int port = options.port() == 0 ? Directories.freePort() : options.port();
        container = new KafkaContainer(IMAGE)
                .withEnv("KAFKA_NUM_PARTITIONS", String.valueOf(options.partitions()))
                .withEnv("KAFKA_MESSAGE_MAX_BYTES", String.valueOf(16 << 20));
        // Fixed, so that it is the same when the broker comes back.
        container.setPortBindings(List.of(port + ":" + PORT));
    }

    @Override
    public String bootstrapServers() {
        return container.getBootstrapServers();
    }

    @Override
    public synchronized void start() {
        if (running) {
            return;
        }
        if (container.getContainerId() == null) {
            container.start();
        } else {
            container
                    .getDockerClient()
                    .startContainerCmd(container.getContainerId())
                    .exec();
            awaitAnswer();
        }
        running = true;
    }

    private void awaitAnswer() {
        // The client's own time-out, a minute, bounds it.
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers()))) {
            admin.describeCluster().nodes().get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while Kafka was started", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException("Kafka in its container does not answer: " + e.getMessage(), e);
        }
    }

    @Override
    public synchronized void stop() {
        if (running) {
            container
                    .getDockerClient()
                    .stopContainerCmd(container.getContainerId())
                    .exec();
            running = false;
        }
    }

    @Override
    public synchronized void close() {
        container.stop();
        running = false;
    }
}
