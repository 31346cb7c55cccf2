package dev.chaperone.cli;

import dev.chaperone.audit.LedgerVerifier;
import dev.chaperone.audit.TrustedKeys;
import dev.chaperone.audit.VerificationReport;
import dev.chaperone.cli.config.ConfigBinder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** An installation of Chaperone in a world: a directory with keys and one configuration file, a topic, a ledger. */
final class TestingSite {

    static final String PSEUDONYM_KEY = "the-pseudonym-key-that-nobody-ever-prints";

    private static final String CONFIGURATION = """
            pdp:
              listen:
                port: ${PDP_PORT}
                plaintext: true
              packs: [baseline, hipaa]
              catalog: catalog.yaml
              reload-interval: 50ms

            postgres:
              clinic:
                listen:
                  port: 0
                upstreams:
                  clinic:
                    host: 127.0.0.1
                    port: ${POSTGRES_PORT}
                    database: clinic
                    user: ${ROLE}
                    password: env:CLINIC_DB_PASSWORD
                    tls: verify-full
                    ca: ${POSTGRES_CA}
                identity:
                  issuer: ${ISSUER}
                  audiences: [${AUDIENCE}]
                decisions:
                  targets: ["127.0.0.1:${PDP_PORT}"]
                  plaintext: true
                  deadline: 5s
                recording:
                  spool-directory: spool
                  auditor-public-key: keys/auditor.public.json
                  signing-key: keys/signing.key
                  spool-key: keys/spool-key.json
                  kafka:
                    bootstrap-servers: ${KAFKA}
                    topic: ${TOPIC}
                    stall-after: 500ms
                masking:
                  pseudonym-key: env:PSEUDONYM_KEY

            sink:
              bootstrap-servers: ${KAFKA}
              topic: ${TOPIC}
              group-id: ${TOPIC}
              ledger: ledger

            management:
              port: 0
            """;

    private final DemoFiles files;

    private TestingSite(DemoFiles files) {
        this.files = files;
    }

    /** Prepares the directory; the topic is called like it. */
    static TestingSite in(Path directory, TestingWorld world) throws IOException {
        DemoFiles files = DemoFiles.prepare(directory);
        String topic = "audit." + directory.getFileName();
        world.kafka().createTopic(topic, 1);
        Map<String, String> values = Map.of(
                "PDP_PORT", String.valueOf(freePort()),
                "POSTGRES_PORT", String.valueOf(world.postgres().port()),
                "POSTGRES_CA", String.valueOf(world.postgres().certificate()),
                "ROLE", TestingWorld.ROLE,
                "ISSUER", world.oidc().issuer().toString(),
                "AUDIENCE", world.oidc().audience(),
                "KAFKA", world.kafka().bootstrapServers(),
                "TOPIC", topic);
        String text = CONFIGURATION;
        for (Map.Entry<String, String> value : values.entrySet()) {
            text = text.replace("${" + value.getKey() + "}", value.getValue());
        }
        Files.writeString(files.configuration(), text);
        return new TestingSite(files);
    }

    static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path directory() {
        return files.directory();
    }

    Path ledger() {
        return files.ledger();
    }

    Path signingPublicKey() {
        return files.signingPublicKey();
    }

    /** Replaces a text of the configuration, which must be there. */
    void configure(String old, String replacement) throws IOException {
        String text = Files.readString(files.configuration());
        if (!text.contains(old)) {
            throw new AssertionError("`" + old + "` is not in the configuration");
        }
        Files.writeString(files.configuration(), text.replace(old, replacement));
    }

    /** The environment with the secrets that the configuration names. */
    Map<String, String> environment() {
        Map<String, String> environment = new HashMap<>();
        environment.put("CLINIC_DB_PASSWORD", TestingWorld.ROLE_PASSWORD);
        environment.put("PSEUDONYM_KEY", PSEUDONYM_KEY);
        return environment;
    }

    /** {@code chaperone serve PART}. */
    ChaperoneProcess serve(String part) throws IOException {
        return run("serve", part, "--config", "chaperone.yaml");
    }

    /** {@code chaperone up}. */
    ChaperoneProcess up() throws IOException {
        return run("up", "--config", "chaperone.yaml");
    }

    private ChaperoneProcess run(String... arguments) throws IOException {
        return ChaperoneProcess.start(directory(), environment(), arguments);
    }

    /** Starts the decision point and the sink in this process. */
    Processes besideTheEnforcer() {
        Processes processes = new Processes(ConfigBinder.bind(
                ChaperoneConfig.class, files.configuration(), environment(), Set.of("pdp", "sink", "management")));
        processes.startPdp();
        processes.startSink();
        return processes;
    }

    /** What the offline verifier says of the ledger. */
    VerificationReport verify() {
        return LedgerVerifier.verify(ledger(), TrustedKeys.read(List.of(files.signingPublicKey())));
    }

    /** Waits until every process has ended as far as the ledger knows, and the ledger is whole. */
    VerificationReport awaitWhole() throws Exception {
        AtomicReference<@Nullable VerificationReport> last = new AtomicReference<>();
        Await.until(
                () -> {
                    if (!Files.isDirectory(ledger())) {
                        return false;
                    }
                    VerificationReport report = verify();
                    last.set(report);
                    return report.ok()
                            && report.records() > 0
                            && report.openProcesses().isEmpty();
                },
                () -> String.valueOf(last.get()));
        return verify();
    }

    /** Health of a process: HTTP status, a space, the document. */
    static String health(ChaperoneProcess process) throws IOException, InterruptedException {
        return get(process, "/healthz");
    }

    /** Metrics of a process. */
    static String metrics(ChaperoneProcess process) throws IOException, InterruptedException {
        return get(process, "/metrics");
    }

    private static String get(ChaperoneProcess process, String path) throws IOException, InterruptedException {
        HttpResponse<String> response = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + process.managementPort() + path))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
        return response.statusCode() + " " + response.body();
    }
}
