package dev.chaperone.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.util.JsonFormat;
import dev.chaperone.audit.v1.AuditRecord;
import dev.chaperone.audit.v1.EvidenceAccess;
import dev.chaperone.audit.v1.EvidenceServiceGrpc;
import dev.chaperone.audit.v1.EvidenceServiceGrpc.EvidenceServiceBlockingStub;
import dev.chaperone.audit.v1.GetLedgerStatusRequest;
import dev.chaperone.audit.v1.LedgerStatus;
import dev.chaperone.audit.v1.Reader;
import dev.chaperone.audit.v1.ReplaySessionRequest;
import dev.chaperone.audit.v1.ReplaySessionResponse;
import dev.chaperone.audit.v1.ReplayedStep;
import dev.chaperone.audit.v1.Scope;
import dev.chaperone.audit.v1.SearchSessionsRequest;
import dev.chaperone.audit.v1.SearchSessionsResponse;
import dev.chaperone.audit.v1.SessionEntry;
import dev.chaperone.audit.v1.VerificationResult;
import dev.chaperone.audit.v1.VerifyLedgerRequest;
import dev.chaperone.audit.v1.VerifyLedgerResponse;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.decision.v1.Principal;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a console is told about a ledger, and what becomes known of its asking. */
final class EvidenceServerTest {

    private static final Reader READER = Reader.newBuilder()
            .setPrincipal(Principal.newBuilder()
                    .setIssuer("https://login.example")
                    .setSubject("eve.auditor")
                    .addGroups("auditors"))
            .setPurpose("test")
            .build();

    private final String name = "evidence-" + UUID.randomUUID();

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path ledger;

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path keys;

    @SuppressWarnings("NullAway.Init")
    private EvidenceServer server;

    @SuppressWarnings("NullAway.Init")
    private ManagedChannel channel;

    @SuppressWarnings("NullAway.Init")
    private EvidenceServiceBlockingStub evidence;

    @BeforeEach
    void start() throws Exception {
        TestLedgers.write(ledger, TestLedgers.clean());
        serve(new EvidenceConfig(null, name, List.of(TestLedgers.SIGNER.publicKey(keys)), 1000));
    }

    private void serve(EvidenceConfig config) throws Exception {
        server = EvidenceServer.start(
                config,
                ledger,
                new AuditSink(SinkConfig.of("127.0.0.1:1", "topic", ledger), new SimpleMeterRegistry()));
        channel = InProcessChannelBuilder.forName(name).build();
        evidence = EvidenceServiceGrpc.newBlockingStub(channel).withDeadlineAfter(60, TimeUnit.SECONDS);
        awaitComplete();
    }

    @AfterEach
    void stop() {
        channel.shutdownNow();
        server.close();
    }

    @Test
    void sessionsAreFoundByWhoAndWhatAndHowItEnded() {
        assertThat(ids(search())).containsExactly(id("s3"), id("s2"), id("s1"));
        assertThat(ids(search().setSubject("dr-grey"))).containsExactly(id("s3"), id("s1"));
        assertThat(ids(search().setAgent("audit-bot"))).containsExactly(id("s2"));
        assertThat(ids(search().setResource("PATIENTS"))).containsExactly(id("s2"), id("s1"));
        assertThat(ids(search().setResource("clinic").setSubject("dr-house"))).containsExactly(id("s2"));
        assertThat(ids(search().setEffect(Effect.EFFECT_DENY))).containsExactly(id("s2"));
        assertThat(ids(search().setResource("nothing-of-that-name"))).isEmpty();
    }

    @Test
    void aSessionIsToldInAFewWordsWithoutItsToken() {
        SessionEntry session =
                evidence.searchSessions(search().setAgent("triage-bot").build()).getSessions(0);

        assertThat(session.getPrincipal().getSubject()).isEqualTo("dr-grey");
        assertThat(session.getPrincipal().getTokenId()).isEmpty();
        assertThat(session.getOperations()).isEqualTo(2);
        assertThat(session.getPermitted()).isEqualTo(2);
        assertThat(session.getRows()).isEqualTo(2);
        assertThat(session.getResourcesList()).containsExactly("public.patients");
        assertThat(session.getRecentCount()).isEqualTo(2);
        assertThat(session.getRecent(1).getName()).isEqualTo("select");
        assertThat(session.toString()).doesNotContain("SELECT");
    }

    @Test
    void pagesGoOnWhereTheLastOneEnded() {
        List<String> all = new ArrayList<>();
        String token = "";
        do {
            SearchSessionsResponse page = evidence.searchSessions(
                    search().setPageSize(1).setPageToken(token).build());
            page.getSessionsList().forEach(session -> all.add(session.getSessionId()));
            token = page.getNextPageToken();
        } while (!token.isEmpty());

        assertThat(all).containsExactly(id("s3"), id("s2"), id("s1"));
        refused(Status.Code.INVALID_ARGUMENT, search().setPageToken("bogus"));
        refused(Status.Code.INVALID_ARGUMENT, search().setPageSize(100_000));
        refused(Status.Code.INVALID_ARGUMENT, search().setSubject("x".repeat(1000)));
    }

