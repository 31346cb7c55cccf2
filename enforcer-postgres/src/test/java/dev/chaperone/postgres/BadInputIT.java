package dev.chaperone.postgres;

import static dev.chaperone.postgres.RawClient.bytes;
import static dev.chaperone.postgres.RawClient.join;
import static dev.chaperone.postgres.RawClient.message;
import static dev.chaperone.postgres.RawClient.query;
import static dev.chaperone.postgres.RawClient.tags;
import static dev.chaperone.postgres.TestingDecisions.permit;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.postgres.RawClient.Message;
import dev.chaperone.testkit.LogLines;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What no client should send. It gets an error of its own protocol and the end of its connection; the log has a line about
 * it, without secrets; everybody else is served as before.
 */
class BadInputIT {

    private static final String PROTOCOL_VIOLATION = "08P01";
    private static final int PROTOCOL_3 = 3 << 16;

    private static Gateway gateway;

    private LogLines log;

    @BeforeAll
    static void start() {
        gateway = Gateway.start();
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    @BeforeEach
    void reset() {
        gateway.decisions.policy(request -> permit());
        gateway.recorder.reset();
        log = LogLines.of(BadInputIT.class.getPackage());
    }

    @AfterEach
    void othersAreServedAsBefore() throws IOException {
        log.close();
        try (RawClient client = login()) {
            client.raw(query("select 1"));
            assertThat(tags(client.until("Z"))).isEqualTo("TDCZ");
        }
        Eventually.holds(() -> gateway.recorder.of(AuditEvent::hasSessionOpened).size()
                == gateway.recorder.of(AuditEvent::hasSessionClosed).size());
    }

    @ParameterizedTest
    @MethodSource
    void noSessionBeginsWith(byte[] first) throws IOException {
        try (RawClient client = RawClient.open(gateway.port())) {
            client.raw(first);
            assertFatal(PROTOCOL_VIOLATION, client);
        }
        assertThat(gateway.recorder.of(AuditEvent::hasAuthenticated)).isEmpty();
    }

    static Stream<Named<byte[]>> noSessionBeginsWith() {
        return Stream.of(
                Named.of("a length of zero", new byte[8]),
                Named.of("a length shorter than itself", ints(7, PROTOCOL_3)),
                Named.of("a length above the bound", ints(10 * 1024 + 1, PROTOCOL_3)),
                Named.of("a negative length", ints(-1, PROTOCOL_3)),
                Named.of("another protocol", "GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII)),
                Named.of("a password", message('p', bytes("token"))),
                Named.of("a query", query("select 1")),
                Named.of("an unknown request", ints(8, 1234 << 16 | 9999)),
                Named.of("a request for cancellation that is too short", ints(12, 1234 << 16 | 5678, 1)),
                Named.of("a parameter without value", startup("user\0")),
                Named.of("parameters without end", startup("user\0ada")),
                Named.of("bytes behind the parameters", startup("user\0ada\0\0\0")),
                Named.of("the same parameter twice", startup("user\0ada\0user\0eve\0\0")),
                Named.of("a name that is not UTF-8", startup("user\0\u00ff\u00fe\0\0")),
                Named.of("no user", startup("\0")));
    }

    @ParameterizedTest
    @MethodSource
    void noTokenIs(byte[] answer) throws IOException {
        try (RawClient client = RawClient.open(gateway.port())) {
            client.startup(PROTOCOL_3, "user", "ada", "database", Gateway.DATABASE);
            assertThat(client.read().tag()).isEqualTo('R');
            client.raw(answer);
            assertFatal(PROTOCOL_VIOLATION, client);
        }
        assertThat(gateway.recorder.of(AuditEvent::hasAuthenticated)).isEmpty();
    }

    static Stream<Named<byte[]>> noTokenIs() {
        return Stream.of(
                Named.of("a query", query("select 1")),
                Named.of("another message", message('X')),
                Named.of("a message above the bound", join(new byte[] {'p'}, ints(1 << 20))),
                Named.of("a message of negative length", join(new byte[] {'p'}, ints(-4))),
                Named.of("text without end", message('p', "hush-hush".getBytes(StandardCharsets.US_ASCII))),
                Named.of("text that is not UTF-8", message('p', new byte[] {(byte) 0xff, 0})),
                Named.of("text with more behind it", message('p', bytes("hush-hush"), bytes("more"))));
    }

    @Test
    void aTokenThatIsNotTrustedIsNeitherRepeatedNorLogged() throws IOException {
        String token = "a-secret-that-somebody-mistyped";
        try (RawClient client = RawClient.open(gateway.port())) {
            client.startup(PROTOCOL_3, "user", "ada", "database", Gateway.DATABASE);
            client.read();
            client.send('p', bytes(token));
            Message error = assertFatal("28P01", client);
            assertThat(error.field('M')).doesNotContain(token);
        }
        assertThat(log.all()).noneMatch(line -> line.contains(token));
        assertThat(gateway.recorder.of(AuditEvent::hasAuthenticationFailed))
                .singleElement()
                .satisfies(event -> assertThat(
                                event.event().getAuthenticationFailed().getCode())
                        .isEqualTo("token_untrusted"));
        assertThat(gateway.recorder.events().toString()).doesNotContain(token);
    }

    @ParameterizedTest
    @CsvSource({
        "no.such.setting, 1, 42501",
        "log_statement, all, 42501",
        "session_authorization, postgres, 42501",
        "replication, database, 0A000",
        "client_encoding, SJIS, 0A000",
        "options, -c no.such.setting=1, 42501",
        "options, --role=postgres, 42501",
        "options, -B 5, 0A000"
    })
    void aStartupParameterThatIsNotServedIsNamed(String name, String value, String code) throws IOException {
        try (RawClient client = RawClient.open(gateway.port())) {
            client.startup(PROTOCOL_3, "user", "ada", "database", Gateway.DATABASE, name, value);
            Message error = client.read();
            if (error.tag() == 'R') {
                client.send('p', bytes(TestingAuthenticator.AGENT));
                error = client.read();
            }
            assertThat(error.tag()).isEqualTo('E');
            assertThat(error.field('S')).isEqualTo("FATAL");
            assertThat(error.field('C')).isEqualTo(code);
            String named =
                    name.equals("options") ? value.replaceAll("^(-c |--)?", "").replaceAll("[= ].*", "") : name;
            assertThat(error.field('M')).contains(named);
            assertThat(client.ended()).isTrue();
        }
        assertThat(log.all()).anyMatch(line -> line.contains("(unsupported)") || line.contains("(unanalysable)"));
    }

    @Test
    void whatAClientSendsCannotForgeALineOfTheLog() throws IOException {
        try (RawClient client = RawClient.open(gateway.port())) {
            client.startup(PROTOCOL_3, "user", "ada", "database", Gateway.DATABASE, "x.\n2026 INFO forged", "1");
            assertThat(client.read().tag()).isEqualTo('R');
            client.send('p', bytes(TestingAuthenticator.AGENT));
            assertThat(client.until("E")).isNotEmpty();
        }
        assertThat(log.all()).isNotEmpty().noneMatch(line -> line.contains("\n"));
    }

    @ParameterizedTest
    @MethodSource
    void noSessionSurvives(byte[] sent) throws IOException {
        try (RawClient client = login()) {
            client.raw(sent);
            assertFatal(PROTOCOL_VIOLATION, client);
        }
        Eventually.holds(() -> gateway.recorder.of(AuditEvent::hasSessionClosed).size() == 1);
        assertThat(gateway.recorder
                        .of(AuditEvent::hasSessionClosed)
                        .get(0)
                        .event()
                        .getSessionClosed()
                        .getCause())
                .isEqualTo("error");
        assertThat(gateway.recorder.of(AuditEvent::hasDelivered))
                .as("what the client was told is recorded")
                .anyMatch(event -> event.event()
                        .getDelivered()
                        .getPayload()
                        .toString(StandardCharsets.ISO_8859_1)
                        .contains(PROTOCOL_VIOLATION));
    }

    static Stream<Named<byte[]>> noSessionSurvives() {
        return Stream.of(
                Named.of("a message above the bound", join(new byte[] {'Q'}, ints(Integer.MAX_VALUE))),
                Named.of("a message of negative length", join(new byte[] {'Q'}, ints(-1))),
                Named.of("a message shorter than its length", join(new byte[] {'Q'}, ints(3))),
                Named.of("an unknown message", message('!')),
                Named.of("a message of the server", message('Z', new byte[] {'I'})),
                Named.of("another token", message('p', bytes(TestingAuthenticator.AGENT))),
                Named.of("a query without end", message('Q', "select 1".getBytes(StandardCharsets.US_ASCII))),
                Named.of("a query with more behind it", message('Q', bytes("select 1"), bytes("select 2"))),
                Named.of("a query that is not UTF-8", message('Q', new byte[] {(byte) 0xc3, 0x28, 0})),
                Named.of("more parameter types than there are", message('P', bytes(""), bytes("select 1"), shorts(9))),
                Named.of(
                        "a negative number of parameter types", message('P', bytes(""), bytes("select 1"), shorts(-1))),
                Named.of(
                        "a parameter of negative length",
                        message('B', bytes(""), bytes(""), shorts(0, 1), ints(-2), shorts(0))),
                Named.of(
                        "a parameter longer than its message",
                        message('B', bytes(""), bytes(""), shorts(0, 1), ints(1 << 30), shorts(0))),
                Named.of(
                        "as many formats as no rule allows",
                        message('B', bytes(""), bytes(""), shorts(2, 0, 0, 1), ints(-1), shorts(0))),
                Named.of("a description of nothing", message('D', new byte[] {'X'}, bytes(""))),
                Named.of("an execution without a number of rows", message('E', bytes(""))));
    }

    /** The next message is a fatal error with that code, the last one is behind it, and the log has a line. */
    private Message assertFatal(String code, RawClient client) throws IOException {
        Message error = client.read();
        assertThat(error.tag()).isEqualTo('E');
        assertThat(error.field('S')).isEqualTo("FATAL");
        assertThat(error.field('C')).as(error.field('M')).isEqualTo(code);
        assertThat(error.field('M')).isNotBlank();
        assertThat(client.ended()).isTrue();
        List<String> lines = log.all();
        assertThat(lines).hasSize(1);
        assertThat(lines.get(0))
                .matches("INFO .*\\(" + (code.equals(PROTOCOL_VIOLATION) ? "protocol_violation" : "token_untrusted")
                        + "\\)");
        assertThat(lines.get(0)).doesNotContain("hush-hush", TestingAuthenticator.AGENT);
        return error;
    }

    private static RawClient login() throws IOException {
        return RawClient.login(gateway.port(), TestingAuthenticator.AGENT);
    }

    /** A startup packet of the right length around whatever is given as its parameters, each character a byte. */
    private static byte[] startup(String parameters) {
        byte[] content = parameters.getBytes(StandardCharsets.ISO_8859_1);
        return join(ints(8 + content.length, PROTOCOL_3), content);
    }

    private static byte[] ints(int... values) {
        ByteBuffer buffer = ByteBuffer.allocate(4 * values.length);
        for (int value : values) {
            buffer.putInt(value);
        }
        return buffer.array();
    }

    private static byte[] shorts(int... values) {
        ByteBuffer buffer = ByteBuffer.allocate(2 * values.length);
        for (int value : values) {
            buffer.putShort((short) value);
        }
        return buffer.array();
    }
}
