package dev.chaperone.postgres;

import static dev.chaperone.postgres.RawClient.bytes;
import static dev.chaperone.postgres.RawClient.query;
import static dev.chaperone.postgres.RawClient.tags;
import static dev.chaperone.postgres.TestingDecisions.permit;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.postgres.RawClient.Message;
import dev.chaperone.testkit.PostgresOptions;
import dev.chaperone.testkit.SelfSigned;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The start of a session: versions, encryption in every order, and what is said before anybody is known. */
class StartupIT {

    @TempDir
    private static Path directory;

    private static Gateway gateway;

    @BeforeAll
    static void start() throws IOException {
        SelfSigned certificate = SelfSigned.in(directory);
        gateway = Gateway.start(
                PostgresOptions.temporary(),
                PostgresConfig.TlsMode.DISABLE,
                new PostgresConfig.ServerTls(certificate.certificate(), certificate.key()));
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    @BeforeEach
    void reset() {
        gateway.decisions.policy(request -> permit());
        gateway.recorder.reset();
    }

    /** As libpq sends {@code PGDATESTYLE}: nothing may be left of the style that is asked for when none is. */
    @Test
    void aDateStyleThatIsPermittedIsTheOnlyOne() throws IOException {
        gateway.decisions.policy(request -> TestingDecisions.permitUnanalysed());
        try (RawClient client = RawClient.open(gateway.port())) {
            client.startup(RawClient.V3_0, "user", "ada", "database", Gateway.DATABASE, "DateStyle", "Postgres, MDY");
            client.read();
            client.send('p', bytes(TestingAuthenticator.HUMAN));
            assertThat(client.until("ZE"))
                    .anySatisfy(said -> assertThat(new String(said.body(), StandardCharsets.US_ASCII))
                            .isEqualTo("DateStyle\0Postgres, MDY\0"));
        }
    }

    // ---- versions --------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void knownVersionsAreSpokenWithoutNegotiation(int minor) throws IOException {
        try (RawClient client = RawClient.open(gateway.port())) {
            List<Message> said = client.enter(RawClient.V3_0 | minor, TestingAuthenticator.AGENT);
            assertThat(tags(said)).matches("RRS+KZ");
            client.raw(query("select 1"));
            assertThat(tags(client.until("Z"))).isEqualTo("TDCZ");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 9999})
    void aNewerVersionIsNegotiatedDownToTheNewestThereIs(int minor) throws IOException {
        try (RawClient client = RawClient.open(gateway.port())) {
            List<Message> said = client.enter(RawClient.V3_0 | minor, TestingAuthenticator.AGENT);
            assertThat(tags(said)).matches("vRRS+KZ");
            assertThat(said.get(0).body()).containsExactly(0, 3, 0, 2, 0, 0, 0, 0);
            assertThat(key(said).body()).hasSize(36);
        }
    }

    @Test
    void unknownProtocolOptionsAreNamedInTheVersionThatWasAsked() throws IOException {
        try (RawClient client = RawClient.open(gateway.port())) {
            client.startup(
                    RawClient.V3_0, "user", "ada", "database", Gateway.DATABASE, "_pq_.one", "1", "_pq_.two", "");
            ByteBuffer body = ByteBuffer.wrap(client.read().body());
            assertThat(body.getInt()).isEqualTo(RawClient.V3_0);
            assertThat(body.getInt()).isEqualTo(2);
            byte[] names = new byte[body.remaining()];
            body.get(names);
            assertThat(new String(names, StandardCharsets.US_ASCII)).isEqualTo("_pq_.one\0_pq_.two\0");
            client.send('p', bytes(TestingAuthenticator.AGENT));
            assertThat(key(client.until("ZE")).body()).hasSize(8);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2 << 16, 4 << 16, 1 << 16, 1234 << 16})
    void anotherMajorVersionIsRefused(int version) throws IOException {
        try (RawClient client = RawClient.open(gateway.port())) {
            client.startup(version, "user", "ada");
            Message error = client.read();
            assertThat(error.field('S')).isEqualTo("FATAL");
            assertThat(error.field('C')).isIn("0A000", "08P01");
            assertThat(client.ended()).isTrue();
        }
    }

    // ---- encryption ------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(strings = {"ssl", "gss ssl", "direct", "gss", ""})
    void encryptionIsAskedForInAnyOrder(String order) throws Exception {
        Socket socket = new Socket("127.0.0.1", gateway.port());
        RawClient client = RawClient.over(socket);
        boolean encrypted = false;
        for (String ask : order.split(" ")) {
            switch (ask) {
                case "gss" -> assertThat(client.ask(RawClient.GSS_REQUEST)).isEqualTo('N');
                case "ssl" -> {
                    assertThat(client.ask(RawClient.SSL_REQUEST)).isEqualTo('S');
                    client = RawClient.over(TestingTls.encrypt(socket));
                    encrypted = true;
                }
                case "direct" -> {
                    client = RawClient.over(TestingTls.encrypt(socket, "postgresql"));
                    encrypted = true;
                }
                default -> {}
            }
        }
        try (RawClient last = client) {
            assertThat(tags(last.enter(RawClient.V3_2, TestingAuthenticator.AGENT)))
                    .matches("RRS+KZ");
            last.raw(query("select 1"));
            assertThat(tags(last.until("Z"))).isEqualTo("TDCZ");
        }
        assertThat(gateway.recorder.of(AuditEvent::hasSessionOpened))
                .singleElement()
                .extracting(opened -> opened.event().getSessionOpened().getClientTransport())
                .asString()
                .startsWith(encrypted ? "TLSv1.3" : "plaintext");
    }