    @Test
    void nobodyIsToldMoreThanTheirScope() {
        Scope house = Scope.newBuilder()
                .setIssuer(TestSession.ISSUER)
                .setSubject("dr-house")
                .build();

        assertThat(ids(search().setScope(house))).containsExactly(id("s2"));
        assertThat(ids(search().setScope(house).setSubject("dr-grey"))).isEmpty();
        assertThat(ids(search().setScope(house.toBuilder().setIssuer("https://elsewhere.example"))))
                .isEmpty();
        assertThat(ids(search().setScope(Scope.getDefaultInstance()))).isEmpty();
        assertThat(replay(replayOf("s2").setScope(house))).isNotEmpty();
        assertThatThrownBy(() -> replay(replayOf("s1").setScope(house)))
                .isInstanceOf(StatusRuntimeException.class)
                .hasMessageContaining("NOT_FOUND");
    }

    @Test
    void aSessionIsReplayedAsTheAgentSawItWithItsMaskedCellsMarked() {
        List<ReplayedStep> steps = replay(replayOf("s1"));

        ReplayedStep.Asked asked = first(steps, ReplayedStep::hasAsked).getAsked();
        assertThat(asked.getOperation()).isEqualTo("SELECT name, ssn FROM patients");
        assertThat(asked.getReasons(0).getCitation()).contains("164.514");
        assertThat(asked.getParameters(1).getIsNull()).isTrue();
        ReplayedStep.Saw saw = first(steps, ReplayedStep::hasSaw).getSaw();
        assertThat(saw.getColumnsList()).containsExactly("name", "ssn", "age");
        assertThat(saw.getTable(0).getCells(1).getText()).isEqualTo("***-**-1234");
        assertThat(saw.getTable(0).getCells(1).getMasked()).isTrue();
        assertThat(saw.getTable(0).getCells(0).getMasked()).isFalse();
        assertThat(saw.getTable(1).getCells(1).getIsNull()).isTrue();
        assertThat(saw.getTable(1).getCells(1).getMasked()).isFalse();
        assertThat(steps.get(steps.size() - 1).getClosed()).isEqualTo("client");
    }

    @Test
    void aReplayGoesOnBehindAStep() {
        List<ReplayedStep> all = replay(replayOf("s1"));
        long middle = all.get(3).getSequence();

        List<ReplayedStep> rest = replay(replayOf("s1").setAfterSequence(middle));

        assertThat(rest)
                .isEqualTo(
                        all.stream().filter(step -> step.getSequence() > middle).toList());
    }

    @Test
    void whatIsStoredMeanwhileIsFoundWithoutAskingForIt() throws Exception {
        List<AuditRecord> more = new ArrayList<>();
        TestSession control = TestSession.control("c3", "", false, TestLedgers.SIGNER, more);
        TestSession late = TestSession.client("late", control, TestLedgers.SIGNER, more);
        late.authenticated("dr-late", "bot");
        late.statement(1, "SELECT 1 FROM patients", Effect.EFFECT_PERMIT, TestLedgers.patients(), 2);
        try (PartitionLog log = PartitionLog.open(ledger, 0, 2048)) {
            long offset = log.nextOffset();
            for (AuditRecord record : more) {
                log.append(offset++, record.toByteArray());
                log.force();
            }
        }

        await(() -> evidence.searchSessions(search().setSubject("dr-late").build()).getSessionsList().stream()
                .anyMatch(session -> session.getOperations() == 1));
        assertThat(replay(replayOf("late"))).anyMatch(ReplayedStep::hasSaw);
    }

    @Test
    void theOldestMakeRoomAndThatIsSaid() throws Exception {
        stop();
        serve(new EvidenceConfig(null, name, List.of(), 2));

        SearchSessionsResponse all = evidence.searchSessions(search().build());

        assertThat(all.getSessionsList()).extracting(SessionEntry::getSessionId).containsExactly(id("s3"));
        assertThat(all.hasOldest()).isTrue();
        assertThat(server.accessFile()).exists();
    }

    @Test
    void whoAsksForWhatIsOnRecordBeforeTheAnswerAndEachLineNamesTheOneBefore() throws Exception {
        evidence.searchSessions(search().setSubject("dr-grey").build());
        evidence.searchSessions(search().setSubject("dr-grey").build());
        assertThat(replay(replayOf("s1"))).isNotEmpty();
        List<String> lines = Files.readAllLines(server.accessFile());
        List<EvidenceAccess> accesses = new ArrayList<>();
        String previous = "";
        for (String line : lines) {
            EvidenceAccess.Builder access = EvidenceAccess.newBuilder();
            JsonFormat.parser().merge(line, access);
            assertThat(access.getPrevious()).isEqualTo(previous);
            previous = HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(line.getBytes(StandardCharsets.UTF_8)));
            accesses.add(access.build());
        }

