package dev.chaperone.cli;

import dev.chaperone.cli.config.ConfigBinder;
import dev.chaperone.testkit.Backends;
import dev.chaperone.testkit.KafkaBackend;
import dev.chaperone.testkit.KafkaOptions;
import dev.chaperone.testkit.OidcBackend;
import dev.chaperone.testkit.PostgresBackend;
import dev.chaperone.testkit.PostgresOptions;
import dev.chaperone.testkit.TokenSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;

/** The wiring of the demonstration: real PostgreSQL, Kafka and OIDC provider, and Chaperone between them. */
final class DemoWorld implements AutoCloseable {

    /** The database of the demonstration. */
    static final String DATABASE = "clinic";

    /** The human for whom the agent acts. */
    static final String SUBJECT = "dr.rivera";

    /** The agent. */
    static final String AGENT = "coding-agent";

    /** The human's groups. */
    static final List<String> GROUPS = List.of("clinicians");

    private static final String ROLE = "chaperone_clinic";
    private static final String APPROVALS = "approvals";
    private static final String APPROVALS_ROLE = "chaperone_approvals";
    private static final String TOPIC = "chaperone.audit";

    private final DemoFiles files;
    private final PostgresBackend postgres;
    private final OidcBackend oidc;
    private final Processes processes;
    private final Closing closing;

    private DemoWorld(
            DemoFiles files, PostgresBackend postgres, OidcBackend oidc, Processes processes, Closing closing) {
        this.files = files;
        this.postgres = postgres;
        this.oidc = oidc;
        this.processes = processes;
        this.closing = closing;
    }

    /**
     * Starts everything, what is independent of one another at the same time.
     *
     * @param port port of the PostgreSQL enforcer; 0 takes a free one
     */
    static DemoWorld start(DemoFiles files, int port, Map<String, String> environment, DemoProgress progress) {
        Closing closing = new Closing();
        closing.add(files::deleteData);
        ExecutorService threads = Executors.newFixedThreadPool(3);
        try {
            int postgresPort = freePort();
            int kafkaPort = freePort();
            CompletableFuture<PostgresBackend> server =
                    supply(threads, () -> closing.add(server(files, postgresPort, progress)));
            CompletableFuture<PostgresBackend> postgres = server.thenApplyAsync(
                    backend -> {
                        progress.done("5,000 synthetic patients", () -> patients(files, backend));
                        return backend;
                    },
                    threads);
            OidcBackend oidc = progress.done("OIDC provider", () -> closing.add(Backends.oidc()));
            files.writeConfiguration(Map.of(
                    "ENFORCER_PORT", String.valueOf(port),
                    "POSTGRES_PORT", String.valueOf(postgresPort),
                    "POSTGRES_CA",
                            String.valueOf(files.directory().resolve("postgres").resolve("server.crt")),
                    "KAFKA", "127.0.0.1:" + kafkaPort,
                    "ISSUER", oidc.issuer().toString(),
                    "AUDIENCE", oidc.audience()));
            Processes processes =
                    new Processes(ConfigBinder.bind(ChaperoneConfig.class, files.configuration(), environment));
            CompletableFuture<Void> pdp = server.thenAcceptAsync(
                    backend -> progress.done("policy compiled, decision point and console ready", () -> {
                        approvals(files, backend);
                        processes.startPdp();
                    }),
                    threads);
            CompletableFuture<Void> sink = supply(threads, () -> {
                progress.done("Kafka", () -> closing.add(broker(files, kafkaPort)));
                progress.done("audit sink", processes::startSink);
                return null;
            });
            try {
                postgres.join();
                sink.join();
                pdp.join();
                progress.done("PostgreSQL enforcer", processes::startEnforcers);
                processes.startManagement();
            } finally {
                // Last in, first out: Chaperone stops before what it stands between.
                CompletableFuture.allOf(postgres, sink, pdp)
                        .handle((done, failure) -> closing.add(processes))
                        .join();
            }
            DemoWorld world = new DemoWorld(files, postgres.join(), oidc, processes, closing);
            world.state().write(files.directory());
            return world;
        } catch (CompletionException e) {
            closing.close();
            throw e.getCause() instanceof RuntimeException cause ? cause : e;
        } catch (IOException e) {
            closing.close();
            throw new CommandException("`" + files.directory() + "` cannot be written; give another --dir", e);
        } catch (RuntimeException e) {
            closing.close();
            throw e;
        } finally {
            threads.shutdown();
        }
    }

    private static PostgresBackend server(DemoFiles files, int port, DemoProgress progress) {
        return progress.done(
                "PostgreSQL 18",
                () -> Backends.postgres(PostgresOptions.temporary()
                        .withDirectory(files.directory().resolve("postgres"))
                        .withPort(port)
                        .withTls()));
    }

    private static void patients(DemoFiles files, PostgresBackend backend) {
        backend.createDatabase(DATABASE);
        backend.createRole(ROLE, files.secret("upstream-password"));
        backend.executeIn(DATABASE, DemoFiles.resource("clinic.sql"));
    }

    /** Approvals have a database of their own, on the same server. */
    private static void approvals(DemoFiles files, PostgresBackend backend) {
        backend.createRole(APPROVALS_ROLE, files.secret("approvals-password"));
        backend.createDatabase(APPROVALS);
        backend.execute(
                "ALTER DATABASE " + APPROVALS + " OWNER TO " + APPROVALS_ROLE,
                "REVOKE CONNECT ON DATABASE " + APPROVALS + " FROM PUBLIC");
    }

    private static KafkaBackend broker(DemoFiles files, int port) {
        KafkaBackend kafka = Backends.kafka(KafkaOptions.temporary()
                .withDirectory(files.directory().resolve("kafka"))
                .withPort(port));
        kafka.createTopic(TOPIC, 1);
        return kafka;
    }

    private static <T> CompletableFuture<T> supply(ExecutorService threads, Supplier<T> work) {
        return CompletableFuture.supplyAsync(work, threads);
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException("this machine has no free port", e);
        }
    }

    DemoFiles files() {
        return files;
    }

    /** The database itself, past the enforcer. */
    PostgresBackend postgres() {
        return postgres;
    }

    Processes processes() {
        return processes;
    }

    /** The enforcer's port. */
    int port() {
        return processes.enforcers().get(0).port();
    }

    /** A token of the agent, acting for the human. */
    String token() {
        return oidc.token(TokenSpec.of(SUBJECT).withAgent(AGENT).withGroups(GROUPS.toArray(String[]::new)));
    }

    /** The provider, which signs whatever it is told to. */
    OidcBackend oidc() {
        return oidc;
    }

    private ApprovalsPart approvals() {
        return Objects.requireNonNull(Objects.requireNonNull(processes.pdp()).approvals());
    }

    /** What other commands need to know. */
    DemoState state() {
        return new DemoState(
                ProcessHandle.current().pid(),
                oidc.issuer(),
                oidc.audience(),
                "127.0.0.1",
                port(),
                DATABASE,
                SUBJECT,
                AGENT,
                GROUPS,
                files.ledger(),
                files.signingPublicKey(),
                processes.managementPort(),
                approvals().port(),
                Objects.requireNonNull(approvals().console()));
    }

    @Override
    public void close() {
        closing.close();
    }
}
