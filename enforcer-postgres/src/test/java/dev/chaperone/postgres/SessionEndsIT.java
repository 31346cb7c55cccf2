package dev.chaperone.postgres;

import static dev.chaperone.postgres.RawClient.query;
import static dev.chaperone.postgres.RawClient.tags;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.postgres.RawClient.Message;
import dev.chaperone.testkit.Backends;
import dev.chaperone.testkit.PostgresBackend;
import java.io.IOException;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** How sessions end that nobody ended: idle, late to log in, or the gateway stops. */
class SessionEndsIT {

    private static final Duration SHORT = Duration.ofMillis(300);
    private static final Duration LONG = Duration.ofSeconds(60);

    private static PostgresBackend backend;

    @BeforeAll
    static void start() {
        backend = Backends.postgres();
        Gateway.seed(backend);
        backend.executeIn(
                Gateway.DATABASE,
                "create function nap() returns int language plpgsql as 'begin perform pg_sleep(1); return 1; end'");
    }

    @AfterAll
    static void stop() {
        backend.close();
    }

    @Test
    void anIdleSessionIsTold() throws IOException {
        Gateway gateway = gateway(LONG, SHORT, LONG);
        try (RawClient client = login(gateway)) {
            assertEnd(client, "57P05");
            Eventually.holds(
                    () -> gateway.recorder.of(AuditEvent::hasSessionClosed).size() == 1);
            assertThat(delivered(gateway)).as("what it was told is recorded").contains("57P05");
        } finally {
            end(gateway);
        }
    }

    @Test
    void aSessionThatWaitsForTheDatabaseIsNotIdle() throws IOException {
        Gateway gateway = gateway(LONG, SHORT, LONG);
        try (RawClient client = login(gateway)) {
            client.raw(query("select nap()"));
            assertThat(tags(client.until("Z"))).isEqualTo("TDCZ");
            assertEnd(client, "57P05");
        } finally {
            end(gateway);
        }
    }

    @Test
    void whoDoesNotLogInInTimeIsDisconnected() throws IOException {
        Gateway gateway = gateway(SHORT, LONG, LONG);
        try (RawClient silent = RawClient.open(gateway.port());
                RawClient slow = RawClient.open(gateway.port())) {
            slow.startup(196608, "user", "ada", "database", Gateway.DATABASE);
            assertThat(slow.read().tag()).isEqualTo('R');
            assertThat(silent.ended()).isTrue();
            assertThat(slow.ended()).isTrue();
            assertThat(gateway.meters
                            .get(PostgresMetric.REFUSED_CONNECTIONS.metric())
                            .tag("code", "authentication_timeout")
                            .counter()
                            .count())
                    .isEqualTo(2);
        } finally {
            end(gateway);
        }
    }

    @Test
    void aGatewayThatStopsLetsWhatRunsFinish() throws Exception {
        Gateway gateway = gateway(LONG, LONG, LONG);
        try (RawClient busy = login(gateway);
                RawClient idle = login(gateway)) {
            busy.raw(query("select nap()"));
            Eventually.holds(() -> gateway.running("nap") == 1);
            CompletableFuture<Void> stopped = CompletableFuture.runAsync(gateway.enforcer::close);
            assertEnd(idle, "57P01");
            // Refused, or reset: the JDK closes a listening socket a moment after it says so.
            assertThatThrownBy(() -> login(gateway)).isInstanceOf(SocketException.class);
            List<Message> answer = busy.until("Z");
            assertThat(tags(answer)).isEqualTo("TDCZ");
            assertThat(answer.get(1).columns()).containsExactly("1");
            assertEnd(busy, "57P01");
            stopped.get(20, TimeUnit.SECONDS);
            assertThat(gateway.recorder.of(AuditEvent::hasSessionClosed))
                    .hasSize(2)
                    .allSatisfy(
                            event -> assertThat(event.event().getSessionClosed().getCause())
                                    .isEqualTo("shutdown"));
        } finally {
            end(gateway);
        }
    }

    @Test
    void aGatewayThatStopsDoesNotWaitForEver() throws Exception {
        Gateway gateway = gateway(LONG, LONG, SHORT);
        try (RawClient busy = login(gateway)) {
            busy.raw(query("select slow()"));
            Eventually.holds(() -> gateway.running("slow") == 1);
            gateway.enforcer.close();
            List<Message> answer = busy.until("E");
            assertThat(tags(answer)).as("no row, and no end of the statement").isEqualTo("TE");
            assertThat(answer.get(1).field('C')).isEqualTo("57P01");
            assertThat(busy.ended()).isTrue();
            Eventually.holds(() -> gateway.running("slow") == 0);
            assertThat(gateway.recorder.of(AuditEvent::hasOperationCompleted))
                    .singleElement()
                    .satisfies(event -> assertThat(event.event()
                                    .getOperationCompleted()
                                    .getOutcome()
                                    .name())
                            .isEqualTo("OUTCOME_ABORTED"));
        } finally {
            end(gateway);
        }
    }

    private static Gateway gateway(Duration authentication, Duration idle, Duration drain) {
        PostgresConfig usual = Gateway.config(backend, PostgresConfig.TlsMode.DISABLE, null, Gateway.ROLE);
        PostgresConfig.Bounds bounds = usual.bounds();
        return Gateway.before(
                backend,
                new PostgresConfig(
                        usual.listen(),
                        usual.upstreams(),
                        new PostgresConfig.Bounds(
                                bounds.startupPacket(),
                                bounds.clientMessage(),
                                bounds.serverMessage(),
                                bounds.pendingMessages(),
                                bounds.preparedStatements(),
                                bounds.sessions(),
                                authentication,
                                bounds.connectTimeout(),
                                idle,
                                drain)));
    }

    /** Not the server, which the others use too. */
    private static void end(Gateway gateway) {
        gateway.enforcer.close();
        gateway.recorder.close();
    }

    private static RawClient login(Gateway gateway) throws IOException {
        return RawClient.login(gateway.port(), TestingAuthenticator.AGENT);
    }

    private static void assertEnd(RawClient client, String code) throws IOException {
        Message error = client.read();
        assertThat(error.tag()).isEqualTo('E');
        assertThat(error.field('S')).isEqualTo("FATAL");
        assertThat(error.field('C')).isEqualTo(code);
        assertThat(error.field('H')).isEqualTo("connect again");
        assertThat(client.ended()).isTrue();
    }

    private static String delivered(Gateway gateway) {
        StringBuilder text = new StringBuilder();
        gateway.recorder
                .of(AuditEvent::hasDelivered)
                .forEach(event ->
                        text.append(event.event().getDelivered().getPayload().toString(StandardCharsets.ISO_8859_1)));
        return text.toString();
    }
}
