package dev.chaperone.postgres;

import static dev.chaperone.postgres.RawClient.bind;
import static dev.chaperone.postgres.RawClient.execute;
import static dev.chaperone.postgres.RawClient.join;
import static dev.chaperone.postgres.RawClient.parse;
import static dev.chaperone.postgres.RawClient.query;
import static dev.chaperone.postgres.RawClient.sync;
import static dev.chaperone.postgres.RawClient.tags;
import static dev.chaperone.postgres.TestingDecisions.mask;
import static dev.chaperone.postgres.TestingDecisions.permit;
import static dev.chaperone.postgres.TestingDecisions.touches;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.enforcer.Recorder;
import dev.chaperone.postgres.RawClient.Message;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Rows that are longer than what is kept of an answer at a time. */
class LongRowsIT {

    private static final int LONG = 20 << 20;

    private static Gateway gateway;

    @BeforeAll
    static void start() {
        gateway = Gateway.start();
        gateway.backend.executeIn(
                Gateway.DATABASE,
                "create table notes (id int, note text)",
                "insert into notes values (1, repeat('short ', 2)), (2, repeat('0123456789', " + LONG / 10
                        + ")), (3, 'last')",
                "grant select on notes to gateway");
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

    @Test
    void aLongRowPassesAndIsRecordedInParts() throws IOException {
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            client.raw(query("select id, note from notes order by id"));
            List<Message> answer = client.until("Z");
            assertThat(tags(answer)).isEqualTo("TDDDCZ");
            assertThat(answer.get(2).columns().get(1))
                    .hasSize(LONG)
                    .startsWith("0123456789")
                    .endsWith("0123456789");
            assertThat(answer.get(3).columns()).containsExactly("3", "last");
            assertThat(delivered().size()).isGreaterThan(LONG);
            assertThat(gateway.recorder.of(AuditEvent::hasDelivered))
                    .allSatisfy(event -> assertThat(
                                    event.event().getDelivered().getPayload().size())
                            .isLessThan(Recorder.MAX_PAYLOAD));
        }
    }

    @Test
    void aLongRowPassesInASeriesAndInACopy() throws IOException {
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            client.raw(join(parse("", "select note from notes where id = 2"), bind("", ""), execute("", 0), sync()));
            List<Message> answer = client.until("Z");
            assertThat(tags(answer)).isEqualTo("12DCZ");
            assertThat(answer.get(2).columns().get(0)).hasSize(LONG);
            client.raw(query("copy notes to stdout"));
            List<Message> copied = client.until("Z");
            assertThat(tags(copied)).isEqualTo("HdddcCZ");
            assertThat(copied.get(2).body()).hasSize(LONG + 3);
        }
    }

    @Test
    void aLongRowThatHoldsAMaskedColumnIsRefused() throws IOException {
        gateway.decisions.policy(
                request -> touches(request, "notes") ? permit(mask("clinic.public.notes.id", "redact")) : permit());
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            for (String sql : List.of("select id, note from notes", "copy notes to stdout")) {
                client.raw(query(sql));
                List<Message> answer = client.until("Z");
                Message error = answer.get(answer.size() - 2);
                assertThat(error.tag()).isEqualTo('E');
                assertThat(error.field('C')).isEqualTo("54000");
                assertThat(error.field('M')).contains("is longer than what can be");
            }
            client.raw(query("select note from notes"));
            assertThat(tags(client.until("Z"))).isEqualTo("TDDDCZ");
        }
    }

    @Test
    void nothingFollowsAMessageThatCouldNotBeRecordedToItsEnd() throws IOException {
        long[] parts = new long[1];
        gateway.recorder.failOn(event ->
                event.hasDelivered() && event.getDelivered().getPayload().size() > 20_000 && ++parts[0] > 6);
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            client.raw(query("select note from notes where id = 2"));
            assertThat(client.read().tag()).isEqualTo('T');
            int read = 0;
            for (int next = client.readByte(); next >= 0; next = client.readByte()) {
                read++;
            }
            // Part of the row came, and no error was put into the middle of it.
            assertThat(read).isBetween(100_000, LONG / 2);
        }
    }

    private static ByteString delivered() {
        return gateway.recorder.of(AuditEvent::hasDelivered).stream()
                .map(event -> event.event().getDelivered().getPayload())
                .reduce(ByteString.EMPTY, ByteString::concat);
    }
}
