package dev.chaperone.postgres;

import static dev.chaperone.postgres.RawClient.query;
import static dev.chaperone.postgres.RawClient.tags;
import static dev.chaperone.postgres.TestingDecisions.permit;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.enforcer.Zones;
import dev.chaperone.testkit.Backends;
import dev.chaperone.testkit.PostgresBackend;
import dev.chaperone.testkit.SelfSigned;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Unix sockets on both sides: who may connect, what is refused, and that nothing of them is left behind. */
class UnixSocketIT {

    @TempDir
    private static Path directory;

    private static PostgresBackend backend;
    private @Nullable Gateway gateway;

    @BeforeAll
    static void start() {
        backend = Backends.postgres();
        Gateway.seed(backend);
    }

    @AfterAll
    static void stop() {
        backend.close();
    }

    @AfterEach
    void end() {
        if (gateway != null) {
            gateway.enforcer.close();
            gateway.recorder.close();
            gateway = null;
        }
        assertThat(content()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"'', 0600, rw-------", "127.0.0.1, 0770, rwxrwx---", "'', 777, rwxrwxrwx"})
    void psqlConnectsThroughIt(String host, String mode, String permissions) throws Exception {
        gateway = listening(host, mode);
        Path socket = directory.resolve(".s.PGSQL." + gateway.port());
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
                .isEqualTo(permissions);
        assertThat(psql(gateway.port(), "select 'through ' || 'the socket'")).isEqualTo("through the socket\n");
        assertThat(gateway.recorder.of(AuditEvent::hasSessionOpened))
                .singleElement()
                .satisfies(opened -> {
                    assertThat(opened.event().getSessionOpened().getClientAddress())
                            .isEqualTo("local");
                    assertThat(opened.event().getSessionOpened().getClientTransport())
                            .isEqualTo("plaintext");
                });
        assertThat(gateway.decisions.requests())
                .allSatisfy(request ->
                        assertThat(request.getContext().getClientAddress()).isEqualTo("local"));
    }

    @Test
    void noTlsIsOfferedOnIt() throws Exception {
        gateway = listening("127.0.0.1", "0700");
        Path socket = directory.resolve(".s.PGSQL." + gateway.port());
        try (RawClient client = RawClient.over(UnixSocket.connect(UnixDomainSocketAddress.of(socket)))) {
            assertThat(client.ask(RawClient.SSL_REQUEST)).isEqualTo('N');
            assertThat(client.ask(RawClient.GSS_REQUEST)).isEqualTo('N');
            assertThat(tags(client.enter(RawClient.V3_2, TestingAuthenticator.AGENT)))
                    .matches("RRS+KZ");
            client.raw(query("select n, repeat('x', 100) from numbers"));
            assertThat(client.until("Z")).hasSize(200_003);
        }
        try (Connection connection = gateway.connect(TestingAuthenticator.AGENT)) {
            assertThat(connection.isValid(10)).isTrue();
        }
    }

