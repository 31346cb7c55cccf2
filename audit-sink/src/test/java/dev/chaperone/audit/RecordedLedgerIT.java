package dev.chaperone.audit;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.Authenticated;
import dev.chaperone.audit.v1.Delivered;
import dev.chaperone.audit.v1.MaskedOriginal;
import dev.chaperone.audit.v1.MaskedOriginals;
import dev.chaperone.audit.v1.OperationDecided;
import dev.chaperone.audit.v1.SessionClosed;
import dev.chaperone.audit.v1.SessionOpened;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.decision.v1.Principal;
import dev.chaperone.enforcer.RecordingConfig;
import dev.chaperone.enforcer.RecordingKeys;
import dev.chaperone.enforcer.SessionRecorder;
import dev.chaperone.enforcer.SpoolRecorder;
import dev.chaperone.proto.ByteSize;
import dev.chaperone.testkit.Backends;
import dev.chaperone.testkit.KafkaBackend;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The enforcer's own recorder, real Kafka, the sink, the verifier: what one writes the others can prove. */
final class RecordedLedgerIT {

    private static final String TOPIC = "chaperone.audit";

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path temp;

    @Test
    void whatEnforcersRecordIsProvenAndReplayed() throws Exception {
        RecordingKeys.KeyFiles keys = RecordingKeys.generate(temp.resolve("keys"));
        TrustedKeys trusted = TrustedKeys.read(List.of(keys.signingPublicKey()));
        Path ledger = temp.resolve("ledger");
        try (KafkaBackend kafka = Backends.kafka();
                AuditSink sink = new AuditSink(
                        SinkConfig.of(kafka.bootstrapServers(), TOPIC, ledger), new SimpleMeterRegistry())) {
            sink.start();
            String first;
            try (SpoolRecorder recorder = recorder(kafka, keys)) {
                first = session(recorder);
                kafka.stop();
                session(recorder);
                kafka.start();
            }
            String open;
            try (SpoolRecorder recorder = recorder(kafka, keys)) {
                session(recorder);
                open = recorder.open(facts()).sessionId();
                await(ledger, trusted, 4);
                VerificationReport live = LedgerVerifier.verify(ledger, trusted);
                assertThat(live.ok()).as(live.text()).isTrue();
                assertThat(live.openProcesses()).hasSize(1);
            }
            await(ledger, trusted, 4, 0);
            VerificationReport report = LedgerVerifier.verify(ledger, trusted);
            assertThat(report.ok()).as(report.text()).isTrue();
            assertThat(report.controlSessions()).isEqualTo(2);
            assertThat(report.completeness().notes()).isEmpty();

            Replay replay = SessionReplay.of(ledger, first, 10);
            assertThat(replay.summary().maskedValues()).isEqualTo(2);
            assertThat(ReplayText.of(replay)).contains("***-**-1234").doesNotContain("123-45-1234");
            assertThat(SessionReplay.of(ledger, open, 10).summary().end()).isEqualTo("shutdown");
        }
    }

    private SpoolRecorder recorder(KafkaBackend kafka, RecordingKeys.KeyFiles keys) {
        SpoolRecorder recorder = new SpoolRecorder(
                new RecordingConfig(
                        temp.resolve("spool"),
                        new ByteSize(1 << 20),
                        new ByteSize(16 << 20),
                        new ByteSize(16 << 20),
                        RecordingConfig.Durability.SPOOL,
                        Duration.ofMillis(200),
                        keys.auditorPublicKey(),
                        keys.signingKey(),
                        keys.spoolKey(),
                        new RecordingConfig.Kafka(
                                kafka.bootstrapServers(), TOPIC, 3, 1, Duration.ofSeconds(5), Map.of())),
                "pg-1",
                new SimpleMeterRegistry());
        recorder.start();
        return recorder;
    }

    private static SessionOpened.Builder facts() {
        return SessionOpened.newBuilder()
                .setProtocol("postgres")
                .setUpstream("clinic")
                .setClientAddress("127.0.0.1:5000");
    }

    private static String session(SpoolRecorder recorder) throws Exception {
        SessionRecorder session = recorder.open(facts());
        session.record(AuditEvent.newBuilder()
                        .setAuthenticated(Authenticated.newBuilder()
                                .setPrincipal(Principal.newBuilder().setSubject("dr-grey"))))
                .get(30, TimeUnit.SECONDS);
        session.record(AuditEvent.newBuilder()
                        .setRequestNumber(1)
                        .setOperationDecided(OperationDecided.newBuilder()
                                .setOperation(ByteString.copyFromUtf8("SELECT name, ssn, age FROM patients"))
                                .setEnforced(Effect.EFFECT_PERMIT)))
                .get(30, TimeUnit.SECONDS);
        session.record(
                        1,
                        Delivered.newBuilder()
                                .setMediaType("application/vnd.postgresql.v3")
                                .setPayload(ByteString.copyFrom(TestLedgers.patients()))
                                .setRows(2)
                                .setMaskedValues(2),
                        MaskedOriginals.newBuilder()
                                .addValues(MaskedOriginal.newBuilder()
                                        .setColumn(1)
                                        .setValue(ByteString.copyFromUtf8("123-45-1234")))
                                .build())
                .get(30, TimeUnit.SECONDS);
        session.close(SessionClosed.newBuilder()
                        .setCause("client")
                        .setRequests(1)
                        .build())
                .get(30, TimeUnit.SECONDS);
        return session.sessionId();
    }

    private static void await(Path ledger, TrustedKeys trusted, long sessions) throws InterruptedException {
        await(ledger, trusted, sessions, 1);
    }

    /** Waits until the ledger holds so many sessions, and so many processes without an end. */
    private static void await(Path ledger, TrustedKeys trusted, long sessions, int open) throws InterruptedException {
        long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (true) {
            VerificationReport report = LedgerVerifier.verify(ledger, trusted);
            if (report.sessions() == sessions
                    && report.openProcesses().size() == open
                    && report.integrity().ok()
                    && report.completeness().ok()) {
                return;
            }
            assertThat(System.nanoTime() - deadline).as(report.text()).isNegative();
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }
}
