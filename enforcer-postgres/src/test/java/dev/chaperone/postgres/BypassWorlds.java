package dev.chaperone.postgres;

import dev.chaperone.enforcer.MaskingFunctions;
import dev.chaperone.enforcer.detect.DetectionConfig;
import dev.chaperone.enforcer.detect.Detectors;
import dev.chaperone.proto.Secret;
import dev.chaperone.testkit.PostgresBackend;
import dev.chaperone.testkit.conformance.Endpoint;
import dev.chaperone.testkit.conformance.Labels;
import dev.chaperone.testkit.conformance.Secrets;
import dev.chaperone.testkit.conformance.World;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/** Two real PostgreSQL servers that differ in nothing but the fixture's secrets, each behind an enforcer a policy. */
final class BypassWorlds implements AutoCloseable {

    static final Path CASES = Path.of("src/test/resources/bypasses");

    private final Labels labels;
    private final List<PostgresBackend> servers = new ArrayList<>();
    private final List<TestingRecorder> recorders = new ArrayList<>();
    private final Map<LabelledDecisions.Masks, List<PostgresEnforcer>> enforcers =
            new EnumMap<>(LabelledDecisions.Masks.class);
    private final List<Secrets> secrets = new ArrayList<>();

    private BypassWorlds(Labels labels) {
        this.labels = labels;
    }

    /**
     * Starts everything.
     *
     * @param start starts a server
     */
    static BypassWorlds start(Supplier<PostgresBackend> start) throws IOException {
        BypassWorlds worlds = new BypassWorlds(Labels.parse(fixture("labels.yaml")));
        CompletableFuture<PostgresBackend> other =
                CompletableFuture.supplyAsync(() -> filled(start.get(), "world-b.sql"));
        worlds.servers.add(filled(start.get(), "world-a.sql"));
        worlds.servers.add(other.join());
        for (LabelledDecisions.Masks masks : LabelledDecisions.Masks.values()) {
            List<PostgresEnforcer> started = new ArrayList<>();
            worlds.servers.forEach(server -> started.add(worlds.enforcer(server, masks)));
            worlds.enforcers.put(masks, started);
        }
        worlds.worlds(LabelledDecisions.Masks.DELIVERED).stream()
                .map(world -> Secrets.of(world, worlds.labels))
                .forEach(worlds.secrets::add);
        return worlds;
    }

    private static String fixture(String name) throws IOException {
        return Files.readString(CASES.resolve("fixture").resolve(name));
    }

    private static PostgresBackend filled(PostgresBackend server, String secrets) {
        try {
            server.createRole(Gateway.ROLE, Gateway.PASSWORD);
            server.execute("ALTER ROLE gateway SET log_min_messages = fatal");
            server.createDatabase("clinic");
            server.executeIn("clinic", fixture("schema.sql"), fixture(secrets));
            return server;
        } catch (IOException e) {
            throw new IllegalStateException("the fixture cannot be read", e);
        }
    }

    private PostgresEnforcer enforcer(PostgresBackend server, LabelledDecisions.Masks masks) {
        TestingRecorder recorder = new TestingRecorder();
        recorders.add(recorder);
        PostgresConfig config = Gateway.config(server, PostgresConfig.TlsMode.DISABLE, null, Gateway.ROLE);
        PostgresEnforcer enforcer = new PostgresEnforcer(
                config,
                "testing",
                new TestingAuthenticator(),
                new LabelledDecisions(labels, masks),
                recorder,
                new MaskingFunctions(new Secret("0123456789abcdef0123456789abcdef"))::of,
                new Detectors(DetectionConfig.DEFAULT),
                new SimpleMeterRegistry());
        enforcer.start();
        return enforcer;
    }

    Labels labels() {
        return labels;
    }

    /** What must not be learned of each world. */
    List<Secrets> secrets() {
        return List.copyOf(secrets);
    }

    /** The worlds behind the gateways of one policy. */
    List<World> worlds(LabelledDecisions.Masks masks) {
        List<World> worlds = new ArrayList<>();
        List<PostgresEnforcer> gateways = enforcers.getOrDefault(masks, List.of());
        for (int i = 0; i < servers.size(); i++) {
            PostgresBackend server = servers.get(i);
            worlds.add(new World(
                    new Endpoint(
                            "127.0.0.1",
                            gateways.get(i).port(),
                            labels.database(),
                            "ada",
                            TestingAuthenticator.AGENT,
                            false),
                    new Endpoint(
                            server.host(), server.port(), labels.database(), Gateway.ROLE, Gateway.PASSWORD, false),
                    new Endpoint(
                            server.host(),
                            server.port(),
                            labels.database(),
                            server.superuser(),
                            server.superuserPassword(),
                            false)));
        }
        return worlds;
    }

    /** Forgets what was recorded: no case looks at it, and there is much of it. */
    void forgetRecords() {
        recorders.forEach(TestingRecorder::forget);
    }

    @Override
    public void close() {
        enforcers.values().forEach(started -> started.forEach(PostgresEnforcer::close));
        recorders.forEach(TestingRecorder::close);
        servers.forEach(PostgresBackend::close);
    }
}
