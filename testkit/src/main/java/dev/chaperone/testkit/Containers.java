package dev.chaperone.testkit;

import org.testcontainers.DockerClientFactory;

/** What all backends in containers need. */
final class Containers {

    private Containers() {}

    /** @throws IllegalStateException when no container engine answers */
    static void requireEngine() {
        if (!DockerClientFactory.instance().isDockerAvailable()) {
            throw new IllegalStateException(
                    "CHAPERONE_BACKENDS is `containers`, but no container engine answers; start one or choose `embedded`");
        }
    }
}