    @ParameterizedTest
    @ValueSource(strings = {"postgres", "direct"})
    void pgjdbcNegotiatesTlsEitherWay(String negotiation) throws Exception {
        try (Connection connection = gateway.connect(
                        TestingAuthenticator.AGENT, "sslmode", "require", "sslNegotiation", negotiation);
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("select 'through TLS'")) {
            assertThat(rows.next()).isTrue();
            assertThat(rows.getString(1)).isEqualTo("through TLS");
        }
        assertThat(gateway.recorder.of(AuditEvent::hasSessionOpened))
                .singleElement()
                .extracting(opened -> opened.event().getSessionOpened().getClientTransport())
                .asString()
                .startsWith("TLSv1.3");
    }

    @Test
    void insideOfDirectTlsEncryptionIsNotOfferedAgain() throws Exception {
        Socket socket = new Socket("127.0.0.1", gateway.port());
        try (RawClient client = RawClient.over(TestingTls.encrypt(socket, "postgresql"))) {
            assertThat(client.ask(RawClient.SSL_REQUEST)).isEqualTo('N');
            assertThat(client.ask(RawClient.GSS_REQUEST)).isEqualTo('N');
            assertThat(tags(client.enter(RawClient.V3_0, TestingAuthenticator.AGENT)))
                    .matches("RRS+KZ");
        }
    }

    @Test
    void directTlsNeedsTheProtocolsName() throws Exception {
        try (RawClient client = RawClient.over(TestingTls.encrypt(new Socket("127.0.0.1", gateway.port())))) {
            assertThat(client.ended()).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void tlsForAnotherProtocolIsRefused(boolean direct) throws Exception {
        try (Socket socket = new Socket("127.0.0.1", gateway.port())) {
            if (!direct) {
                RawClient.over(socket).ask(RawClient.SSL_REQUEST);
            }
            assertThatThrownBy(() -> TestingTls.encrypt(socket, "h2"))
                    .isInstanceOf(SSLHandshakeException.class)
                    .hasMessageContaining("no_application_protocol");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {RawClient.SSL_REQUEST, RawClient.GSS_REQUEST, RawClient.CANCEL_REQUEST})
    void bytesBehindARequestForEncryptionEndTheConnection(int code) throws IOException {
        try (RawClient client = RawClient.open(gateway.port())) {
            ByteBuffer both = ByteBuffer.allocate(64);
            if (code == RawClient.CANCEL_REQUEST) {
                both.putInt(16).putInt(code).putLong(1);
            } else {
                both.putInt(8).putInt(code);
            }
            both.putInt(17).putInt(RawClient.V3_0).put("user\0ada\0".getBytes(StandardCharsets.US_ASCII));
            client.raw(Arrays.copyOf(both.array(), both.position()));
            assertThat(client.read().field('C')).isEqualTo("08P01");
            assertThat(client.ended()).isTrue();
        }
    }

    @Test
    void bytesInsteadOfTheHandshakeEndTheConnection() throws IOException {
        try (RawClient client = RawClient.open(gateway.port())) {
            assertThat(client.ask(RawClient.SSL_REQUEST)).isEqualTo('S');
            client.startup(RawClient.V3_0, "user", "ada", "database", Gateway.DATABASE);
            List<Integer> bytes = new ArrayList<>();
            for (int next = client.readByte(); next >= 0; next = client.readByte()) {
                bytes.add(next);
            }
            // A TLS alert at most; nothing that was said in the clear is listened to.
            assertThat(bytes).doesNotContain((int) 'R').hasSizeLessThan(16);
        }
        assertThat(gateway.recorder.of(AuditEvent::hasSessionOpened)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {RawClient.SSL_REQUEST, RawClient.GSS_REQUEST})
    void encryptionIsAskedForOnce(int code) throws Exception {
        Socket socket = new Socket("127.0.0.1", gateway.port());
        RawClient client = RawClient.over(socket);
        if (client.ask(code) == 'S') {
            client = RawClient.over(TestingTls.encrypt(socket));
        }
        try (RawClient last = client) {
            assertThat(last.ask(code)).isEqualTo('E');
        }
    }

    // ---- tokens and settings ---------------------------------------------------------------------------------------

    @Test
    void nothingMayBeSaidWhileTheTokenIsChecked() throws IOException {
        try (RawClient client = RawClient.open(gateway.port())) {
            client.startup(RawClient.V3_0, "user", "ada", "database", Gateway.DATABASE);
            client.read();
            client.raw(RawClient.join(RawClient.message('p', bytes(TestingAuthenticator.AGENT)), query("select 1")));
            assertThat(client.read().field('C')).isEqualTo("08P01");
            assertThat(client.ended()).isTrue();
        }
    }

    @Test
    void aSettingThatTheServerDoesNotLikeIsRefusedAsTheServerDoes() throws IOException {
        try (RawClient client = RawClient.open(gateway.port())) {
            client.startup(RawClient.V3_0, "user", "ada", "database", Gateway.DATABASE, "extra_float_digits", "many");
            client.read();
            client.send('p', bytes(TestingAuthenticator.AGENT));
            Message error = client.read();
            assertThat(error.field('S')).isEqualTo("FATAL");
            assertThat(error.field('C')).isEqualTo("22023");
            assertThat(error.field('M')).isEqualTo("invalid value for parameter \"extra_float_digits\": \"many\"");
        }
    }

    private static Message key(List<Message> said) {
        return said.stream()
                .filter(message -> message.tag() == 'K')
                .findFirst()
                .orElseThrow(() -> new AssertionError("no key in " + tags(said)));
    }
}
