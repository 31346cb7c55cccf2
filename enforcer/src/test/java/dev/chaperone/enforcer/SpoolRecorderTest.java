package dev.chaperone.enforcer;

import static dev.chaperone.enforcer.TestingRecording.await;
import static dev.chaperone.enforcer.TestingRecording.awaitRefused;
import static dev.chaperone.enforcer.TestingRecording.chain;
import static dev.chaperone.enforcer.TestingRecording.config;
import static dev.chaperone.enforcer.TestingRecording.controlSession;
import static dev.chaperone.enforcer.TestingRecording.delivered;
import static dev.chaperone.enforcer.TestingRecording.eventually;
import static dev.chaperone.enforcer.TestingRecording.facts;
import static dev.chaperone.enforcer.TestingRecording.recovered;
import static dev.chaperone.enforcer.TestingRecording.started;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.crypto.tink.Aead;
import com.google.crypto.tink.HybridDecrypt;
import com.google.crypto.tink.InsecureSecretKeyAccess;
import com.google.crypto.tink.RegistryConfiguration;
import com.google.crypto.tink.TinkJsonProtoKeysetFormat;
import com.google.crypto.tink.TinkProtoKeysetFormat;
import com.google.protobuf.ByteString;
import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.Delivered;
import dev.chaperone.audit.v1.Heartbeat;
import dev.chaperone.audit.v1.MaskedOriginal;
import dev.chaperone.audit.v1.MaskedOriginals;
import dev.chaperone.audit.v1.SessionClosed;
import dev.chaperone.audit.v1.SessionOpened;
import dev.chaperone.proto.AuditChain;
import dev.chaperone.proto.ByteSize;
import dev.chaperone.proto.ErrorCode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.bouncycastle.crypto.params.Ed25519PublicKeyParameters;
import org.bouncycastle.crypto.signers.Ed25519Signer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpoolRecorderTest {

    private static final SessionClosed CLIENT =
            SessionClosed.newBuilder().setCause("client").setRequests(1).build();

    @TempDir
    Path spool;

    private final TestingRecordSinks sinks = new TestingRecordSinks(TestingRecordSinks.Mode.HOLD);

    @Test
    void recordsAreDurableBeforeFuturesCompleteAndCompleteInOrder() throws Exception {
        SpoolRecorder recorder = started(config(spool), sinks);
        SessionRecorder session = recorder.open(facts());
        List<Integer> order = Collections.synchronizedList(new ArrayList<>());
        List<CompletableFuture<Void>> futures = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            int number = i;
            futures.add(session.record(delivered(10)).thenRun(() -> order.add(number)));
        }
        futures.forEach(TestingRecording::await);
        // Read while the recorder is alive, as a crash would leave it.
        List<AuditEvent> events = chain(recovered(copyOf(spool)), session.sessionId());
        assertThat(events).hasSize(201);
        assertThat(order).hasSize(200).isSorted();
        recorder.close();
    }

    @Test
    void manyConcurrentSessionsEachHaveAWholeChainThatTheControlSessionLists() throws Exception {
        SpoolRecorder recorder = started(config(spool), sinks);
        ExecutorService threads = Executors.newFixedThreadPool(8);
        List<Future<String>> ids = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            ids.add(threads.submit(() -> {
                SessionRecorder session = recorder.open(facts());
                for (int event = 0; event < 25; event++) {
                    await(session.record(delivered(event * 100)));
                }
                await(session.close(CLIENT));
                return session.sessionId();
            }));
        }
        List<String> sessions = new ArrayList<>();
        for (Future<String> id : ids) {
            sessions.add(id.get(60, TimeUnit.SECONDS));
        }
        threads.shutdown();
        recorder.close();

        List<TestingRecordSinks.Sent> records = recovered(spool);
        for (String session : sessions) {
            List<AuditEvent> events = chain(records, session);
            assertThat(events).hasSize(27);
            assertThat(events.get(0).getSessionOpened().getKind()).isEqualTo(SessionOpened.Kind.KIND_CLIENT);
            assertThat(events.get(26).getSessionClosed()).isEqualTo(CLIENT);
        }
        List<AuditEvent> control = chain(records, controlSession(records));
        assertThat(control.get(0).getSessionOpened().getKind()).isEqualTo(SessionOpened.Kind.KIND_CONTROL);
        assertThat(control.get(control.size() - 1).hasSessionClosed()).isTrue();
        assertThat(announced(control)).containsExactlyInAnyOrderElementsOf(sessions);
        for (AuditEvent event : control) {
            if (event.hasSessionEnded()) {
                var ended = event.getSessionEnded();
                assertThat(ended.getLastSequence()).isEqualTo(26);
                assertThat(ended.getLastHash().toByteArray()).isEqualTo(lastHash(records, ended.getSessionId()));
            }
        }
        assertThat(control.stream().filter(AuditEvent::hasSessionEnded)).hasSize(40);
    }

    @Test
    void aSessionIsAnnouncedBeforeItsFirstEvent() throws Exception {
        SpoolRecorder recorder = started(config(spool), sinks);
        String id = recorder.open(facts()).sessionId();
        recorder.close();
        List<TestingRecordSinks.Sent> records = recovered(spool);
        List<String> order = records.stream()
                .filter(one -> one.key().equals(id)
                        || one.event().getSessionStarted().getSessionId().equals(id))
                .map(one -> one.event().getBodyCase().name())
                .toList();
        assertThat(order).containsExactly("SESSION_STARTED", "SESSION_OPENED", "SESSION_CLOSED");
        AuditEvent opened = chain(records, id).get(0);
        assertThat(opened.getSessionOpened().getControlSession()).isEqualTo(controlSession(records));
        assertThat(opened.getSessionOpened().getDurability()).isEqualTo("spool");
        assertThat(opened.getEnforcer()).isEqualTo("test");
        assertThat(chain(records, id).get(1).getSessionClosed().getCause()).isEqualTo("shutdown");
    }

    @Test
    void theAuditorOpensTheDataKeyAndReadsTheOriginals() throws Exception {
        SpoolRecorder recorder = started(config(spool), sinks);
        SessionRecorder session = recorder.open(facts());
        MaskedOriginals originals = MaskedOriginals.newBuilder()
                .addValues(MaskedOriginal.newBuilder().setField("ssn").setValue(ByteString.copyFromUtf8("123-45-6789")))
                .build();
        await(session.record(1, Delivered.newBuilder().setMaskedValues(1), originals));
        await(session.record(1, Delivered.newBuilder(), MaskedOriginals.getDefaultInstance()));
        recorder.close();

        List<AuditEvent> events = chain(recovered(spool), session.sessionId());
        byte[] keyset = TinkJsonProtoKeysetFormat.parseKeyset(
                        Files.readString(TestingRecording.KEYS.auditorPrivateKey()), InsecureSecretKeyAccess.get())
                .getPrimitive(RegistryConfiguration.get(), HybridDecrypt.class)
                .decrypt(
                        events.get(0).getSessionOpened().getWrappedDataKey().toByteArray(),
                        session.sessionId().getBytes(StandardCharsets.UTF_8));
        byte[] plain = TinkProtoKeysetFormat.parseKeyset(keyset, InsecureSecretKeyAccess.get())
                .getPrimitive(RegistryConfiguration.get(), Aead.class)
                .decrypt(
                        events.get(1).getDelivered().getOriginals().toByteArray(),
                        AuditChain.originalsAssociatedData(session.sessionId(), 1));
        assertThat(MaskedOriginals.parseFrom(plain)).isEqualTo(originals);
        assertThat(events.get(2).getDelivered().getOriginals()).isEmpty();
    }

    @Test
    void whereValuesWereReplacedIsSaidWithoutThem() throws Exception {
        SpoolRecorder recorder = started(config(spool), sinks);
        SessionRecorder session = recorder.open(facts());
        MaskedOriginals originals = MaskedOriginals.newBuilder()
                .addValues(MaskedOriginal.newBuilder().setRow(0).setColumn(2))
                .addValues(MaskedOriginal.newBuilder().setRow(3).setColumn(0))
                .addValues(MaskedOriginal.newBuilder().setRow(-1).setField("error"))
                .addValues(MaskedOriginal.newBuilder().setRow(3).setColumn(1))
                .build();
        await(session.record(1, Delivered.newBuilder().setMaskedValues(3), originals));
        recorder.close();

        assertThat(chain(recovered(spool), session.sessionId())
                        .get(1)
                        .getDelivered()
                        .getMaskedCellsList())
                .containsExactly(0, 2, 3, 0, 0, 1);
    }

    @Test
    void headsAreSignedWhereTheContractSaysSo() throws Exception {
        RecordingConfig beating = beating(config(spool));
        SpoolRecorder recorder = started(beating, sinks);
        eventually(() -> sinks.sent().stream().anyMatch(one -> one.event().hasHeartbeat()));
        recorder.open(facts());
        recorder.close();

        String[] line = Files.readString(TestingRecording.KEYS.signingPublicKey())
                .strip()
                .split(" ", -1);
        byte[] key = Base64.getDecoder().decode(line[2]);
        assertThat(line[0]).isEqualTo("chaperone-ed25519");
        assertThat(line[1]).isEqualTo(AuditChain.keyId(key));
        int signed = 0;
        for (TestingRecordSinks.Sent one : recovered(spool)) {
            AuditEvent event = one.event();
            boolean expected = event.hasSessionOpened() || event.hasHeartbeat() || event.hasSessionClosed();
            assertThat(one.record().getHeadSignature().isEmpty()).isNotEqualTo(expected);
            if (expected) {
                signed++;
                assertThat(one.record().getKeyId()).isEqualTo(line[1]);
                byte[] message = AuditChain.headMessage(
                        event.getSessionId(),
                        event.getSequence(),
                        AuditChain.hash(one.record().getEvent().toByteArray()));
                Ed25519Signer verifier = new Ed25519Signer();
                verifier.init(false, new Ed25519PublicKeyParameters(key));
                verifier.update(message, 0, message.length);
                assertThat(verifier.verifySignature(
                                one.record().getHeadSignature().toByteArray()))
                        .isTrue();
            }
        }
        assertThat(signed).isGreaterThanOrEqualTo(5);
    }

    @Test
    void aControlSessionNamesTheOneBeforeAndHowItEnded() throws Exception {
        started(config(spool), sinks).close();
        String first = controlSession(recovered(spool));
        SpoolRecorder crashed = started(config(spool), sinks);
        String second = controlSession(recovered(copyOf(spool)));
        Path left = copyOf(spool);
        crashed.close();
        SpoolRecorder third = started(config(left), sinks);
        third.close();

        List<TestingRecordSinks.Sent> records = recovered(left);
        assertThat(chain(records, first).get(0).getSessionOpened().getPreviousControlSession())
                .isEmpty();
        SessionOpened secondOpened = chain(records, second).get(0).getSessionOpened();
        assertThat(secondOpened.getPreviousControlSession()).isEqualTo(first);
        assertThat(secondOpened.getPreviousUnclean()).isFalse();
        SessionOpened thirdOpened =
                chain(records, controlSession(records)).get(0).getSessionOpened();
        assertThat(thirdOpened.getPreviousControlSession()).isEqualTo(second);
        assertThat(thirdOpened.getPreviousUnclean()).isTrue();
    }

    @Test
    void aControlSessionThatNeverReachedTheDiskIsNotNamed() throws Exception {
        started(config(spool), sinks).close();
        String first = controlSession(recovered(spool));
        Aead key = RecordingKeys.load(config(spool)).spool();
        ControlState.read(spool, key)
                .successor("11111111-1111-1111-1111-111111111111", false)
                .write(spool, key);
        started(config(spool), sinks).close();
        List<TestingRecordSinks.Sent> records = recovered(spool);
        SessionOpened opened = chain(records, controlSession(records)).get(0).getSessionOpened();
        assertThat(opened.getPreviousControlSession()).isEqualTo(first);
        assertThat(opened.getPreviousUnclean()).isFalse();
    }

    @Test
    void nothingIsRecordedAfterTheSessionOrTheRecorderIsClosed() {
        SpoolRecorder recorder = started(config(spool), sinks);
        recorder.check();
        SessionRecorder session = recorder.open(facts());
        CompletableFuture<Void> closed = session.close(CLIENT);
        await(closed);
        assertThat(session.close(CLIENT)).isSameAs(closed);
        awaitRefused(session.record(delivered(1)));
        SessionRecorder open = recorder.open(facts());
        recorder.close();
        recorder.close();
        awaitRefused(open.record(delivered(1)));
        assertThatThrownBy(() -> recorder.open(facts()))
                .isInstanceOfSatisfying(
                        EnforcementException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.RECORDING_UNAVAILABLE));
        assertThatThrownBy(recorder::check).isInstanceOf(EnforcementException.class);
        assertThatThrownBy(recorder::start).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void anEventThatIsTooLargeIsRefusedAndEndsTheSessionInOrder() throws Exception {
        SpoolRecorder recorder = started(config(spool), sinks);
        SessionRecorder session = recorder.open(facts());
        await(session.record(delivered(Recorder.MAX_EVENT - 1024)));
        awaitRefused(session.record(delivered(Recorder.MAX_EVENT)));
        awaitRefused(session.record(delivered(1)));
        await(session.close(CLIENT));
        recorder.close();
        assertThat(chain(recovered(spool), session.sessionId())).hasSize(3);
    }

    @Test
    void onlySessionEventsCanBeRecorded() {
        SpoolRecorder recorder = started(config(spool), sinks);
        SessionRecorder session = recorder.open(facts());
        assertThatThrownBy(() -> session.record(AuditEvent.newBuilder().setHeartbeat(Heartbeat.newBuilder())))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("HEARTBEAT");
        recorder.close();
    }

    @Test
    void aSpoolDirectoryBelongsToOneRecorder() {
        SpoolRecorder recorder = started(config(spool), sinks);
        assertThatThrownBy(() -> started(config(spool), sinks))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("in use");
        recorder.close();
        started(config(spool), sinks).close();
    }

    @Test
    void theSpoolHoldsNothingInTheClear() throws Exception {
        SpoolRecorder recorder = started(config(spool), sinks);
        SessionRecorder session = recorder.open(facts().setUpstream("marker-in-the-clear"));
        recorder.close();
        try (var files = Files.list(spool)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".spool")).toList()) {
                String bytes = Files.readString(file, StandardCharsets.ISO_8859_1);
                assertThat(bytes).doesNotContain("marker-in-the-clear").doesNotContain(session.sessionId());
                assertThat(Files.getPosixFilePermissions(file)).hasSize(2);
            }
        }
    }

    private static RecordingConfig beating(RecordingConfig config) {
        return new RecordingConfig(
                config.spoolDirectory(),
                config.segmentSize(),
                config.maxSpool(),
                new ByteSize(Recorder.MAX_EVENT),
                config.durability(),
                Duration.ofMillis(20),
                config.auditorPublicKey(),
                config.signingKey(),
                config.spoolKey(),
                config.kafka());
    }

    private static List<String> announced(List<AuditEvent> control) {
        return control.stream()
                .filter(AuditEvent::hasSessionStarted)
                .map(event -> event.getSessionStarted().getSessionId())
                .collect(Collectors.toList());
    }

    private static byte[] lastHash(List<TestingRecordSinks.Sent> records, String session) {
        return AuditChain.hash(records.stream()
                .filter(one -> one.key().equals(session))
                .reduce((first, second) -> second)
                .orElseThrow()
                .record()
                .getEvent()
                .toByteArray());
    }

    private Path copyOf(Path directory) throws Exception {
        Path copy = Files.createTempDirectory(directory.getParent(), "copy");
        try (var files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Files.copy(file, copy.resolve(file.getFileName()));
            }
        }
        return copy;
    }
}
