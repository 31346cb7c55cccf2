package dev.chaperone.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.decision.v1.Principal;
import dev.chaperone.decision.v1.PrincipalKind;
import dev.chaperone.enforcer.Authenticator;
import dev.chaperone.enforcer.DecisionClientConfig;
import dev.chaperone.enforcer.GrpcDecisionClient;
import dev.chaperone.enforcer.MaskingFunctions;
import dev.chaperone.enforcer.detect.DetectionConfig;
import dev.chaperone.enforcer.detect.Detectors;
import dev.chaperone.pdp.DecisionServer;
import dev.chaperone.pdp.PdpConfig;
import dev.chaperone.postgres.PostgresConfig;
import dev.chaperone.postgres.PostgresEnforcer;
import dev.chaperone.proto.ByteSize;
import dev.chaperone.proto.Secret;
import dev.chaperone.testkit.Backends;
import dev.chaperone.testkit.MemoryRecorder;
import dev.chaperone.testkit.PostgresBackend;
import dev.chaperone.testkit.conformance.BypassCase;
import dev.chaperone.testkit.conformance.CaseReader;
import dev.chaperone.testkit.conformance.Conformance;
import dev.chaperone.testkit.conformance.Endpoint;
import dev.chaperone.testkit.conformance.Labels;
import dev.chaperone.testkit.conformance.Lanes;
import dev.chaperone.testkit.conformance.Mode;
import dev.chaperone.testkit.conformance.Report;
import dev.chaperone.testkit.conformance.Result;
import dev.chaperone.testkit.conformance.Secrets;
import dev.chaperone.testkit.conformance.World;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/**
 * The ways around masking, tried where everything that decides is real: the built-in packs {@code baseline} and {@code hipaa},
 * in a decision point that is reached by gRPC, with the fixture's labels as its catalog.
 */
class PackBypassesIT {

    private static final Path CASES = Path.of("../enforcer-postgres/src/test/resources/bypasses");
    private static final Path LABELS = CASES.resolve("fixture/labels.yaml");
    private static final String ROLE = "gateway";
    private static final String PASSWORD = "not-for-agents";
    private static final int LANES = 4;

    /** The packs mask everywhere: what has to work under another policy is not expected here. */
    private static final String POLICY = "everywhere";

    /** To the packs a whole row is a field that the catalog does not classify, although it classifies all of its columns. */
    private static final List<String> REFUSED = List.of("useful/aggregated-json", "useful/whole-rows-as-json");

    @Test
    void nothingSecretReachesAnAgent() throws IOException {
        Labels labels = Labels.parse(Files.readString(LABELS));
        List<BypassCase> cases = CaseReader.readAll(CASES).stream()
                .filter(test -> test.policies().isEmpty() || test.policies().contains(POLICY))
                .toList();
        List<Result> results = new ArrayList<>();
        try (Closing closing = new Closing()) {
            List<World> worlds = worlds(closing, labels);
            List<Secrets> secrets =
                    worlds.stream().map(world -> Secrets.of(world, labels)).toList();
            Lanes lanes = new Lanes();
            Map<BypassCase, CompletableFuture<List<Result>>> pending =
                    lanes.add(LANES, () -> new Conformance(worlds, secrets), cases, PackBypassesIT::some, () -> {});
            lanes.start();
            pending.values().forEach(result -> results.addAll(result.join()));
        }
        Report report = new Report(results);
        System.out.println(report.table());
        assertThat(report.unexpected())
                .extracting(result -> result.test().name())
                .containsExactlyInAnyOrderElementsOf(REFUSED);
        assertThat(results).hasSizeGreaterThan(1000);
    }

    /** One way of each case, in binary where it can be; the module of the enforcer runs all. */
    private static List<Mode> some(BypassCase test) {
        Mode first = test.modes().get(0);
        if (!test.modes().contains(Mode.BINARY)) {
            return List.of(first);
        }
        // What is known to leak need not leak in every way.
        return test.open() == null ? List.of(Mode.BINARY) : List.of(first, Mode.BINARY);
    }

    private static List<World> worlds(Closing closing, Labels labels) {
        CompletableFuture<PostgresBackend> other = CompletableFuture.supplyAsync(() -> database("world-b.sql"));
        List<PostgresBackend> databases = List.of(closing.add(database("world-a.sql")), closing.add(other.join()));
        DecisionServer pdp = closing.add(new DecisionServer(
                new PdpConfig(
                        new PdpConfig.Listen("127.0.0.1", 0, null, true, null),
                        List.of("baseline", "hipaa"),
                        null,
                        LABELS,
                        Duration.ofMinutes(5),
                        Duration.ofSeconds(5),
                        PdpConfig.Limits.DEFAULTS),
                new SimpleMeterRegistry()));
        pdp.start();
        GrpcDecisionClient decisions = closing.add(GrpcDecisionClient.connect(
                new DecisionClientConfig(
                        List.of("127.0.0.1:" + pdp.port()),
                        null,
                        true,
                        Duration.ofSeconds(20),
                        4096,
                        ByteSize.parse("1MiB"),
                        DecisionClientConfig.Cache.DEFAULTS),
                "testing",
                new SimpleMeterRegistry()));
        return databases.stream()
                .map(database -> world(closing, labels, database, decisions))
                .toList();
    }

    private static World world(Closing closing, Labels labels, PostgresBackend database, GrpcDecisionClient decisions) {
        Authenticator agent = token -> CompletableFuture.completedFuture(Principal.newBuilder()
                .setKind(PrincipalKind.PRINCIPAL_KIND_AGENT)
                .setSubject("ada@clinic.example")
                .setAgent("copilot")
                .build());
        PostgresEnforcer enforcer = closing.add(new PostgresEnforcer(
                config(database),
                "testing",
                agent,
                decisions,
                new MemoryRecorder(),
                new MaskingFunctions(new Secret("0123456789abcdef0123456789abcdef"))::of,
                new Detectors(DetectionConfig.DEFAULT),
                new SimpleMeterRegistry()));
        enforcer.start();
        String host = database.host();
        return new World(
                new Endpoint("127.0.0.1", enforcer.port(), labels.database(), "ada", "token", false),
                new Endpoint(host, database.port(), labels.database(), ROLE, PASSWORD, false),
                new Endpoint(
                        host,
                        database.port(),
                        labels.database(),
                        database.superuser(),
                        database.superuserPassword(),
                        false));
    }

    private static PostgresBackend database(String secrets) {
        try {
            PostgresBackend database = Backends.postgres();
            database.createRole(ROLE, PASSWORD);
            database.execute("ALTER ROLE " + ROLE + " SET log_min_messages = fatal");
            database.createDatabase("clinic");
            database.executeIn(
                    "clinic",
                    Files.readString(CASES.resolve("fixture/schema.sql")),
                    Files.readString(CASES.resolve("fixture").resolve(secrets)));
            return database;
        } catch (IOException e) {
            throw new IllegalStateException("the fixture cannot be read", e);
        }
    }

    private static PostgresConfig config(PostgresBackend database) {
        return new PostgresConfig(
                new PostgresConfig.Listen("127.0.0.1", 0, true, null, null),
                Map.of(
                        "clinic",
                        new PostgresConfig.Upstream(
                                database.host(),
                                database.port(),
                                "clinic",
                                ROLE,
                                new Secret(PASSWORD),
                                PostgresConfig.TlsMode.DISABLE,
                                null,
                                false,
                                new PostgresConfig.Role(List.of("create-on-schema", "execute-function")),
                                PostgresConfig.Functions.LISTED)),
                PostgresConfig.Bounds.defaults());
    }
}
