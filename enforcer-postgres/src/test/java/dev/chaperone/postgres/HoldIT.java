package dev.chaperone.postgres;

import static dev.chaperone.postgres.RawClient.bind;
import static dev.chaperone.postgres.RawClient.execute;
import static dev.chaperone.postgres.RawClient.join;
import static dev.chaperone.postgres.RawClient.parse;
import static dev.chaperone.postgres.RawClient.query;
import static dev.chaperone.postgres.RawClient.sync;
import static dev.chaperone.postgres.RawClient.tags;
import static dev.chaperone.postgres.TestingDecisions.permit;
import static dev.chaperone.postgres.TestingDecisions.touches;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.HoldEnded;
import dev.chaperone.audit.v1.OperationCompleted;
import dev.chaperone.audit.v1.OperationHeld;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.decision.v1.HoldTerms;
import dev.chaperone.decision.v1.Limit;
import dev.chaperone.decision.v1.Obligation;
import dev.chaperone.decision.v1.Reason;
import dev.chaperone.enforcer.HoldAnswer.Outcome;
import dev.chaperone.postgres.RawClient.Message;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a client gets of statements that wait for people: before they run, or at a limit. */
class HoldIT {

    private static final String FIVE = "select n from numbers where n <= 5 order by n";

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
        gateway.recorder.reset();
        gateway.holds.open();
        gateway.decisions.policy(request -> touches(request, "numbers") ? permit(limit(3, 0)) : permit());
    }

    private static Obligation limit(long rows, long bytes) {
        return Obligation.newBuilder()
                .setLimit(Limit.newBuilder().setMaxRows(rows).setMaxBytes(bytes).setOnExceed(Effect.EFFECT_HOLD))
                .build();
    }

    private static Decision hold(Obligation... obligations) {
        return Decision.newBuilder()
                .setEffect(Effect.EFFECT_HOLD)
                .addAllObligations(List.of(obligations))
                .addObligations(Obligation.newBuilder().setHold(HoldTerms.getDefaultInstance()))
                .addReasons(
                        Reason.newBuilder().setRule("ask first").setText("bulk").setEffect(Effect.EFFECT_HOLD))
                .setPolicyVersion("testing-1")
                .build();
    }

    // ---- at a limit ------------------------------------------------------------------------------------------------

    /** The ways in which a client may have five rows delivered, of which three are permitted. */
    private static byte[] ask(String how) {
        return switch (how) {
            case "simple" -> query(FIVE);
            case "extended" -> join(parse("", FIVE), bind("", ""), execute("", 0), sync());
            case "row by row" ->
                join(
                        parse("", FIVE),
                        bind("", ""),
                        execute("", 1),
                        execute("", 1),
                        execute("", 1),
                        execute("", 1),
                        execute("", 5),
                        sync());
            case "cursor" ->
                query("begin; declare c cursor for " + FIVE + "; fetch 2 from c; fetch all from c; commit");
            case "copy" -> query("copy (" + FIVE + ") to stdout");
            case "binary copy" -> query("copy (" + FIVE + ") to stdout (format binary)");
            default -> throw new IllegalArgumentException(how);
        };
    }

    /** The numbers in what was said; those of a binary COPY stand at the end of each row. */
    private static List<Integer> numbers(List<Message> said) {
        List<Integer> numbers = new ArrayList<>();
        for (Message message : said) {
            byte[] body = message.body();
            boolean binaryRow = message.tag() == 'd' && body.length >= 10 && body[body.length - 1] < 10;
            if (message.tag() == 'D') {
                numbers.add(Integer.valueOf(message.columns().get(0)));
            } else if (binaryRow && body[body.length - 5] == 4) {
                numbers.add((int) body[body.length - 1]);
            } else if (message.tag() == 'd' && body.length == 2 && body[1] == '\n') {
                numbers.add(body[0] - '0');
            }
        }
        return numbers;
    }

    @ParameterizedTest
    @ValueSource(strings = {"simple", "extended", "row by row", "cursor", "copy", "binary copy"})
    void whatIsBeyondALimitComesOnceItIsGranted(String how) throws Exception {
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            client.raw(ask(how));
            List<Message> before = client.until("N");
            TestingHolds.Asked asked = gateway.holds.await();
            assertThat(numbers(before)).containsExactly(1, 2, 3);
            Message notice = before.get(before.size() - 1);
            assertThat(notice.field('S')).isEqualTo("NOTICE");
            assertThat(notice.field('M'))
                    .startsWith("more than 3 rows are held for approval `" + asked.id() + "`, until ");
            assertThat(asked.request().limit()).isEqualTo("more than 3 rows");
            assertThat(asked.request().digest()).hasSize(32);

            OperationHeld held =
                    gateway.recorder.await(AuditEvent::hasOperationHeld).getOperationHeld();
            assertThat(held.getApprovalId()).isEqualTo(asked.id());
            assertThat(held.getRows()).isEqualTo(3);
            assertThat(held.getLimit()).isEqualTo("more than 3 rows");
            assertThat(held.getDigest().toByteArray()).isEqualTo(asked.request().digest());
            // Whatever a client gets is recorded before, and nothing of the fourth row is.
            assertThat(deliveredRows()).isEqualTo(3);
            assertThat(client.available()).isZero();

            asked.grant();
            List<Message> after = client.until("Z");
            assertThat(numbers(after)).containsExactly(4, 5);
            assertThat(tags(after)).doesNotContain("E");
            HoldEnded ended = gateway.recorder.await(AuditEvent::hasHoldEnded).getHoldEnded();
            assertThat(ended.getOutcome()).isEqualTo(HoldEnded.Outcome.OUTCOME_GRANTED);
            assertThat(asked.isWithdrawn()).isFalse();
            assertThat(gateway.holds.pending()).isFalse();
            stillWorks(client);
        }
    }

    private static long deliveredRows() {
        return gateway.recorder.of(AuditEvent::hasDelivered).stream()
                .mapToLong(event -> event.event().getDelivered().getRows())
                .sum();
    }

    private static void stillWorks(RawClient client) throws IOException {
        client.raw(query("select 1"));
        assertThat(tags(client.until("Z"))).isEqualTo("TDCZ");
    }

    @ParameterizedTest
    @CsvSource({
        "simple,DENIED,was denied (too much)",
        "extended,DENIED,was denied (too much)",
        "row by row,DENIED,was denied (too much)",
        "cursor,DENIED,was denied (too much)",
        "copy,DENIED,was denied (too much)",
        "binary copy,DENIED,was denied (too much)",
        "simple,EXPIRED,nobody decided on approval",
        "copy,EXPIRED,nobody decided on approval",
        "simple,UNAVAILABLE,nobody could be asked",
    })
    void whatIsBeyondALimitIsRefusedWhenItIsNotGranted(String how, Outcome outcome, String why) throws Exception {
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            client.raw(ask(how));
            List<Message> before = client.until("N");
            assertThat(numbers(before)).containsExactly(1, 2, 3);
            gateway.holds.await().answer(outcome, "too much");
            List<Message> after = client.until("Z");
            assertThat(numbers(after)).isEmpty();
            Message error = after.get(0);
            assertThat(error.tag()).isEqualTo('E');
            assertThat(error.field('C')).isEqualTo("54000");
            assertThat(error.field('M')).contains("at most 3 rows").contains(why);
            AuditEvent completed = gateway.recorder.await(
                    event -> event.getOperationCompleted().getOutcome() == OperationCompleted.Outcome.OUTCOME_REFUSED);
            assertThat(completed.getOperationCompleted().getRows()).isEqualTo(how.equals("cursor") ? 1 : 3);
            if (how.equals("cursor")) {
                client.raw(query("rollback"));
                client.until("Z");
            }
            stillWorks(client);
        }
    }

    /** The rows of a cursor are those of what was bound to its query, which nothing says that fetches from it. */
    @ParameterizedTest
    @ValueSource(strings = {"declared", "bound"})
    void whoIsAskedAboutTheUseOfACursorIsToldWhatWasBoundToIt(String how) throws Exception {
        String query = "select n from numbers where n <= $1 order by n";
        byte[] ask = how.equals("declared")
                ? join(parse("", "declare c cursor for " + query), bindText("", "", "5"), execute("", 0), sync())
                : join(parse("", query), bindText("c", "", "5"), execute("c", 1), sync());
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            client.raw(query("begin"));
            client.until("Z");
            client.raw(ask);
            assertThat(tags(client.until("Z"))).doesNotContain("E");
            client.raw(query("fetch all from c"));
            client.until("N");
            TestingHolds.Asked asked = gateway.holds.await();
            assertThat(asked.request().operation()).contains("fetch all from c").contains(query);
            assertThat(asked.request().parameters())
                    .extracting(parameter -> parameter.getValue().toStringUtf8())
                    .containsExactly("5");
            asked.grant();
            assertThat(numbers(client.until("Z"))).endsWith(4, 5);
        }
    }

    private static byte[] bindText(String portal, String statement, String value) {
        byte[] text = value.getBytes(StandardCharsets.UTF_8);
        return RawClient.message(
                'B',
                RawClient.bytes(portal),
                RawClient.bytes(statement),
                new byte[] {0, 0, 0, 1, 0, 0, 0, (byte) text.length},
                text,
                new byte[2]);
    }

    @Test
    void aCursorWhoseLimitWasLiftedIsHeldAgainByAnotherPolicy() throws Exception {
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            client.raw(query("begin; declare c scroll cursor for " + FIVE + "; fetch all from c"));
            client.until("N");
            gateway.holds.await().grant();
            assertThat(numbers(client.until("Z"))).containsExactly(4, 5);
            client.raw(query("fetch first from c"));
            assertThat(numbers(client.until("Z"))).containsExactly(1);
            gateway.decisions.policy(request -> touches(request, "numbers")
                    ? permit(limit(3, 0)).toBuilder()
                            .setPolicyVersion("testing-2")
                            .build()
                    : permit());
            client.raw(query("fetch next from c"));
            client.until("N");
            gateway.holds.await().answer(Outcome.DENIED, "not any more");
            List<Message> after = client.until("Z");
            assertThat(numbers(after)).isEmpty();
            assertThat(after.get(0).field('M')).contains("not any more");
        }
    }

    /** A grant that may be used again is for what names stood for, and for data, and nobody knows that of such statements. */
    @ParameterizedTest
    @CsvSource({"truncate numbers,search path", "copy numbers from stdin,its data comes when it runs"})
    void whatIsKnownOnlyWhenItRunsIsAskedAboutEachTime(String sql, String why) throws Exception {
        String operation = sql.substring(0, sql.indexOf(' '));
        gateway.decisions.policy(request -> request.getAction().getOperation().equals(operation) ? hold() : permit());
        Set<String> digests = new HashSet<>();
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            for (int i = 0; i < 2; i++) {
                client.raw(query(sql));
                client.until("N");
                TestingHolds.Asked asked = gateway.holds.await();
                assertThat(asked.request().operation()).startsWith(sql + "\n").contains(why);
                digests.add(HexFormat.of().formatHex(asked.request().digest()));
                asked.answer(Outcome.DENIED, "seen");
                client.until("Z");
            }
        }
        assertThat(digests).hasSize(2);
    }

    /** The same bytes mean something else as another type. */
    @Test
    void whoIsAskedIsToldTheTypesThatTheClientHasNamed() throws Exception {
        gateway.decisions.policy(request -> touches(request, "numbers") ? hold() : permit());
        List<String> digests = new ArrayList<>();
        for (int type : new int[] {23, 700}) {
            try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
                byte[] named = {0, 1, 0, 0, (byte) (type >> 8), (byte) type};
                byte[] binary = {0, 1, 0, 1, 0, 1, 0, 0, 0, 4, 0x40, 0, 0, 0, 0, 0};
                client.raw(join(
                        RawClient.message(
                                'P',
                                RawClient.bytes(""),
                                RawClient.bytes("select n from numbers where n < $1 limit 3"),
                                named),
                        RawClient.message('B', RawClient.bytes(""), RawClient.bytes(""), binary),
                        execute("", 0),
                        sync()));
                client.until("N");
                TestingHolds.Asked asked = gateway.holds.await();
                assertThat(asked.request().parameters().get(0).getType()).isEqualTo(type);
                digests.add(HexFormat.of().formatHex(asked.request().digest()));
                asked.answer(Outcome.DENIED, "seen");
                client.until("Z");
            }
        }
        assertThat(digests).doesNotHaveDuplicates();
    }

    @Test
    void aHoldThatNobodyDecidesOnLapses() throws Exception {
        gateway.holds.lapseAfter(Duration.ofMillis(200));
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            client.raw(query(FIVE));
            List<Message> said = client.until("Z");
            assertThat(tags(said)).isEqualTo("TDDDNEZ");
            assertThat(said.get(5).field('M')).contains("nobody decided");
            gateway.holds.await().awaitWithdrawal();
            stillWorks(client);
        }
    }

    @Test
    void whoCannotBeReachedGrantsNothing() throws Exception {
        gateway.holds.breakDown();
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            client.raw(query(FIVE));
            List<Message> said = client.until("Z");
            assertThat(tags(said)).isEqualTo("TDDDEZ");
            assertThat(said.get(4).field('M')).contains("nobody could be asked");
            stillWorks(client);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"simple", "copy"})
    void aClientThatCancelsTakesTheRequestBack(String how) throws Exception {
        try (RawClient client = RawClient.open(gateway.port())) {
            List<Message> entered = client.enter(RawClient.V3_0, TestingAuthenticator.AGENT);
            byte[] key = entered.stream()
                    .filter(message -> message.tag() == 'K')
                    .findFirst()
                    .orElseThrow()
                    .body();
            client.raw(ask(how));
            client.until("N");
            TestingHolds.Asked asked = gateway.holds.await();
            RawClient.cancel(gateway.port(), key);
            List<Message> after = client.until("Z");
            assertThat(tags(after)).isEqualTo("EZ");
            assertThat(after.get(0).field('C')).isEqualTo("57014");
            asked.awaitWithdrawal();
            assertThat(gateway.recorder
                            .await(AuditEvent::hasHoldEnded)
                            .getHoldEnded()
                            .getOutcome())
                    .isEqualTo(HoldEnded.Outcome.OUTCOME_WITHDRAWN);
            stillWorks(client);
        }
    }

    @Test
    void aClientThatGoesAwayTakesTheRequestBack() throws Exception {
        TestingHolds.Asked asked;
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            client.raw(query(FIVE));
            client.until("N");
            asked = gateway.holds.await();
        }
        asked.awaitWithdrawal();
    }

    @Test
    void theServerIsNotReadWhileACopyIsHeld() throws Exception {
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            client.raw(query("copy (select n, repeat('x', 1000) from numbers where n <= 40000) to stdout"));
            client.until("N");
            TestingHolds.Asked asked = gateway.holds.await();
            // 40 MB cannot wait anywhere between: the server itself waits for somebody to read.
            awaitBlockedServer();
            asked.grant();
            List<Message> after = client.until("Z");
            assertThat(after.stream().filter(message -> message.tag() == 'd')).hasSize(40_000 - 3);
            assertThat(tags(after)).endsWith("dcCZ");
        }
    }

    private static void awaitBlockedServer() throws SQLException {
        long until = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        String sql = "select count(*) from pg_stat_activity where usename = 'gateway' and wait_event = 'ClientWrite'";
        while (gateway.one(sql).equals("0")) {
            assertThat(System.nanoTime()).as("the server goes on sending").isLessThan(until);
            LockSupport.parkNanos(10_000_000);
        }
    }

    @Test
    void aLimitOfBytesHoldsTooAndTheTagCountsEveryRow() throws Exception {
        gateway.decisions.policy(request -> touches(request, "numbers") ? permit(limit(0, 60_000)) : permit());
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            client.raw(query("select n from numbers where n <= 6000"));
            client.until("N");
            TestingHolds.Asked asked = gateway.holds.await();
            assertThat(asked.request().limit()).isEqualTo("more than 60000 bytes");
            asked.grant();
            List<Message> after = client.until("Z");
            Message complete = after.get(after.size() - 2);
            assertThat(new String(complete.body(), StandardCharsets.US_ASCII)).isEqualTo("SELECT 6000\0");
        }
    }

    @Test
    void theTagCountsEveryRowOfAResultWithinItsLimit() throws Exception {
        gateway.decisions.policy(request -> touches(request, "numbers") ? permit(limit(0, 1 << 20)) : permit());
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            client.raw(query("select n from numbers where n <= 2500"));
            List<Message> said = client.until("Z");
            Message complete = said.get(said.size() - 2);
            assertThat(new String(complete.body(), StandardCharsets.US_ASCII)).isEqualTo("SELECT 2500\0");
            assertThat(said).hasSize(2500 + 3);
        }
    }

    @Test
    void aResultThatEndsAtItsLimitIsNotHeld() throws Exception {
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            client.raw(query("select n from numbers where n <= 3"));
            assertThat(tags(client.until("Z"))).isEqualTo("TDDDCZ");
            assertThat(gateway.holds.pending()).isFalse();
        }
    }

    @Test
    void whatAChangeReturnsBeyondALimitWaitsToo() throws Exception {
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            client.raw(query("begin"));
            client.until("Z");
            client.raw(query(
                    "insert into ledger select n, 1, 'bulk' from numbers where n between 901 and 905 returning id"));
            assertThat(numbers(client.until("N"))).hasSize(3);
            gateway.holds.await().answer(Outcome.DENIED, "too much");
            List<Message> after = client.until("Z");
            assertThat(numbers(after)).isEmpty();
            assertThat(after.get(0).field('M')).contains("at most 3 rows").contains("too much");
            client.raw(query("commit"));
            client.until("Z");
            assertThat(gateway.one("select count(*) from ledger where note = 'bulk'"))
                    .isEqualTo("0");
        }
    }

    private static final Obligation TWO_STEWARDS = Obligation.newBuilder()
            .setHold(HoldTerms.newBuilder().addApproverGroups("stewards").setApprovalsNeeded(2))
            .build();

    @Test
    void whoLiftsALimitIsForThePolicyToSay() throws Exception {
        gateway.decisions.policy(request -> touches(request, "numbers") ? permit(limit(3, 0), TWO_STEWARDS) : permit());
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            client.raw(query(FIVE));
            assertThat(numbers(client.until("N"))).containsExactly(1, 2, 3);
            TestingHolds.Asked asked = gateway.holds.await();
            assertThat(asked.request().decision().getObligationsList()).contains(TWO_STEWARDS);
            asked.grant();
            assertThat(numbers(client.until("Z"))).containsExactly(4, 5);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"no limit", "a limit that refuses", "two sets"})
    void termsForHoldingThatFitNothingAreRefused(String what) throws Exception {
        Obligation refusing = Obligation.newBuilder()
                .setLimit(Limit.newBuilder().setMaxRows(3).setOnExceed(Effect.EFFECT_DENY))
                .build();
        Decision decision = switch (what) {
            case "no limit" -> permit(TWO_STEWARDS);
            case "a limit that refuses" -> permit(refusing, TWO_STEWARDS);
            default -> permit(limit(3, 0), TWO_STEWARDS, TWO_STEWARDS);
        };
        gateway.decisions.policy(request -> touches(request, "numbers") ? decision : permit());
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            client.raw(query(FIVE));
            List<Message> said = client.until("Z");
            assertThat(tags(said)).isEqualTo("EZ");
            assertThat(said.get(0).field('M')).contains("for holding");
            assertThat(gateway.holds.pending()).isFalse();
            stillWorks(client);
        }
    }

    // ---- before it runs --------------------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aHeldStatementRunsOnceItIsGranted(boolean extended) throws Exception {
        gateway.decisions.policy(request -> touches(request, "ledger") ? hold() : permit());
        String sql = "insert into ledger values (" + (extended ? 71 : 70) + ", 1, 'held')";
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            client.raw(extended ? join(parse("", sql), bind("", ""), execute("", 0), sync()) : query(sql));
            // What comes after it waits its turn.
            client.raw(query("select 1"));
            List<Message> before = client.until("N");
            TestingHolds.Asked asked = gateway.holds.await();
            assertThat(before.get(before.size() - 1).field('M'))
                    .startsWith("the statement is held for approval `" + asked.id() + "`, until ");
            assertThat(asked.request().operation()).isEqualTo(sql);
            assertThat(gateway.one("select count(*) from ledger where note = 'held' and id = " + (extended ? 71 : 70)))
                    .isEqualTo("0");
            assertThat(client.available()).isZero();
            asked.grant();
            assertThat(tags(client.until("Z"))).isEqualTo(extended ? "2CZ" : "CZ");
            assertThat(tags(client.until("Z"))).isEqualTo("TDCZ");
        }
    }

    @ParameterizedTest
    @CsvSource({"DENIED,42501,was denied", "EXPIRED,42501,nobody decided", "UNAVAILABLE,42501,nobody could be asked"})
    void aHeldStatementDoesNotRunWhenItIsNotGranted(Outcome outcome, String state, String why) throws Exception {
        gateway.decisions.policy(request -> touches(request, "ledger") ? hold() : permit());
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            client.raw(query("insert into ledger values (90, 1, 'refused')"));
            client.until("N");
            gateway.holds.await().answer(outcome, "");
            List<Message> after = client.until("Z");
            assertThat(tags(after)).isEqualTo("EZ");
            assertThat(after.get(0).field('C')).isEqualTo(state);
            assertThat(after.get(0).field('M'))
                    .contains("`ask first`")
                    .contains(why)
                    .contains("was not run");
            assertThat(gateway.one("select count(*) from ledger where note = 'refused'"))
                    .isEqualTo("0");
            stillWorks(client);
        }
    }

    @Test
    void masksAndLimitsHoldForWhatIsGranted() throws Exception {
        gateway.decisions.policy(request -> touches(request, "patients")
                ? hold(TestingDecisions.mask("clinic.public.patients.ssn", "last4"), limit(1, 0))
                : permit());
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            client.raw(query("select ssn from patients order by id"));
            client.until("N");
            gateway.holds.await().grant();
            List<Message> said = client.until("N");
            assertThat(said.get(1).columns()).containsExactly("***-**-6789");
            gateway.holds.await().answer(Outcome.DENIED, "");
            assertThat(tags(client.until("Z"))).isEqualTo("EZ");
        }
    }

    @Test
    void anApprovalIsForExactlyWhatWouldRun() throws Exception {
        gateway.decisions.policy(request -> touches(request, "patients") ? hold() : permit());
        Set<String> digests = new HashSet<>();
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            for (String sql : List.of(
                    "select id from patients where id = 1",
                    "select id from patients where id = 2",
                    "select id  from patients where id = 2")) {
                client.raw(query(sql));
                client.until("N");
                TestingHolds.Asked asked = gateway.holds.await();
                digests.add(HexFormat.of().formatHex(asked.request().digest()));
                asked.answer(Outcome.DENIED, "");
                client.until("Z");
            }
        }
        assertThat(digests).hasSize(3);
    }

    @Test
    void whatIsCountedIsWhatClientsGot() throws Exception {
        double rows = counted(PostgresMetric.ROWS);
        double masked = counted(PostgresMetric.MASKED_VALUES);
        double bytes = counted(PostgresMetric.BYTES);
        gateway.decisions.policy(request -> touches(request, "patients")
                ? permit(TestingDecisions.mask("clinic.public.patients.ssn", "last4"))
                : permit());
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            client.raw(query("select id, ssn from patients"));
            List<Message> said = client.until("Z");
            client.raw(query("copy (select id, ssn from patients) to stdout"));
            said.addAll(client.until("Z"));
            assertThat(counted(PostgresMetric.ROWS) - rows).isEqualTo(6);
            assertThat(counted(PostgresMetric.MASKED_VALUES) - masked).isEqualTo(4);
            assertThat(counted(PostgresMetric.BYTES) - bytes)
                    .isEqualTo(said.stream()
                            .collect(Collectors.summingInt(message -> message.whole().length))
                            .doubleValue());
        }
    }

    private static double counted(PostgresMetric metric) {
        return gateway.meters.find(metric.metric()).counters().stream()
                .mapToDouble(counter -> counter.count())
                .sum();
    }
}
