package dev.chaperone.postgres;

import static dev.chaperone.postgres.RawClient.bind;
import static dev.chaperone.postgres.RawClient.describe;
import static dev.chaperone.postgres.RawClient.execute;
import static dev.chaperone.postgres.RawClient.join;
import static dev.chaperone.postgres.RawClient.parse;
import static dev.chaperone.postgres.RawClient.query;
import static dev.chaperone.postgres.RawClient.sync;
import static dev.chaperone.postgres.RawClient.tags;
import static dev.chaperone.postgres.TestingDecisions.deny;
import static dev.chaperone.postgres.TestingDecisions.mask;
import static dev.chaperone.postgres.TestingDecisions.permit;
import static dev.chaperone.postgres.TestingDecisions.touches;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.Delivered;
import dev.chaperone.audit.v1.OperationCompleted.Outcome;
import dev.chaperone.audit.v1.OperationRepeated;
import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.postgres.RawClient.Message;
import dev.chaperone.proto.AuditEvents;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Statements that are asked again and again, which go the short way: what they deliver, what is recorded of them, and that
 * nothing is delivered by a verdict on what they meant before.
 */
class AskedAgainIT {

    /** How a client asks for the same thing. */
    enum Way {
        /** A simple query. */
        SIMPLE,
        /** The unnamed statement, prepared each time. */
        UNNAMED,
        /** A statement prepared once. */
        NAMED;

        byte[] first(String sql) {
            return this == NAMED ? join(parse("s", sql), again(sql)) : again(sql);
        }

        byte[] again(String sql) {
            return switch (this) {
                case SIMPLE -> query(sql);
                case UNNAMED -> join(parse("", sql), bind("", ""), describe('P', ""), execute("", 0), sync());
                case NAMED -> join(bind("", "s"), describe('P', ""), execute("", 0), sync());
            };
        }
    }

