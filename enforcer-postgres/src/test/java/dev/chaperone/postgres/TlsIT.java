package dev.chaperone.postgres;

import static dev.chaperone.postgres.RawClient.query;
import static dev.chaperone.postgres.TestingDecisions.permit;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.SessionOpened;
import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.postgres.PostgresConfig.TlsMode;
import dev.chaperone.testkit.Backends;
import dev.chaperone.testkit.PostgresBackend;
import dev.chaperone.testkit.PostgresOptions;
import dev.chaperone.testkit.SelfSigned;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.util.PSQLException;

/** Both hops encrypted, and what happens where one is not what it should be. */
class TlsIT {

    @TempDir
    private static Path directory;

    private static SelfSigned shown;
    private static SelfSigned other;
    private static PostgresBackend backend;
    private static TestingProxy proxy;
    private static Gateway gateway;

    @BeforeAll
    static void start() throws IOException {
        shown = SelfSigned.in(Files.createDirectory(directory.resolve("shown")));
        other = SelfSigned.in(Files.createDirectory(directory.resolve("other")));
        backend = Backends.postgres(PostgresOptions.temporary().withTls());
        Gateway.seed(backend);
        proxy = new TestingProxy(backend.port());
        gateway = Gateway.before(backend, config("0.0.0.0", TlsMode.VERIFY_FULL, backend.certificate()));
    }

    @AfterAll
    static void stop() throws IOException {
        gateway.close();
        proxy.close();
    }

    @BeforeEach
    void reset() {
        gateway.decisions.policy(request -> permit());
        gateway.recorder.reset();
        proxy.leadTo(backend.port());
    }

    @ParameterizedTest
    @ValueSource(strings = {"require", "verify-ca", "verify-full"})
    void bothHopsAreEncryptedAndTheRecordSaysHow(String mode) throws SQLException {
        try (Connection agent = connect("127.0.0.1", mode, shown.certificate())) {
            assertThat(names(agent)).isEqualTo("Ada,Grace,Joan");
            assertThat(value("select string_agg(distinct s.version, ',') from pg_stat_ssl s join pg_stat_activity a"
                            + " using (pid) where a.usename = 'gateway' and s.ssl"))
                    .startsWith("TLSv1.");
            assertThat(value("select count(*) from pg_stat_ssl s join pg_stat_activity a using (pid)"
                            + " where a.usename = 'gateway' and not s.ssl"))
                    .isEqualTo("0");
        }
        SessionOpened opened =
                gateway.recorder.of(AuditEvent::hasSessionOpened).get(0).event().getSessionOpened();
        assertThat(opened.getClientTransport()).startsWith("TLSv1.");
    }

    @Test
    void aClientThatDoesNotTrustTheGatewayGoesNoFurther() {
        assertThatThrownBy(() -> connect("127.0.0.1", "verify-full", other.certificate()))
                .isInstanceOf(PSQLException.class)
                .hasMessageContaining("SSL error");
        assertThat(gateway.recorder.events()).isEmpty();
    }

    @Test
    void aTokenIsNotTakenInTheClearFromAnotherMachine() throws Exception {
        Optional<InetAddress> address = NetworkInterface.networkInterfaces()
                .flatMap(NetworkInterface::inetAddresses)
                .filter(candidate -> candidate instanceof Inet4Address && !candidate.isLoopbackAddress())
                .findAny();
        assumeTrue(address.isPresent(), "this machine has no address but loopback");
        String host = address.get().getHostAddress();

        assertThatThrownBy(() -> connect(host, "disable", null)).isInstanceOfSatisfying(PSQLException.class, e -> {
            assertThat(e.getSQLState()).isEqualTo("28000");
            assertThat(e.getServerErrorMessage().getHint()).contains("sslmode=require");
        });
        assertThat(gateway.recorder.events()).isEmpty();
        try (Connection agent = connect(host, "require", null)) {
            assertThat(names(agent)).isEqualTo("Ada,Grace,Joan");
        }
    }

