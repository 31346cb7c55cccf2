package dev.chaperone.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ManagementServerTest {

    private static final ManagementConfig CONFIG = new ManagementConfig(true, "127.0.0.1", 0);

    private final PrometheusMeterRegistry meters = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final HttpClient http = HttpClient.newHttpClient();

    @Test
    void healthIsOkWhenEveryPartIs() throws Exception {
        try (ManagementServer server = server(new TestingPart("pdp", null), new TestingPart("sink", null))) {
            HttpResponse<String> response = get(server, "/healthz");

            assertThat(response.statusCode()).isEqualTo(200);
            assertThat(response.body()).contains("\"status\" : \"ok\"", "\"pdp\" : \"ok\"", "\"sink\" : \"ok\"");
        }
    }

    @Test
    void healthNamesThePartThatFails() throws Exception {
        try (ManagementServer server =
                server(new TestingPart("pdp", null), new TestingPart("sink", "no partition is assigned"))) {
            HttpResponse<String> response = get(server, "/healthz");

            assertThat(response.statusCode()).isEqualTo(503);
            assertThat(response.body()).contains("\"status\" : \"failing\"", "\"sink\" : \"no partition is assigned\"");
        }
    }

    @Test
    void metricsAreServedForPrometheus() throws Exception {
        meters.counter("chaperone.test").increment();
        try (ManagementServer server = server()) {
            HttpResponse<String> response = get(server, "/metrics");

            assertThat(response.statusCode()).isEqualTo(200);
            assertThat(response.headers().firstValue("Content-Type"))
                    .hasValueSatisfying(type -> assertThat(type).startsWith("text/plain"));
            assertThat(response.body()).contains("chaperone_test_total 1.0");
        }
    }

    @Test
    void nothingElseIsServed() throws Exception {
        try (ManagementServer server = server()) {
            assertThat(get(server, "/").statusCode()).isEqualTo(404);
            assertThat(get(server, "/healthz/more").statusCode()).isEqualTo(404);
            HttpRequest post = HttpRequest.newBuilder(uri(server, "/healthz"))
                    .POST(HttpRequest.BodyPublishers.ofString("x"))
                    .build();
            assertThat(http.send(post, HttpResponse.BodyHandlers.ofString()).statusCode())
                    .isEqualTo(405);
        }
    }

    @Test
    void aTakenPortIsNamed() {
        try (ManagementServer server = server()) {
            assertThatExceptionOfType(CommandException.class)
                    .isThrownBy(() -> ManagementServer.start(
                            new ManagementConfig(true, "127.0.0.1", server.port()), List.of(), meters))
                    .withMessageContaining("127.0.0.1:" + server.port())
                    .withMessageContaining("management.port");
        }
    }

    private ManagementServer server(Part... parts) {
        return ManagementServer.start(CONFIG, List.of(parts), meters);
    }

    private HttpResponse<String> get(ManagementServer server, String path) throws IOException, InterruptedException {
        return http.send(HttpRequest.newBuilder(uri(server, path)).build(), HttpResponse.BodyHandlers.ofString());
    }

    private static URI uri(ManagementServer server, String path) {
        return URI.create("http://127.0.0.1:" + server.port() + path);
    }

    /** A part that is well, or fails with a message. */
    private record TestingPart(String name, @Nullable String failure) implements Part {

        @Override
        public List<String> banner() {
            return List.of();
        }

        @Override
        public void check() {
            if (failure != null) {
                throw new IllegalStateException(failure);
            }
        }

        @Override
        public void close() {}
    }
}
