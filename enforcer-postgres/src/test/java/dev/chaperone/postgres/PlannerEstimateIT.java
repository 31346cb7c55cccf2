package dev.chaperone.postgres;

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
import static dev.chaperone.postgres.TestingDecisions.session;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.OperationCompleted.Outcome;
import dev.chaperone.decision.v1.Cacheability;
import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.postgres.RawClient.Message;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Policies that decide by how many rows are to be expected. */
class PlannerEstimateIT {

    private static Gateway gateway;

    @BeforeAll
    static void start() {
        gateway = Gateway.start();
        gateway.backend.executeIn(
                Gateway.DATABASE, "create index numbers_n on numbers (n)", "analyze numbers", "analyze patients");
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    @BeforeEach
    void reset() {
        gateway.recorder.reset();
        gateway.decisions.policy(PlannerEstimateIT::few);
    }

    /** Permits what is expected to deliver a thousand rows at most. */
    private static Decision few(DecideRequest request) {
        boolean many = !session(request) && request.getResource().getEstimatedRows() > 1000;
        return (many ? deny("bulk") : permit())
                .toBuilder()
                        .setCacheability(Cacheability.newBuilder().addDependsOn("resource.estimated_rows"))
                        .build();
    }

    private static List<Long> estimates() {
        return gateway.decisions.requests().stream()
                .map(request -> request.getResource().getEstimatedRows())
                .toList();
    }

    @Test
    void textIsDecidedOnByWhatThePlannerExpects() throws IOException {
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            for (int i = 0; i < 4; i++) {
                client.raw(query("select n from numbers where n < 5 order by n"));
                assertThat(tags(client.until("Z"))).isEqualTo("TDDDDCZ");
                client.raw(query("select n from numbers where n < 150000 order by n"));
                List<Message> refused = client.until("Z");
                assertThat(tags(refused)).isEqualTo("EZ");
                assertThat(refused.get(0).field('C')).isEqualTo("42501");
                long expected = estimates().get(estimates().size() - 1);
                assertThat(expected).isBetween(100_000L, 200_000L);
                assertThat(new String(refused.get(0).body(), StandardCharsets.UTF_8))
                        .doesNotContain(Long.toString(expected));
            }
        }
        assertThat(estimates()).contains(-1L);
    }

    @Test
    void parametersCount() throws IOException {
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            client.raw(join(parse("s", "select n from numbers where n < $1"), sync()));
            client.until("Z");
            for (int most : new int[] {3, 150_000, 4}) {
                byte[] value = Integer.toString(most).getBytes(StandardCharsets.US_ASCII);
                byte[] parameter = ByteBuffer.allocate(4 + value.length)
                        .putInt(value.length)
                        .put(value)
                        .array();
                client.raw(join(
                        message(
                                'B',
                                RawClient.bytes(""),
                                RawClient.bytes("s"),
                                new byte[] {0, 0, 0, 1},
                                parameter,
                                new byte[2]),
                        describe('P', ""),
                        execute("", 0),
                        sync()));
                String expected = most == 3 ? "2TDDCZ" : most == 4 ? "2TDDDCZ" : "EZ";
                assertThat(tags(client.until("Z"))).isEqualTo(expected);
            }
        }
    }

    @Test
    void whoeverDoesNotReadItDoesNotHaveItAskedFor() throws IOException {
        gateway.decisions.policy(request -> permit());
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            client.raw(query("select n from numbers where n < 5"));
            client.until("Z");
        }
        assertThat(estimates()).containsOnly(-1L);
    }

    @Test
    void whatIsRecordedIsWhatWasDecidedOn() throws IOException {
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            client.raw(query("select id from patients"));
            client.until("Z");
        }
        AuditEvent decided = gateway.recorder.await(AuditEvent::hasOperationDecided);
        assertThat(decided.getOperationDecided().getRequest().getResource().getEstimatedRows())
                .isEqualTo(3);
    }

    @Test
    void aPermitIsNotAppliedAgainWithoutAnEstimate() throws IOException {
        gateway.decisions.keep();
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            for (int i = 0; i < 4; i++) {
                client.raw(query("select id from patients"));
                assertThat(tags(client.until("Z"))).isEqualTo("TDDDCZ");
            }
        }
        assertThat(estimates().stream().filter(rows -> rows == 3)).hasSize(4);
    }

    @ParameterizedTest
    @ValueSource(strings = {"select 1 / 0", "select id from patients where id = 'x'::text::int"})
    void whatCannotBePlannedFailsAsItWouldWithoutBeingPlanned(String sql) throws IOException {
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            client.raw(query(sql));
            List<Message> failed = client.until("Z");
            assertThat(tags(failed)).isEqualTo("EZ");
            assertThat(failed.get(0).field('C')).isIn("22012", "22P02");
            client.raw(query("select id from patients"));
            assertThat(tags(client.until("Z"))).isEqualTo("TDDDCZ");
        }
        gateway.recorder.await(event -> event.getOperationCompleted().getOutcome() == Outcome.OUTCOME_FAILED);
    }
}
