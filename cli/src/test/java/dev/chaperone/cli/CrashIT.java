package dev.chaperone.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.chaperone.audit.Ledger;
import dev.chaperone.audit.LedgerItem;
import dev.chaperone.audit.VerificationReport;
import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.Delivered;
import dev.chaperone.cli.KeepingClient.Moment;
import dev.chaperone.cli.KeepingClient.Witness;
import dev.chaperone.cli.KeepingClient.Work;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.proto.AuditEvents;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The enforcer's process is killed at arbitrary points while clients work. Whatever they received, byte by byte, must be in
 * the ledger once the next process has shipped what it found; and nothing may have changed in the database that is not there.
 */
class CrashIT {

    private static final int ROUNDS = 10;
    private static final Pattern WRITTEN = Pattern.compile("VALUES \\(1, 1, 1, (\\d+)\\)");

    /** After so many rows, requests or answers of a client at the latest comes the kill. */
    private static final int LATEST = 150;

    private static final int LATEST_OF_LONG_RESULT = 30_000;

    private final long seed = Long.getLong("chaperone.seed", System.nanoTime());
    private final Random random = new Random(seed);

    @TempDir
    Path directory;

    @Test
    void whatAClientReceivedIsInTheLedgerWhereverTheEnforcerWasKilled() throws Exception {
        System.out.println("seed " + seed + "; repeat with -Dchaperone.seed=" + seed);
        List<KeepingClient> clients = new ArrayList<>();
        try (TestingWorld world = TestingWorld.start()) {
            TestingSite site = TestingSite.in(directory.resolve("crash"), world);
            try (Processes beside = site.besideTheEnforcer()) {
                assertThat(beside.parts()).hasSize(2);
                for (int round = 1; round <= ROUNDS; round++) {
                    clients.addAll(killed(round, site, world));
                }
                try (ChaperoneProcess last = site.serve("postgres").ready()) {
                    last.terminate();
                    assertThat(last.exit()).as(last.output()).isEqualTo(143);
                }
                VerificationReport report = site.awaitWhole();
                assertThat(report.controlSessions()).isEqualTo(ROUNDS + 1);
                assertThat(report.completeness().notes().toString().split("ended uncleanly, as control session", -1))
                        .hasSize(ROUNDS + 1);
            }
            Set<Long> written = compare(site.ledger(), clients);
            assertThat(written).as("seed %d: inserts that nobody decided", seed).containsAll(inDatabase(world));
        }
        for (Work work : Work.values()) {
            assertThat(clients.stream()
                            .filter(client -> client.mark().contains(work.name()))
                            .mapToLong(client -> client.rows() + client.answers())
                            .sum())
                    .as("seed %d: what %s got to see", seed, work)
                    .isPositive();
        }
    }

    /** One life of the enforcer, ended at a moment of one of its clients. */
    private List<KeepingClient> killed(int round, TestingSite site, TestingWorld world) throws Exception {
        Work victim = Work.values()[round % Work.values().length];
        Moment moment = victim == Work.LONG_RESULT ? Moment.ROW : Moment.values()[random.nextInt(3)];
        if (victim == Work.WRITES && moment == Moment.ROW) {
            moment = Moment.SENT;
        }
        long number = 1 + random.nextInt(victim == Work.LONG_RESULT ? LATEST_OF_LONG_RESULT : LATEST);
        System.out.println("round " + round + ": killed at " + moment + " " + number + " of " + victim);
        Moment at = moment;
        List<KeepingClient> clients = new ArrayList<>();
        CountDownLatch killed = new CountDownLatch(1);
        ExecutorService threads = Executors.newFixedThreadPool(Work.values().length);
        try (ChaperoneProcess enforcer = site.serve("postgres").ready()) {
            List<Future<Void>> ends = new ArrayList<>();
            for (Work work : Work.values()) {
                Witness witness = (when, count) -> {
                    if (work == victim && when == at && count == number) {
                        enforcer.kill();
                        killed.countDown();
                    }
                };
                KeepingClient client = new KeepingClient(work, round, witness, killed);
                clients.add(client);
                ends.add(threads.submit(() -> client.run(enforcer.port(), world.token())));
            }
            for (Future<Void> end : ends) {
                end.get(120, TimeUnit.SECONDS);
            }
            assertThat(enforcer.exit()).as(enforcer.output()).isEqualTo(137);
        } finally {
            threads.shutdownNow();
        }
        clients.forEach(client -> System.out.println("  " + client.mark() + ": " + client.rows() + " rows, "
                + client.answers() + " answers, " + client.kept().length + " bytes"));
        return clients;
    }

    /**
     * Whether the ledger's payloads of each client's session begin with exactly the bytes that the client kept.
     *
     * @return the numbers of all inserts that were decided
     */
    private Set<Long> compare(Path ledger, List<KeepingClient> clients) {
        Map<String, KeepingClient> bySession = new HashMap<>();
        Map<KeepingClient, Integer> compared = new HashMap<>();
        Map<String, Long> next = new HashMap<>();
        Set<Long> written = new HashSet<>();
        try (Ledger.Cursor items = Ledger.open(ledger).items()) {
            for (LedgerItem item = items.next(); item != null; item = items.next()) {
                assertThat(item).isInstanceOf(LedgerItem.Entry.class);
                AuditEvent event = ((LedgerItem.Entry) item).event();
                if (event.getSequence() < next.getOrDefault(event.getSessionId(), 0L)) {
                    continue; // shipped twice
                }
                next.put(event.getSessionId(), event.getSequence() + 1);
                if (event.hasOperationDecided()) {
                    String sql = event.getOperationDecided().getOperation().toStringUtf8();
                    clients.stream()
                            .filter(client -> sql.contains(client.mark()))
                            .forEach(client -> bySession.put(event.getSessionId(), client));
                    Matcher insert = WRITTEN.matcher(sql);
                    if (insert.find()) {
                        assertThat(event.getOperationDecided().getEnforced()).isEqualTo(Effect.EFFECT_PERMIT);
                        written.add(Long.parseLong(insert.group(1)));
                    }
                }
                KeepingClient client = bySession.get(event.getSessionId());
                Delivered delivered = AuditEvents.delivered(event);
                if (client != null && delivered != null) {
                    compared.merge(
                            client,
                            same(client, compared.getOrDefault(client, 0), delivered.getPayload()),
                            Integer::sum);
                }
            }
        }
        for (KeepingClient client : clients) {
            assertThat(compared.getOrDefault(client, 0))
                    .as("seed %d: bytes of %s that are in the ledger", seed, client.mark())
                    .isEqualTo(client.kept().length);
        }
        return written;
    }

    /** How many further bytes of the client's are the payload's; fails where they differ. */
    private int same(KeepingClient client, int from, ByteString payload) {
        byte[] kept = client.kept();
        int length = Math.min(kept.length - from, payload.size());
        assertThat(Arrays.equals(kept, from, from + length, payload.toByteArray(), 0, length))
                .as("seed %d: bytes %d to %d of %s are as recorded", seed, from, from + length, client.mark())
                .isTrue();
        return length;
    }

    private static List<Long> inDatabase(TestingWorld world) throws Exception {
        List<Long> numbers = new ArrayList<>();
        try (Connection database = world.postgres().connect(DemoWorld.DATABASE);
                Statement statement = database.createStatement();
                ResultSet rows = statement.executeQuery("SELECT delta FROM pgbench_history")) {
            while (rows.next()) {
                numbers.add(rows.getLong(1));
            }
        }
        assertThat(numbers).isNotEmpty();
        return numbers;
    }
}