    @Test
    void theDatabaseIsReachedThroughItsOwn() throws Exception {
        String host = Objects.requireNonNull(backend.socketDirectory()).toString();
        gateway = Gateway.before(
                backend,
                new PostgresConfig(
                        new PostgresConfig.Listen("127.0.0.1", 0, true, null, null),
                        Map.of(Gateway.DATABASE, Gateway.upstreamAt(host, backend, Gateway.DATABASE)),
                        Gateway.bounds()));
        gateway.decisions.policy(request -> permit());
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            assertThat(ports()).contains(-1);
            client.raw(query("select n from numbers"));
            assertThat(client.until("Z")).hasSize(200_003);
        }
        gateway.enforcer.check();
    }

    @Test
    void whatItsClientsGetGoesToTheZoneOfThisMachine() throws Exception {
        gateway = Gateway.before(
                backend,
                new PostgresConfig(
                        new PostgresConfig.Listen(
                                "127.0.0.1", 0, true, null, new PostgresConfig.UnixSocket(directory, "0700")),
                        Map.of(Gateway.DATABASE, Gateway.upstream(backend, Gateway.DATABASE)),
                        Map.of(
                                "wide", new Zones.Zone(List.of("0.0.0.0/0")),
                                "here", new Zones.Zone(List.of("127.0.0.0/8"))),
                        Gateway.bounds()));
        gateway.decisions.policy(request -> permit());
        Path socket = directory.resolve(".s.PGSQL." + gateway.port());
        try (RawClient local = RawClient.over(UnixSocket.connect(UnixDomainSocketAddress.of(socket)));
                RawClient tcp = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            local.enter(RawClient.V3_2, TestingAuthenticator.AGENT);
            for (RawClient client : List.of(local, tcp)) {
                client.raw(query("select n from numbers limit 1"));
                client.until("Z");
            }
        }
        assertThat(gateway.decisions.requests())
                .hasSizeGreaterThanOrEqualTo(2)
                .allSatisfy(request ->
                        assertThat(request.getContext().getDestinationZone()).isEqualTo("here"));
    }

    @Test
    void aSocketThatSomebodyListensOnIsLeftAlone() throws Exception {
        Path socket = directory.resolve(".s.PGSQL.7001");
        try (ServerSocketChannel other = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            other.bind(UnixDomainSocketAddress.of(socket));
            assertThatThrownBy(() -> listening("", 7001, "0700", null))
                    .isInstanceOf(EnforcementException.class)
                    .hasMessageContaining(socket.toString())
                    .hasMessageContaining("somebody listens");
            assertThat(socket).exists();
        } finally {
            Files.delete(socket);
        }
    }

    @Test
    void aSocketThatWasLeftBehindIsReplacedAndAFileIsNot() throws Exception {
        Path socket = directory.resolve(".s.PGSQL.7002");
        try (ServerSocketChannel other = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            other.bind(UnixDomainSocketAddress.of(socket));
        }
        assertThat(socket).exists();
        gateway = listening("", 7002, "0700", null);
        assertThat(psql(7002, "select 1")).isEqualTo("1\n");
        Path file = Files.writeString(directory.resolve(".s.PGSQL.7003"), "precious");
        try {
            assertThatThrownBy(() -> listening("", 7003, "0700", null)).hasMessageContaining("is no socket");
            assertThat(file).hasContent("precious");
        } finally {
            Files.delete(file);
        }
    }

    @Test
    void whereTheTcpPortIsTakenNoSocketIsLeft() throws IOException {
        try (ServerSocket taken = new ServerSocket(0)) {
            assertThatThrownBy(() -> listening("0.0.0.0", taken.getLocalPort(), "0700", null))
                    .hasMessageContaining("cannot listen on 0.0.0.0");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"8", "0999", "rwx", "01777"})
    void aModeThatIsNoneIsRefused(String mode) {
        assertThatThrownBy(() -> new PostgresConfig.UnixSocket(directory, mode))
                .hasMessageContaining("`mode` is `" + mode + "`");
    }

    @Test
    void tlsIsNotAskedOfAUnixSocket() {
        PostgresConfig.Upstream upstream = Gateway.upstream(backend, Gateway.DATABASE);
        assertThatThrownBy(() -> new PostgresConfig.Upstream(
                        "/run/postgresql",
                        5432,
                        upstream.database(),
                        upstream.user(),
                        upstream.password(),
                        PostgresConfig.TlsMode.VERIFY_FULL,
                        null,
                        false,
                        PostgresConfig.Role.ORDINARY,
                        PostgresConfig.Functions.LISTED))
                .hasMessageContaining("set `tls: disable`");
    }

    private static Gateway listening(String host, String mode) throws IOException {
        // The port of a Unix socket alone is only a number in its name.
        int port = host.isEmpty() ? 7000 : 0;
        return listening(host, port, mode, host.isEmpty() ? null : tls());
    }

    private static PostgresConfig.ServerTls tls() throws IOException {
        SelfSigned certificate = SelfSigned.in(Files.createTempDirectory("chaperone-tls"));
        return new PostgresConfig.ServerTls(certificate.certificate(), certificate.key());
    }

    private static Gateway listening(String host, int port, String mode, PostgresConfig.@Nullable ServerTls tls) {
        return Gateway.before(
                backend,
                new PostgresConfig(
                        new PostgresConfig.Listen(
                                host, port, true, tls, new PostgresConfig.UnixSocket(directory, mode)),
                        Map.of(Gateway.DATABASE, Gateway.upstream(backend, Gateway.DATABASE)),
                        Gateway.bounds()));
    }

    /** The clients' ports as the database sees them: -1 stands for a Unix socket. */
    private static List<Integer> ports() throws SQLException {
        List<Integer> ports = new ArrayList<>();
        try (Connection connection = backend.connect(Gateway.DATABASE);
                Statement statement = connection.createStatement();
                ResultSet rows =
                        statement.executeQuery("select client_port from pg_stat_activity where usename = 'gateway'")) {
            while (rows.next()) {
                ports.add(rows.getInt(1));
            }
        }
        return ports;
    }

    private static List<Path> content() {
        try (Stream<Path> files = Files.list(directory)) {
            return files.toList();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String psql(int port, String sql) throws Exception {
        assumeTrue(
                Stream.of(System.getenv("PATH").split(":", -1))
                        .anyMatch(place -> Files.isExecutable(Path.of(place, "psql"))),
                "psql is not installed (Debian: apt install postgresql-client)");
        ProcessBuilder builder = new ProcessBuilder(
                        "psql", "-X", "-At", "-h", directory.toString(), "-p", String.valueOf(port), "-c", sql)
                .redirectErrorStream(true);
        builder.environment()
                .putAll(Map.of(
                        "PGUSER", "ada", "PGDATABASE", Gateway.DATABASE, "PGPASSWORD", TestingAuthenticator.AGENT));
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        return output;
    }
}
