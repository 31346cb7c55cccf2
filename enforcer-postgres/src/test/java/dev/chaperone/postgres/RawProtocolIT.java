package dev.chaperone.postgres;

import static dev.chaperone.postgres.RawClient.bind;
import static dev.chaperone.postgres.RawClient.bytes;
import static dev.chaperone.postgres.RawClient.describe;
import static dev.chaperone.postgres.RawClient.execute;
import static dev.chaperone.postgres.RawClient.join;
import static dev.chaperone.postgres.RawClient.message;
import static dev.chaperone.postgres.RawClient.parse;
import static dev.chaperone.postgres.RawClient.query;
import static dev.chaperone.postgres.RawClient.sync;
import static dev.chaperone.postgres.RawClient.tags;
import static dev.chaperone.postgres.TestingDecisions.deny;
import static dev.chaperone.postgres.TestingDecisions.permit;
import static dev.chaperone.postgres.TestingDecisions.touches;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.postgres.RawClient.Message;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The protocol byte by byte: order, skipping, pipelining, and what no driver would send. */
class RawProtocolIT {

    private static Gateway gateway;

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
        gateway.decisions.policy(request -> touches(request, "secrets") ? deny("no") : permit());
        gateway.recorder.reset();
    }

    @Test
    void aPipelineIsAnsweredInOrder() throws IOException {
        try (RawClient client = login()) {
            ByteArrayOutputStream pipeline = new ByteArrayOutputStream();
            for (int i = 0; i < 50; i++) {
                pipeline.writeBytes(
                        join(parse("", "select " + i), bind("", ""), describe('P', ""), execute("", 0), sync()));
            }
            client.raw(pipeline.toByteArray());
            for (int i = 0; i < 50; i++) {
                List<Message> answer = client.until("Z");
                assertThat(tags(answer)).isEqualTo("12TDCZ");
                assertThat(answer.get(3).columns()).containsExactly(Integer.toString(i));
            }
        }
    }

    @Test
    void afterAnErrorEverythingIsSkippedUpToTheSync() throws IOException {
        try (RawClient client = login()) {
            client.raw(join(
                    parse("", "select 1/0"),
                    bind("", ""),
                    execute("", 0),
                    parse("", "select 2"),
                    query("select 3"),
                    execute("nowhere", 0),
                    sync(),
                    query("select 4")));
            assertThat(tags(client.until("Z"))).matches("12?EZ");
            assertThat(tags(client.until("Z"))).isEqualTo("TDCZ");
        }
    }

    @Test
    void aRefusalSkipsUpToTheSyncAndUndoesWhatCameBefore() throws IOException {
        try (RawClient client = login()) {
            client.raw(join(
                    parse("", "insert into ledger values (300, 1, '')"),
                    bind("", ""),
                    execute("", 0),
                    parse("", "select text from secrets"),
                    bind("", ""),
                    execute("", 0),
                    parse("", "insert into ledger values (301, 1, '')"),
                    bind("", ""),
                    execute("", 0),
                    sync(),
                    query("select count(*) from ledger where id >= 300")));
            assertThat(tags(client.until("Z"))).isEqualTo("12C1EZ");
            assertThat(client.until("Z").get(1).columns()).containsExactly("0");
        }
    }

    @Test
    void theTransactionStatusIsTrueAfterARefusal() throws IOException {
        try (RawClient client = login()) {
            assertThat(status(client, "begin")).isEqualTo('T');
            assertThat(status(client, "select text from secrets")).isEqualTo('E');
            assertThat(status(client, "select 1")).isEqualTo('E');
            assertThat(status(client, "rollback")).isEqualTo('I');
            assertThat(status(client, "select text from secrets")).isEqualTo('I');
        }
    }

    @Test
    void statementsOfOneQueryAreDecidedOneByOne() throws IOException {
        try (RawClient client = login()) {
            client.raw(query("select 1; ; select n from numbers limit 2; insert into ledger values (310, 1, ''); select"
                    + " text from secrets; select 5"));
            List<Message> answer = client.until("Z");
            assertThat(tags(answer)).isEqualTo("TDCTDDCCEZ");
            client.raw(query("select id from ledger where id = 310"));
            assertThat(tags(client.until("Z"))).isEqualTo("TCZ");
        }
        assertThat(gateway.recorder.events().toString()).doesNotContain("hidden");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ; ;; ", "-- nothing\n"})
    void anEmptyQueryIsAnswered(String sql) throws IOException {
        try (RawClient client = login()) {
            client.raw(query(sql));
            assertThat(tags(client.until("Z"))).isEqualTo("IZ");
            client.raw(join(parse("", sql), bind("", ""), describe('P', ""), execute("", 0), sync()));
            assertThat(tags(client.until("Z"))).isEqualTo("12nIZ");
        }
    }

    @Test
    void portalsAreSuspendedAndResumed() throws IOException {
        try (RawClient client = login()) {
            client.raw(join(
                    parse("s", "select n from numbers limit 5"),
                    bind("p", "s"),
                    execute("p", 2),
                    execute("p", 2),
                    execute("p", 2),
                    sync()));
            assertThat(tags(client.until("Z"))).isEqualTo("12DDsDDsDCZ");
            client.raw(join(execute("p", 0), sync()));
            assertThat(tags(client.until("Z"))).isEqualTo("EZ");
        }
    }

    @Test
    void statementsAreDescribedClosedAndDeallocated() throws IOException {
        try (RawClient client = login()) {
            client.raw(join(
                    parse("s", "select n from numbers where n = $1"),
                    describe('S', "s"),
                    message('C', new byte[] {'S'}, bytes("s")),
                    bind("", "s"),
                    sync()));
            List<Message> answer = client.until("Z");
            assertThat(tags(answer)).isEqualTo("1tT3EZ");
            assertThat(answer.get(4).field('C')).isEqualTo("26000");
            client.raw(join(parse("s", "select 1"), sync(), query("deallocate all"), bind("", "s"), sync()));
            assertThat(tags(client.until("Z"))).isEqualTo("1Z");
            assertThat(tags(client.until("Z"))).isEqualTo("CZ");
            assertThat(tags(client.until("Z"))).isEqualTo("EZ");
        }
    }

    @Test
    void aPreparedStatementThatMeansSomethingElseNowIsNotRun() throws IOException {
        try (RawClient client = login()) {
            client.raw(join(
                    parse("s", "select ssn from patients"),
                    bind("", "s"),
                    execute("", 1),
                    sync(),
                    query("set search_path = other"),
                    bind("", "s"),
                    execute("", 1),
                    sync(),
                    bind("", "s"),
                    execute("", 1),
                    sync()));
            assertThat(tags(client.until("Z"))).isEqualTo("12DsZ");
            assertThat(tags(client.until("Z"))).matches("CS?Z");
            List<Message> refused = client.until("Z");
            assertThat(tags(refused)).isEqualTo("EZ");
            assertThat(refused.get(0).field('C')).isEqualTo("0A000");
            assertThat(tags(client.until("Z"))).isEqualTo("EZ");
        }
        assertThat(gateway.recorder.events().toString()).doesNotContain("other-secret");
    }

    @Test
    void severalStatementsInOneParseAreRefused() throws IOException {
        try (RawClient client = login()) {
            client.raw(join(parse("", "select 1; select 2"), sync()));
            List<Message> answer = client.until("Z");
            assertThat(answer.get(0).field('C')).isEqualTo("42601");
        }
    }

    @Test
    void callsOfFunctionsThatNobodyKnowsAreRefused() throws IOException {
        try (RawClient client = login()) {
            client.raw(message('F', new byte[10]));
            List<Message> answer = client.until("Z");
            assertThat(RawClient.tags(answer)).isEqualTo("EZ");
            assertThat(answer.get(0).field('C')).isEqualTo("42501");
        }
    }

    @Test
    void functionCallsThatAreMalformedEndTheSession() throws IOException {
        try (RawClient client = login()) {
            client.raw(message('F', new byte[9]));
            Message error = client.read();
            assertThat(error.tag()).isEqualTo('E');
            assertThat(error.field('S')).isEqualTo("FATAL");
            assertThat(client.ended()).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {'?', 'd', 'R', 0, 0xff})
    void copyDataIsIgnoredAndUnknownTagsEndTheSession(int tag) throws IOException {
        try (RawClient client = login()) {
            client.raw(message((char) tag));
            if (tag == 'd') {
                client.raw(query("select 1"));
                assertThat(tags(client.until("Z"))).isEqualTo("TDCZ");
            } else {
                assertThat(client.read().field('C')).isEqualTo("08P01");
                assertThat(client.ended()).isTrue();
            }
        }
    }

    @Test
    void aSlowReaderHoldsUpTheServerAndLosesNothing() throws Exception {
        try (RawClient client = login()) {
            client.raw(query("select n, repeat('y', 200) from numbers"));
            // The client does not read; the gateway takes in only so much, and the server waits to get rid of the rest.
            Eventually.holds(RawProtocolIT::everythingStandsStill);
            assertThat(deliveredBytes()).isBetween(1L, 32L << 20);
            List<Message> answer = client.until("Z");
            assertThat(answer.stream().filter(message -> message.tag() == 'D').count())
                    .isEqualTo(200_000);
        }
    }

    @Test
    void abruptEndsAreRecorded() throws Exception {
        try (RawClient client = login()) {
            client.raw(query("select slow()"));
            Eventually.holds(() -> gateway.running("slow") == 1);
        }
        String session = slow().get(0).session();
        Eventually.holds(() -> gateway.recorder.of(AuditEvent::hasSessionClosed).stream()
                .anyMatch(event -> event.session().equals(session)));
        assertThat(gateway.recorder.of(AuditEvent::hasOperationCompleted))
                .filteredOn(event -> event.session().equals(session))
                .singleElement()
                .satisfies(event -> assertThat(event.event()
                                .getOperationCompleted()
                                .getOutcome()
                                .name())
                        .isEqualTo("OUTCOME_ABORTED"));
    }

    private static List<TestingRecorder.Event> slow() {
        return gateway.recorder.of(event ->
                event.getOperationDecided().getOperation().toStringUtf8().equals("select slow()"));
    }

    @Test
    void originalPayloadsAreExactlyWhatTheClientGot() throws IOException {
        byte[] received;
        try (RawClient client = login()) {
            client.raw(query("select id, name from patients order by id"));
            received = client.until("Z").stream()
                    .map(answer -> message(answer.tag(), answer.body()))
                    .collect(
                            Collectors.collectingAndThen(Collectors.toList(), all -> join(all.toArray(byte[][]::new))));
        }
        String session = gateway.recorder
                .of(event -> event.getOperationDecided()
                        .getOperation()
                        .toStringUtf8()
                        .contains("name from patients"))
                .get(0)
                .session();
        byte[] recorded = join(gateway.recorder.of(AuditEvent::hasDelivered).stream()
                .filter(event -> event.session().equals(session))
                .map(event -> event.event().getDelivered().getPayload().toByteArray())
                .toArray(byte[][]::new));
        assertThat(recorded).isEqualTo(received);
    }

    /** Whether the server waited for its client, and nothing came to be recorded, in ten looks one after the other. */
    private static boolean everythingStandsStill() throws SQLException {
        try (Connection server = gateway.backend.connect(Gateway.DATABASE);
                Statement statement = server.createStatement()) {
            long before = deliveredBytes();
            for (int look = 0; look < 10; look++) {
                try (ResultSet rows = statement.executeQuery("select count(*) from pg_stat_activity"
                        + " where usename = 'gateway' and wait_event = 'ClientWrite'")) {
                    rows.next();
                    if (rows.getInt(1) != 1 || deliveredBytes() != before) {
                        return false;
                    }
                }
            }
            return before > 0;
        }
    }

    private static long deliveredBytes() {
        return gateway.recorder.of(AuditEvent::hasDelivered).stream()
                .mapToLong(event -> event.event().getDelivered().getPayload().size())
                .sum();
    }

    private static char status(RawClient client, String sql) throws IOException {
        client.raw(query(sql));
        List<Message> answer = client.until("Z");
        return (char) answer.get(answer.size() - 1).body()[0];
    }

    private static RawClient login() throws IOException {
        return RawClient.login(gateway.port(), TestingAuthenticator.AGENT);
    }
}