    @Test
    void aDatabaseThatShowsAnotherCertificateIsNotLoggedInTo() throws Exception {
        try (PostgresBackend stranger =
                Backends.postgres(PostgresOptions.temporary().withTls())) {
            Gateway.seed(stranger);
            proxy.leadTo(stranger.port());
            assertUnavailable("could not be verified over TLS");
        }
    }

    @Test
    void aDatabaseThatOffersNoTlsIsNotLoggedInTo() throws Exception {
        try (PostgresBackend plain = Backends.postgres()) {
            Gateway.seed(plain);
            proxy.leadTo(plain.port());
            assertUnavailable("does not offer TLS");
        }
    }

    @Test
    void anEnforcerDoesNotStartBeforeADatabaseThatItDoesNotTrust() {
        assertStartFails(config("127.0.0.1", TlsMode.VERIFY_FULL, other.certificate()), "does not let the enforcer in");
    }

    @Test
    void aCertificateThatCannotBeReadIsNamed() {
        SelfSigned missing = new SelfSigned(directory.resolve("absent.crt"), directory.resolve("absent.key"));
        PostgresConfig config = new PostgresConfig(
                listen("127.0.0.1", missing),
                config("127.0.0.1", TlsMode.VERIFY_FULL, backend.certificate()).upstreams(),
                Gateway.bounds());
        assertStartFails(config, "absent.crt");
    }

    @Test
    void encryptionWithoutVerificationIsRecordedAsSuch() throws Exception {
        Gateway careless = Gateway.before(backend, config("127.0.0.1", TlsMode.REQUIRE, null));
        try (RawClient client = RawClient.login(careless.port(), TestingAuthenticator.AGENT)) {
            client.raw(query("select 1"));
            client.until("Z");
            assertThat(careless.recorder.events().toString()).contains("TLS, certificate not verified");
        } finally {
            careless.enforcer.close();
            careless.recorder.close();
        }
    }

    private static void assertUnavailable(String what) {
        assertThatThrownBy(() -> connect("127.0.0.1", "require", null))
                .isInstanceOfSatisfying(
                        PSQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08006"))
                .hasMessageContaining("`clinic`")
                .hasMessageContaining(what);
    }

    private static void assertStartFails(PostgresConfig config, String what) {
        assertThatThrownBy(() -> Gateway.before(backend, config))
                .isInstanceOf(EnforcementException.class)
                .hasMessageContaining(what);
    }

    private static PostgresConfig config(String host, TlsMode mode, @Nullable Path ca) {
        PostgresConfig.Upstream usual = Gateway.upstream(backend, Gateway.DATABASE, TlsMode.VERIFY_FULL, Gateway.ROLE);
        return new PostgresConfig(
                listen(host, shown),
                Map.of(
                        Gateway.DATABASE,
                        new PostgresConfig.Upstream(
                                usual.host(),
                                proxy.port(),
                                usual.database(),
                                usual.user(),
                                usual.password(),
                                mode,
                                ca,
                                false,
                                usual.role(),
                                usual.functions())),
                Gateway.bounds());
    }

    private static PostgresConfig.Listen listen(String host, SelfSigned certificate) {
        return new PostgresConfig.Listen(
                host, 0, true, new PostgresConfig.ServerTls(certificate.certificate(), certificate.key()), null);
    }

    private static Connection connect(String host, String mode, @Nullable Path root) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", "ada");
        properties.setProperty("password", TestingAuthenticator.AGENT);
        properties.setProperty("sslmode", mode);
        if (root != null) {
            properties.setProperty("sslrootcert", root.toString());
        }
        return DriverManager.getConnection(
                "jdbc:postgresql://" + host + ":" + gateway.port() + "/" + Gateway.DATABASE, properties);
    }

    private static String names(Connection agent) throws SQLException {
        return value(agent, "select string_agg(name, ',' order by id) from patients");
    }

    /** As the server's superuser. */
    private static String value(String sql) throws SQLException {
        try (Connection connection = backend.connect(Gateway.DATABASE)) {
            return value(connection, sql);
        }
    }

    private static String value(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            assertThat(rows.next()).isTrue();
            return rows.getString(1);
        }
    }
}