    private static final String READ = "select id, ssn from patients where id = 1";

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
        gateway.backend.executeIn(
                Gateway.DATABASE,
                "drop view if exists shown",
                "create view shown as select id, ssn from patients",
                "grant select on shown to gateway");
        policy();
    }

    private static void policy() {
        gateway.decisions.policy(
                request -> touches(request, "secrets") || touchesOther(request) ? deny("no") : permit());
        gateway.decisions.keep();
        gateway.recorder.reset();
    }

    private static boolean touchesOther(DecideRequest request) {
        return request.getResource().getRelationsList().stream()
                .anyMatch(relation -> relation.getSchema().equals("other"));
    }

    @ParameterizedTest
    @EnumSource
    void deliversTheSameAndRecordsEveryTime(Way way) throws IOException {
        try (RawClient client = login()) {
            ByteArrayOutputStream received = new ByteArrayOutputStream();
            List<String> rows = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                client.raw(i == 0 ? way.first(READ) : way.again(READ));
                for (Message message : client.until("Z")) {
                    received.writeBytes(message.whole());
                    if (message.tag() == 'D') {
                        rows.add(message.columns().toString());
                    }
                }
            }
            assertThat(rows).hasSize(6).containsOnly("[1, 123-45-6789]");
            ByteArrayOutputStream recorded = new ByteArrayOutputStream();
            gateway.recorder.events().stream()
                    .map(event -> AuditEvents.delivered(event.event()))
                    .filter(Objects::nonNull)
                    .map(Delivered::getPayload)
                    .forEach(payload -> recorded.writeBytes(payload.toByteArray()));
            assertThat(recorded.toByteArray()).isEqualTo(received.toByteArray());
            // Of each request, its text, its outcome and by which decision it was permitted.
            assertThat(requests()).isEqualTo(6);
            assertThat(repeated())
                    .isNotEmpty()
                    .allSatisfy(event -> assertThat(text(event)).isEqualTo(READ));
            // What takes long on a slow machine is recorded before its answer.
            assertThat(repeated()).filteredOn(OperationRepeated::hasCompleted).allSatisfy(event -> {
                assertThat(event.getCompleted().getOutcome()).isEqualTo(Outcome.OUTCOME_SUCCEEDED);
                assertThat(event.getCompleted().getCode()).isEqualTo("SELECT 1");
                assertThat(event.getCompleted().getRows()).isEqualTo(1);
                assertThat(event.getDelivered().getRows()).isEqualTo(1);
                assertThat(text(event)).isEqualTo(READ);
            });
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"SIMPLE", "UNNAMED"})
    void literalsThatAreReadByTheClockAreReadEveryTime(Way way) throws IOException {
        try (RawClient client = login()) {
            for (String now : List.of("'now'::timestamptz", "timestamptz E'NOW'", "timestamptz $$now$$")) {
                for (int i = 0; i < 6; i++) {
                    client.raw(way.again("select " + now + " = now(), 'x', 1"));
                    List<Message> answer = client.until("Z");
                    assertThat(answer.stream()
                                    .filter(message -> message.tag() == 'D')
                                    .map(Message::columns))
                            .as("%s, %d", now, i)
                            .containsExactly(List.of("t", "x", "1"));
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void masksAndKeepsOriginalsEveryTime(Way way) throws IOException {
        gateway.decisions.policy(request -> permit(mask("clinic.public.patients.ssn", "redact")));
        gateway.decisions.keep();
        try (RawClient client = login()) {
            for (int i = 0; i < 5; i++) {
                client.raw(i == 0 ? way.first(READ) : way.again(READ));
                assertThat(client.until("Z").stream()
                                .filter(message -> message.tag() == 'D')
                                .map(Message::columns))
                        .containsExactly(List.of("1", "[redacted]"));
            }
        }
        assertThat(gateway.recorder.of(event -> AuditEvents.delivered(event) != null
                        && Objects.requireNonNull(AuditEvents.delivered(event)).getMaskedValues() == 1))
                .hasSize(5)
                .allSatisfy(event -> assertThat(
                                event.originals().getValues(0).getValue().toStringUtf8())
                        .isEqualTo("123-45-6789"));
    }

    @ParameterizedTest
    @EnumSource
    void aChangedPolicyHoldsFromTheNextRequestOn(Way way) throws IOException {
        try (RawClient client = login()) {
            warm(client, way, READ);
            gateway.decisions.policy(request -> deny("not any more"));
            client.raw(way.again(READ));
            assertThat(tags(client.until("Z"))).endsWith("EZ").doesNotContain("D");
        }
    }

    @ParameterizedTest
    @EnumSource
    void aReplacedViewDeliversNothingUnderTheOldVerdict(Way way) throws IOException {
        String sql = "select id, ssn from shown where id = 1";
        try (RawClient client = login()) {
            warm(client, way, sql);
            gateway.backend.executeIn(
                    Gateway.DATABASE, "create or replace view shown as select id, text as ssn from secrets");
            client.raw(way.again(sql));
            assertNothing(client);
            client.raw(way.again(sql));
            assertNothing(client);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aReplacedViewDeliversNothingInATransaction(Way way) throws IOException {
        String sql = "select id, ssn from shown where id = 1";
        try (RawClient client = login()) {
            client.raw(query("begin"));
            client.until("Z");
            warm(client, way, sql);
            client.raw(query("commit"));
            client.until("Z");
            gateway.backend.executeIn(
                    Gateway.DATABASE, "create or replace view shown as select id, text as ssn from secrets");
            client.raw(query("begin"));
            client.until("Z");
            client.raw(way.again(sql));
            List<Message> answer = client.until("Z");
            assertThat(tags(answer)).endsWith("EZ").doesNotContain("D");
            assertThat((char) answer.get(answer.size() - 1).body()[0]).isEqualTo('E');
            client.raw(query("select 1"));
            assertThat(client.until("Z").get(0).field('C')).isEqualTo("25P02");
            client.raw(query("rollback"));
            assertThat((char) client.until("Z").get(1).body()[0]).isEqualTo('I');
        }
    }

    @ParameterizedTest
    @EnumSource
    void anotherSearchPathDeliversNothingUnderTheOldVerdict(Way way) throws IOException {
        try (RawClient client = login()) {
            warm(client, way, READ);
            client.raw(query("set search_path = other, public"));
            client.until("Z");
            client.raw(way.again(READ));
            assertNothing(client);
            client.raw(query("set search_path = public"));
            client.until("Z");
            client.raw(query(READ));
            assertThat(tags(client.until("Z"))).isEqualTo("TDCZ");
        }
    }

    @ParameterizedTest
    @EnumSource
    void aTemporaryTableIsSeenAtOnce(Way way) throws IOException {
        try (RawClient client = login()) {
            warm(client, way, READ);
            client.raw(query("create temp table patients (id int, ssn text)"));
            assertThat(tags(client.until("Z"))).isEqualTo("CZ");
            client.raw(way.again(READ));
            assertThat(client.until("Z").stream()
                            .filter(message -> message.tag() == 'D')
                            .map(Message::columns))
                    .doesNotContain(List.of("1", "123-45-6789"));
        }
    }

    @ParameterizedTest
    @EnumSource
    void anErrorEndsExactlyAsTheServerEndsIt(Way way) throws IOException {
        String sql = "select 10 / (visits - 3) from patients where id = 1";
        try (RawClient client = login()) {
            client.raw(way.first(sql));
            client.until("Z");
            for (int i = 0; i < 4; i++) {
                client.raw(join(way.again(sql), query("select 7")));
                List<Message> answer = client.until("Z");
                assertThat(tags(answer)).endsWith("EZ");
                assertThat(answer.get(answer.size() - 2).field('C')).isEqualTo("22012");
                assertThat((char) answer.get(answer.size() - 1).body()[0]).isEqualTo('I');
                assertThat(tags(client.until("Z"))).isEqualTo("TDCZ");
            }
            client.raw(query("begin"));
            client.until("Z");
            client.raw(join(way.again(sql), way.again(READ), query("rollback")));
            List<Message> answer = client.until("Z");
            assertThat((char) answer.get(answer.size() - 1).body()[0]).isEqualTo('E');
            assertThat(tags(client.until("Z"))).endsWith("EZ");
            assertThat(tags(client.until("Z"))).isEqualTo("CZ");
        }
        assertThat(repeated())
                .filteredOn(event -> text(event).equals(sql))
                .isNotEmpty()
                .allSatisfy(
                        event -> assertThat(event.getCompleted().getOutcome()).isEqualTo(Outcome.OUTCOME_FAILED));
    }

    @Test
    void whatFollowsAnErrorInASeriesIsSkippedUpToItsSync() throws IOException {
        try (RawClient client = login()) {
            client.raw(join(parse("s", "select 10 / $1::int"), sync()));
            client.until("Z");
            for (int i = 0; i < 3; i++) {
                client.raw(join(
                        bindText("", "s", "0"),
                        execute("", 0),
                        sync(),
                        bindText("", "s", "5"),
                        execute("", 0),
                        sync()));
                assertThat(tags(client.until("Z"))).matches("2?EZ");
                assertThat(tags(client.until("Z"))).isEqualTo("2DCZ");
                client.raw(join(bindText("", "s", "nonsense"), execute("", 0), sync()));
                assertThat(tags(client.until("Z"))).isEqualTo("EZ");
            }
        }
    }

    @Test
    void manySeriesInOnePacketAreAnsweredInOrder() throws IOException {
        try (RawClient client = login()) {
            client.raw(join(parse("s", "select $1::int + 1"), sync()));
            client.until("Z");
            ByteArrayOutputStream packet = new ByteArrayOutputStream();
            for (int i = 0; i < 200; i++) {
                packet.writeBytes(
                        join(bindText("", "s", Integer.toString(i)), describe('P', ""), execute("", 0), sync()));
            }
            client.raw(packet.toByteArray());
            for (int i = 0; i < 200; i++) {
                List<Message> answer = client.until("Z");
                assertThat(tags(answer)).isEqualTo("2TDCZ");
                assertThat(answer.get(2).columns()).containsExactly(Integer.toString(i + 1));
            }
        }
    }

    @Test
    void aPortalOfATransactionOutlivesItsSync() throws IOException {
        try (RawClient client = login()) {
            client.raw(join(parse("s", "select n from numbers where n <= 2000"), sync(), query("begin")));
            client.until("Z");
            client.until("Z");
            for (int i = 0; i < 2; i++) {
                client.raw(join(bind("p" + i, "s"), execute("p" + i, 0), sync()));
                assertThat(client.until("Z")).hasSize(2_003);
                client.raw(join(execute("p" + i, 0), sync()));
                assertThat(tags(client.until("Z"))).isEqualTo("CZ");
            }
            client.raw(query("commit"));
            client.until("Z");
            client.raw(join(execute("p1", 0), sync()));
            assertThat(tags(client.until("Z"))).isEqualTo("EZ");
        }
    }

    @Test
    void aDifferentResultFormatIsDescribedAnew() throws IOException {
        try (RawClient client = login()) {
            client.raw(join(parse("s", "select id from patients where id = 1"), sync()));
            client.until("Z");
            for (int i = 0; i < 4; i++) {
                client.raw(join(bind("", "s"), describe('P', ""), execute("", 0), sync()));
                assertThat(client.until("Z").get(2).columns()).containsExactly("1");
                byte[] binary = RawClient.message(
                        'B', RawClient.bytes(""), RawClient.bytes("s"), new byte[] {0, 0, 0, 0, 0, 1, 0, 1});
                client.raw(join(binary, describe('P', ""), execute("", 0), sync()));
                assertThat(client.until("Z").get(2).columns()).containsExactly("\0\0\0\1");
            }
        }
    }

    @Test
    void aRequestThatTakesLongIsRecordedBeforeItsAnswer() throws IOException {
        String sql = "select count(*) from numbers a, numbers b where a.n + b.n < $1::int";
        try (RawClient client = login()) {
            client.raw(join(parse("s", sql), sync()));
            client.until("Z");
            for (int i = 0; i < 2; i++) {
                client.raw(join(bindText("", "s", "nonsense"), sync()));
                client.until("Z");
            }
            gateway.recorder.forget();
            client.raw(join(bindText("", "s", "0"), execute("", 0), sync()));
            await(() -> !repeated().isEmpty());
            assertThat(repeated().get(0).hasDelivered()).isFalse();
            assertThat(repeated().get(0).hasCompleted()).isFalse();
        }
        await(() -> !gateway.recorder
                .of(event -> event.getOperationCompleted().getOutcome() == Outcome.OUTCOME_ABORTED)
                .isEmpty());
    }

    @Test
    void aLargeAnswerIsRecordedInPieces() throws IOException {
        String sql = "select n, repeat('x', 20) from numbers where n <= 20000";
        try (RawClient client = login()) {
            warm(client, Way.NAMED, sql);
            gateway.recorder.forget();
            client.raw(Way.NAMED.again(sql));
            assertThat(client.until("Z")).hasSize(20_004);
        }
        await(() -> !gateway.recorder
                .of(event -> event.getOperationCompleted().getRows() == 20_000)
                .isEmpty());
        assertThat(repeated()).hasSize(1).allMatch(OperationRepeated::hasDelivered);
        assertThat(gateway.recorder.of(event -> AuditEvents.delivered(event) != null).stream()
                        .mapToLong(event -> Objects.requireNonNull(AuditEvents.delivered(event.event()))
                                .getRows())
                        .sum())
                .isEqualTo(20_000);
    }

    private static void warm(RawClient client, Way way, String sql) throws IOException {
        for (int i = 0; i < 4; i++) {
            client.raw(i == 0 ? way.first(sql) : way.again(sql));
            assertThat(tags(client.until("Z"))).endsWith("CZ").contains("D");
        }
    }

    private static void assertNothing(RawClient client) throws IOException {
        List<Message> answer = client.until("Z");
        assertThat(tags(answer)).endsWith("EZ").doesNotContain("D");
        answer.forEach(message -> assertThat(new String(message.body(), StandardCharsets.UTF_8))
                .doesNotContain("hidden")
                .doesNotContain("other-secret"));
        assertThat((char) answer.get(answer.size() - 1).body()[0]).isEqualTo('I');
    }

    private static byte[] bindText(String portal, String statement, String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        return RawClient.message(
                'B',
                RawClient.bytes(portal),
                RawClient.bytes(statement),
                new byte[] {0, 0, 0, 1, 0, 0, 0, (byte) bytes.length},
                bytes,
                new byte[] {0, 0});
    }

    private static long requests() {
        return gateway.recorder
                .of(event -> event.hasOperationDecided() || event.hasOperationRepeated())
                .size();
    }

    private static List<OperationRepeated> repeated() {
        return gateway.recorder.of(AuditEvent::hasOperationRepeated).stream()
                .map(event -> event.event().getOperationRepeated())
                .toList();
    }

    /** The text of what was repeated, which may stand in the event that it refers to. */
    private static String text(OperationRepeated repeated) {
        return repeated.getOperation().isEmpty()
                ? gateway.recorder
                        .of(event ->
                                event.hasOperationDecided() && event.getSequence() == repeated.getDecidedSequence())
                        .get(0)
                        .event()
                        .getOperationDecided()
                        .getOperation()
                        .toStringUtf8()
                : repeated.getOperation().toStringUtf8();
    }

    private static void await(BooleanSupplier condition) {
        long until = System.nanoTime() + 20_000_000_000L;
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).isLessThan(until);
            Thread.onSpinWait();
        }
    }

    private static RawClient login() throws IOException {
        return RawClient.login(gateway.port(), TestingAuthenticator.AGENT);
    }
}
