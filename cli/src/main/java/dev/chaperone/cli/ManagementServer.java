package dev.chaperone.cli;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Answers {@code GET /healthz} (200 when every part works, else 503, with a JSON document that names them) and {@code GET
 * /metrics} (Prometheus text). The parts' answers are kept for a second, so that asking often costs nothing.
 */
final class ManagementServer implements AutoCloseable {

    private static final Duration KEPT = Duration.ofSeconds(1);
    private static final String OK = "ok";

    private final HttpServer server;
    private final ExecutorService threads = Executors.newFixedThreadPool(2, task -> {
        Thread thread = new Thread(task, "management");
        thread.setDaemon(true);
        return thread;
    });
    private final List<Part> parts;
    private final PrometheusMeterRegistry meters;
    private Map<String, String> health = Map.of();
    private long healthAt = System.nanoTime() - KEPT.toNanos();

    private ManagementServer(HttpServer server, List<Part> parts, PrometheusMeterRegistry meters) {
        this.server = server;
        this.parts = List.copyOf(parts);
        this.meters = meters;
    }

    /**
     * Listens.
     *
     * @throws CommandException when the port cannot be had
     */
    static ManagementServer start(ManagementConfig config, List<Part> parts, PrometheusMeterRegistry meters) {
        try {
            HttpServer server = HttpServer.create(new InetSocketAddress(config.address(), config.port()), 16);
            ManagementServer management = new ManagementServer(server, parts, meters);
            server.createContext("/healthz", management::health);
            server.createContext("/metrics", management::metrics);
            server.setExecutor(management.threads);
            server.start();
            return management;
        } catch (IOException e) {
            throw new CommandException(
                    "cannot serve health and metrics on `" + config.address() + ":" + config.port() + "` ("
                            + e.getMessage() + "); choose another `management.port`",
                    e);
        }
    }

    /** The port that is listened on. */
    int port() {
        return server.getAddress().getPort();
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }

    private void health(HttpExchange exchange) throws IOException {
        Map<String, String> now = health();
        boolean well = now.values().stream().allMatch(OK::equals);
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("status", well ? "ok" : "failing");
        document.put("parts", now);
        answer(exchange, "/healthz", well ? 200 : 503, "application/json", Json.write(document) + "\n");
    }

    private void metrics(HttpExchange exchange) throws IOException {
        answer(exchange, "/metrics", 200, "text/plain; version=0.0.4; charset=utf-8", meters.scrape());
    }

    private synchronized Map<String, String> health() {
        if (System.nanoTime() - healthAt >= KEPT.toNanos()) {
            Map<String, String> now = new LinkedHashMap<>();
            parts.forEach(part -> now.put(part.name(), state(part)));
            health = now;
            healthAt = System.nanoTime();
        }
        return health;
    }

    private static String state(Part part) {
        try {
            part.check();
            return OK;
        } catch (RuntimeException e) {
            String message = e.getMessage();
            return message == null ? e.getClass().getSimpleName() : message;
        }
    }

    private static void answer(HttpExchange exchange, String path, int status, String type, String body)
            throws IOException {
        try (exchange;
                OutputStream out = exchange.getResponseBody()) {
            boolean known = exchange.getRequestURI().getPath().equals(path);
            boolean read = exchange.getRequestMethod().equals("GET");
            byte[] bytes = (known && read ? body : "").getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", type);
            exchange.getResponseHeaders().set("Cache-Control", "no-store");
            exchange.sendResponseHeaders(known ? (read ? status : 405) : 404, bytes.length == 0 ? -1 : bytes.length);
            out.write(bytes);
        }
    }
}