        assertThat(accesses)
                .filteredOn(access -> access.getQuestion().equals("replay"))
                .singleElement()
                .satisfies(access -> {
                    assertThat(access.getSubject()).isEqualTo("eve.auditor");
                    assertThat(access.getGroupsList()).containsExactly("auditors");
                    assertThat(access.getClient()).isEqualTo("this process");
                    assertThat(access.getSessionId()).isEqualTo(id("s1"));
                });
        assertThat(accesses)
                .as("the same question within a minute is one line")
                .filteredOn(access -> access.getSearch().getSubject().equals("dr-grey"))
                .hasSize(1);
        stop();
        serve(new EvidenceConfig(null, name, List.of(), 1000));
        assertThat(Files.readAllLines(server.accessFile()).get(lines.size()))
                .as("the chain goes on after a restart")
                .contains(previous);
    }

    @Test
    void nobodyInParticularIsToldNothing() {
        refused(Status.Code.INVALID_ARGUMENT, search().clearReader());
        assertThatThrownBy(() -> replay(replayOf("s1").clearReader()))
                .isInstanceOf(StatusRuntimeException.class)
                .hasMessageContaining("INVALID_ARGUMENT");
    }

    @Test
    void theLedgerIsVerifiedOnRequest() {
        VerificationResult result = verify();

        assertThat(result.getFailure()).isEmpty();
        assertThat(result.getIntegrity().getOk()).isTrue();
        assertThat(result.getCompleteness().getOk()).isTrue();
        assertThat(result.getSessions()).isEqualTo(3);
        assertThat(result.getAskedBy()).isEqualTo("eve.auditor");
        LedgerStatus status = evidence.getLedgerStatus(
                GetLedgerStatusRequest.newBuilder().setReader(READER).build());
        assertThat(status.getLastVerification()).isEqualTo(result);
        assertThat(status.getCanVerify()).isTrue();
        assertThat(status.getSessions()).isEqualTo(3);
        assertThat(status.getProblem()).contains("does not store");
        assertThat(status.getPartitions(0).getBytes()).isPositive();
    }

    @Test
    void withoutKeysNothingIsVerifiedAndThatIsSaid() throws Exception {
        stop();
        serve(new EvidenceConfig(null, name, List.of(), 1000));

        assertThatThrownBy(this::verify)
                .isInstanceOf(StatusRuntimeException.class)
                .hasMessageContaining("FAILED_PRECONDITION")
                .hasMessageContaining("sink.evidence.keys");
    }

    private VerificationResult verify() {
        List<VerifyLedgerResponse> told = new ArrayList<>();
        evidence.verifyLedger(VerifyLedgerRequest.newBuilder().setReader(READER).build())
                .forEachRemaining(told::add);
        return told.get(told.size() - 1).getResult();
    }

    private void awaitComplete() throws InterruptedException {
        await(() -> evidence.searchSessions(search().build()).getComplete());
    }

    private static void await(java.util.function.BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime() - end).isNegative();
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    private void refused(Status.Code code, SearchSessionsRequest.Builder request) {
        assertThatThrownBy(() -> evidence.searchSessions(request.build()))
                .isInstanceOfSatisfying(
                        StatusRuntimeException.class,
                        e -> assertThat(e.getStatus().getCode()).isEqualTo(code));
    }

    private static SearchSessionsRequest.Builder search() {
        return SearchSessionsRequest.newBuilder().setReader(READER);
    }

    private static ReplaySessionRequest.Builder replayOf(String session) {
        return ReplaySessionRequest.newBuilder()
                .setReader(READER)
                .setSessionId(id(session))
                .setAfterSequence(-1);
    }

    private List<ReplayedStep> replay(ReplaySessionRequest.Builder request) {
        List<ReplaySessionResponse> told = new ArrayList<>();
        evidence.replaySession(request.build()).forEachRemaining(told::add);
        assertThat(told.get(0).hasSession()).isTrue();
        return told.stream()
                .filter(ReplaySessionResponse::hasStep)
                .map(ReplaySessionResponse::getStep)
                .toList();
    }

    private static ReplayedStep first(List<ReplayedStep> steps, Predicate<ReplayedStep> which) {
        return steps.stream().filter(which).findFirst().orElseThrow();
    }

    private List<String> ids(SearchSessionsRequest.Builder request) {
        return evidence.searchSessions(request.build()).getSessionsList().stream()
                .map(SessionEntry::getSessionId)
                .toList();
    }

    private static String id(String session) {
        return TestSession.id(session);
    }
}
