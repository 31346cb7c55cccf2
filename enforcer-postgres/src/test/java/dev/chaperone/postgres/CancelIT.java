package dev.chaperone.postgres;

import static dev.chaperone.postgres.RawClient.bind;
import static dev.chaperone.postgres.RawClient.execute;
import static dev.chaperone.postgres.RawClient.join;
import static dev.chaperone.postgres.RawClient.parse;
import static dev.chaperone.postgres.RawClient.query;
import static dev.chaperone.postgres.RawClient.sync;
import static dev.chaperone.postgres.RawClient.tags;
import static dev.chaperone.postgres.TestingDecisions.permit;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.decision.v1.ActionClass;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.postgres.RawClient.Message;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a CancelRequest hits, how soon, and what it never hits. */
class CancelIT {

    private static final String SLEEP = "select pg_catalog.pg_sleep(60)";

    private static Gateway gateway;
    private static ExecutorService threads;

    @BeforeAll
    static void start() {
        gateway = Gateway.start();
        threads = Executors.newCachedThreadPool();
    }

    @AfterAll
    static void stop() {
        threads.shutdownNow();
        gateway.close();
    }

    @BeforeEach
    void reset() {
        gateway.decisions.policy(request -> permit());
        gateway.recorder.reset();
    }

    @ParameterizedTest
    @CsvSource({"false, 0", "true, 0", "false, 2", "true, 2"})
    void aSleepingStatementEndsWithinFiftyMilliseconds(boolean extended, int minor) throws Exception {
        try (RawClient client = RawClient.open(gateway.port())) {
            byte[] key = key(client.enter(RawClient.V3_0 | minor, TestingAuthenticator.AGENT));
            long best = Long.MAX_VALUE;
            // On a machine that does other things, too, the best of some counts.
            for (int i = 0; i < 10 && best > 50; i++) {
                client.raw(extended ? join(parse("", SLEEP), bind("", ""), execute("", 0), sync()) : query(SLEEP));
                awaitSleeping(1);
                long began = System.nanoTime();
                RawClient.cancel(gateway.port(), key);
                List<Message> answer = client.until("Z");
                best = Math.min(best, TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began));
                Message error = answer.get(answer.size() - 2);
                assertThat(error.tag()).isEqualTo('E');
                assertThat(error.field('C')).isEqualTo("57014");
            }
            assertThat(best).isLessThanOrEqualTo(50);
            client.raw(query("select 1"));
            assertThat(tags(client.until("Z"))).isEqualTo("TDCZ");
        }
    }

    @Test
    void whatComesAfterACancellationIsNotHit() throws Exception {
        try (RawClient client = RawClient.open(gateway.port())) {
            byte[] key = key(client.enter(RawClient.V3_2, TestingAuthenticator.AGENT));
            for (int i = 0; i < 150; i++) {
                client.raw(query("select n from numbers limit 20"));
                // It may hit this statement, or come too late for it.
                RawClient.cancel(gateway.port(), key);
                client.raw(
                        i % 2 == 0
                                ? query("select 2")
                                : join(parse("", "select 2"), bind("", ""), execute("", 0), sync()));
                client.until("Z");
                assertThat(tags(client.until("Z")))
                        .as("the statement after %d cancellations", i + 1)
                        .doesNotContain("E");
            }
        }
    }

    @Test
    void aStatementThatIsBeingDecidedIsTakenBack() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        CompletableFuture<Decision> decision = new CompletableFuture<>();
        gateway.decisions.policy(request -> {
            if (request.getAction().getClass_() == ActionClass.ACTION_CLASS_WRITE) {
                asked.countDown();
                return decision.join();
            }
            return permit();
        });
        try (RawClient client = RawClient.open(gateway.port())) {
            byte[] key = key(client.enter(RawClient.V3_0, TestingAuthenticator.AGENT));
            client.raw(query("insert into ledger values (700, 1, 'taken back')"));
            assertThat(asked.await(20, TimeUnit.SECONDS)).isTrue();
            RawClient.cancel(gateway.port(), key);
            decision.complete(permit());
            List<Message> answer = client.until("Z");
            assertThat(tags(answer)).isEqualTo("EZ");
            assertThat(answer.get(0).field('C')).isEqualTo("57014");
            client.raw(query("select count(*) from ledger where id = 700"));
            assertThat(client.until("Z").get(1).columns()).containsExactly("0");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 2})
    void theKeyHasTheRealProcessAndASecretAsLongAsTheVersionAllows(int minor) throws IOException {
        try (RawClient client = RawClient.open(gateway.port());
                RawClient other = RawClient.open(gateway.port())) {
            byte[] key = key(client.enter(RawClient.V3_0 | minor, TestingAuthenticator.AGENT));
            byte[] another = key(other.enter(RawClient.V3_0 | minor, TestingAuthenticator.AGENT));
            assertThat(key).hasSize(4 + (minor == 0 ? 4 : 32)).isNotEqualTo(another);
            client.raw(query("select pg_backend_pid()"));
            assertThat(client.until("Z").get(1).columns())
                    .containsExactly(Integer.toString(ByteBuffer.wrap(key).getInt()));
        }
    }

    @Test
    void aWrongKeyCancelsNothing() throws Exception {
        try (RawClient client = RawClient.open(gateway.port())) {
            byte[] key = key(client.enter(RawClient.V3_2, TestingAuthenticator.AGENT));
            client.raw(query("select pg_catalog.pg_sleep(1), 'slept'"));
            awaitSleeping(1);
            byte[] wrong = key.clone();
            wrong[key.length - 1] ^= 1;
            RawClient.cancel(gateway.port(), wrong);
            RawClient.cancel(gateway.port(), Arrays.copyOf(key, 8));
            RawClient.cancel(gateway.port(), Arrays.copyOf(key, 4 + 256));
            assertThat(tags(client.until("Z"))).isEqualTo("TDCZ");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 257})
    void aSecretOfImpossibleLengthIsRefused(int length) throws IOException {
        try (RawClient client = RawClient.open(gateway.port())) {
            client.raw(ByteBuffer.allocate(12 + length)
                    .putInt(12 + length)
                    .putInt(RawClient.CANCEL_REQUEST)
                    .array());
            assertThat(client.read().field('C')).isEqualTo("08P01");
            assertThat(client.ended()).isTrue();
        }
    }

    @Test
    void manyCancellationsAtATimeHitNothingElse() throws Exception {
        try (RawClient client = RawClient.open(gateway.port());
                RawClient bystander = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            byte[] key = key(client.enter(RawClient.V3_2, TestingAuthenticator.AGENT));
            client.raw(query(SLEEP));
            bystander.raw(query("select pg_catalog.pg_sleep(2), 'slept'"));
            awaitSleeping(2);
            List<Future<Void>> cancellations = IntStream.range(0, 20)
                    .mapToObj(i -> threads.submit(() -> {
                        RawClient.cancel(gateway.port(), key);
                        return (Void) null;
                    }))
                    .toList();
            for (Future<Void> cancellation : cancellations) {
                cancellation.get(20, TimeUnit.SECONDS);
            }
            assertThat(tags(client.until("Z"))).matches("T?EZ");
            client.raw(query("select 1"));
            assertThat(tags(client.until("Z"))).isEqualTo("TDCZ");
            assertThat(tags(bystander.until("Z"))).isEqualTo("TDCZ");
        }
    }

    /** The key of a session, as it goes into a CancelRequest. */
    private static byte[] key(List<Message> said) {
        return said.stream()
                .filter(message -> message.tag() == 'K')
                .findFirst()
                .orElseThrow(() -> new AssertionError("no key in " + tags(said)))
                .body();
    }

    private static void awaitSleeping(int sessions) throws Exception {
        long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        try (var connection = gateway.backend.connect(Gateway.DATABASE);
                var statement = connection.prepareStatement(
                        "select count(*) from pg_stat_activity where usename = 'gateway' and wait_event = 'PgSleep'")) {
            while (true) {
                try (var rows = statement.executeQuery()) {
                    rows.next();
                    if (rows.getInt(1) >= sessions) {
                        return;
                    }
                }
                assertThat(System.nanoTime()).isLessThan(end);
            }
        }
    }
}
