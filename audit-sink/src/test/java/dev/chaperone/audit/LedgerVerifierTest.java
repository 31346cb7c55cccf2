package dev.chaperone.audit;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.AuditRecord;
import dev.chaperone.audit.v1.OperationDecided;
import dev.chaperone.decision.v1.Effect;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whoever owns the disk owns the checksums: unless said otherwise, ledgers are rewritten with good ones. */
final class LedgerVerifierTest {

    private static final String FIRST = TestSession.id("s1");

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path temp;

    private int ledgers;

    @Test
    void cleanLedgerIsWhole() throws IOException {
        VerificationReport report = verify(TestLedgers.clean());
        assertThat(report.integrity().failures()).isEmpty();
        assertThat(report.completeness().failures()).isEmpty();
        assertThat(report.ok()).isTrue();
        assertThat(report.sessions()).isEqualTo(3);
        assertThat(report.controlSessions()).isEqualTo(2);
        assertThat(report.openProcesses()).isEmpty();
        assertThat(report.records()).isEqualTo(TestLedgers.clean().size());
        assertThat(report.text()).contains("integrity     OK").contains("completeness  OK");
    }

    @Test
    void repeatedOperationsAreWhole() throws IOException {
        assertThat(verify(TestLedgers.repeating(2)).ok()).isTrue();
    }

    @Test
    void whatIsRepeatedMustHaveBeenPermittedBefore() throws IOException {
        assertIntegrityFails(verify(TestLedgers.repeating(3)), "repeats the decision of sequence 3");
        assertIntegrityFails(verify(TestLedgers.repeating(6)), "repeats the decision of sequence 6");
        assertIntegrityFails(verify(TestLedgers.repeating(-1)), "repeats the decision of sequence -1");
    }

    @Test
    void editedEventBreaksItsChain() throws IOException {
        List<AuditRecord> records = TestLedgers.clean();
        int at = find(records, event -> event.hasOperationDecided());
        records.set(
                at,
                edit(
                        records.get(at),
                        event -> event.setOperationDecided(OperationDecided.newBuilder()
                                .setOperation(ByteString.copyFromUtf8("SELECT 'innocent'")))));
        assertIntegrityFails(verify(records), "the predecessor in the ledger hashes to");
    }

    @Test
    void editedSignedHeadIsNoticed() throws IOException {
        List<AuditRecord> records = TestLedgers.clean();
        int last = records.size() - 1;
        records.set(
                last,
                edit(records.get(last), event -> event.getSessionClosedBuilder().setCause("shutdown")));
        assertIntegrityFails(verify(records), "the head signature does not match");
    }

    @Test
    void backdatedEventIsNoticed() throws IOException {
        List<AuditRecord> records = TestLedgers.clean();
        int at = find(records, event -> event.hasDelivered());
        records.set(at, edit(records.get(at), event -> event.getTimeBuilder().setSeconds(1_600_000_000L)));
        VerificationReport report = verify(records);
        assertIntegrityFails(report, "the predecessor in the ledger hashes to");
        assertThat(report.integrity().notes()).anyMatch(note -> note.message().contains("dated before"));
    }

    @Test
    void deletedRecordLeavesAGap() throws IOException {
        List<AuditRecord> records = TestLedgers.clean();
        records.remove(find(records, event -> event.hasDelivered()));
        Finding first = assertIntegrityFails(verify(records), "1 events are missing before this one");
        assertThat(first.session()).isEqualTo(FIRST);
        assertThat(first.file()).startsWith("partition-0/");
    }

    @Test
    void everySingleDeletionButTheLastIsNoticed() throws IOException {
        List<AuditRecord> clean = TestLedgers.clean();
        for (int i = 0; i < clean.size() - 1; i++) {
            List<AuditRecord> records = new ArrayList<>(clean);
            records.remove(i);
            assertThat(verify(records).ok()).as("without record %d", i).isFalse();
        }
    }

    @Test
    void reorderedRecordsAreNoticed() throws IOException {
        List<AuditRecord> records = TestLedgers.clean();
        int at = find(records, event -> event.hasDelivered());
        records.add(at + 1, records.remove(at));
        VerificationReport report = verify(records);
        assertIntegrityFails(report, "1 events are missing before this one");
        assertThat(report.integrity().failures())
                .anyMatch(finding -> finding.message().contains("behind later events"));
    }

    @Test
    void identicalRepetitionIsHarmlessAndCounted() throws IOException {
        List<AuditRecord> records = TestLedgers.clean();
        records.add(10, records.get(3));
        VerificationReport report = verify(records);
        assertThat(report.ok()).isTrue();
        assertThat(report.repeated()).isEqualTo(1);
    }

    @Test
    void copiedFrameIsNoticed() throws IOException {
        Path ledger = ledger(TestLedgers.clean());
        Path segment = segment(ledger);
        byte[] bytes = Files.readAllBytes(segment);
        byte[] doubled = new byte[bytes.length * 2 - LedgerFormat.HEADER_BYTES];
        System.arraycopy(bytes, 0, doubled, 0, bytes.length);
        System.arraycopy(
                bytes, LedgerFormat.HEADER_BYTES, doubled, bytes.length, bytes.length - LedgerFormat.HEADER_BYTES);
        Files.write(segment, doubled);
        assertIntegrityFails(verify(ledger), "offsets of a partition only grow");
    }

    @Test
    void forkIsNoticed() throws IOException {
        List<AuditRecord> records = TestLedgers.clean();
        int at = find(records, event -> event.hasDelivered());
        records.add(
                at + 2,
                edit(records.get(at), event -> event.getDeliveredBuilder().setRows(99)));
        assertIntegrityFails(verify(records), "two histories");
    }

    @Test
    void splicedEventIsNoticed() throws IOException {
        List<AuditRecord> records = TestLedgers.clean();
        int foreign = find(
                records,
                event -> event.hasOperationDecided() && event.getSessionId().equals(TestSession.id("s2")));
        int at = find(records, event -> event.hasOperationDecided());
        AuditEvent victim = TestLedgers.event(records.get(at));
        records.set(
                at,
                edit(
                        records.get(foreign),
                        event -> event.setSessionId(victim.getSessionId())
                                .setSequence(victim.getSequence())
                                .setPreviousHash(victim.getPreviousHash())));
        assertIntegrityFails(verify(records), "the predecessor in the ledger hashes to");
    }

    @Test
    void swappedPayloadsAreNoticed() throws IOException {
        List<AuditRecord> records = TestLedgers.clean();
        int first = find(records, event -> event.hasDelivered());
        int second = find(records.subList(first + 1, records.size()), event -> event.hasDelivered()) + first + 1;
        AuditEvent one = TestLedgers.event(records.get(first));
        AuditEvent two = TestLedgers.event(records.get(second));
        records.set(first, edit(records.get(first), event -> event.setDelivered(two.getDelivered())));
        records.set(second, edit(records.get(second), event -> event.setDelivered(one.getDelivered())));
        assertIntegrityFails(verify(records), "the predecessor in the ledger hashes to");
    }

    @Test
    void missingSessionIsIncomplete() throws IOException {
        List<AuditRecord> records = TestLedgers.clean();
        records.removeIf(record -> TestLedgers.event(record).getSessionId().equals(FIRST));
        VerificationReport report = verify(records);
        assertThat(report.integrity().ok()).isTrue();
        assertThat(report.completeness().first())
                .isEqualTo(Finding.of(
                        FIRST, "the session is missing; control session `" + TestSession.id("c1") + "` lists it"));
    }

    @Test
    void missingProcessIsIncomplete() throws IOException {
        List<AuditRecord> records = TestLedgers.clean();
        List<String> gone = List.of(TestSession.id("c1"), FIRST, TestSession.id("s2"));
        records.removeIf(record -> gone.contains(TestLedgers.event(record).getSessionId()));
        VerificationReport report = verify(records);
        assertThat(report.integrity().ok()).isTrue();
        assertThat(report.completeness().failures())
                .anyMatch(finding -> finding.message().contains("the control session before it, which is missing"));
    }

    @Test
    void cutTailOfASessionIsIncomplete() throws IOException {
        List<AuditRecord> records = TestLedgers.clean();
        int last = find(
                records,
                event -> event.hasSessionClosed() && event.getSessionId().equals(FIRST));
        records.remove(last);
        VerificationReport report = verify(records);
        assertThat(report.completeness().failures())
                .anyMatch(finding ->
                        finding.session().equals(FIRST) && finding.message().contains("lists it up to"));
    }

    @Test
    void rewrittenSessionOfAThiefOfTheKeyContradictsItsControlSession() throws IOException {
        List<AuditRecord> records = TestLedgers.clean();
        int at = find(
                records,
                event -> event.hasSessionClosed() && event.getSessionId().equals(FIRST));
        AuditEvent event = TestLedgers.event(records.get(at)).toBuilder()
                .setTime(
                        TestLedgers.event(records.get(at)).getTime().toBuilder().setNanos(5))
                .build();
        records.set(at, TestLedgers.SIGNER.sign(event));
        VerificationReport report = verify(records);
        assertThat(report.integrity().ok()).isTrue();
        assertThat(report.completeness().failures())
                .anyMatch(finding -> finding.message().contains("not the one whose hash"));
    }

    @Test
    void anotherKeyIsNotTrusted() throws IOException {
        TestSigner thief = new TestSigner(2);
        List<AuditRecord> records = TestLedgers.clean();
        records.replaceAll(
                record -> record.getHeadSignature().isEmpty() ? record : thief.sign(TestLedgers.event(record)));
        assertIntegrityFails(verify(records), "signed by key `" + thief.keyId() + "`, which is not trusted");
    }

    @Test
    void strippedSignatureIsNoticed() throws IOException {
        List<AuditRecord> records = TestLedgers.clean();
        records.set(
                0, AuditRecord.newBuilder().setEvent(records.get(0).getEvent()).build());
        assertIntegrityFails(verify(records), "must be signed");
    }

    @Test
    void cleanCrashIsExplainedByTheNextProcess() throws IOException {
        List<AuditRecord> records = new ArrayList<>();
        TestSession crashed = TestSession.control("c1", "", false, TestLedgers.SIGNER, records);
        TestSession.client("s1", crashed, TestLedgers.SIGNER, records).authenticated("a", "b");
        TestSession next = TestSession.control("c2", crashed.id, true, TestLedgers.SIGNER, records);
        next.close();
        VerificationReport report = verify(records);
        assertThat(report.ok()).isTrue();
        assertThat(report.completeness().notes())
                .anyMatch(note -> note.message().contains("ended with its process, uncleanly"));
    }

    @Test
    void onlyASessionBehindTheLastSignatureMayVanishWithItsProcess() throws IOException {
        List<AuditRecord> records = new ArrayList<>();
        TestSession crashed = TestSession.control("c1", "", false, TestLedgers.SIGNER, records);
        TestSession signed = TestSession.client("s1", crashed, TestLedgers.SIGNER, records);
        crashed.heartbeat();
        TestSession unsigned = TestSession.client("s2", crashed, TestLedgers.SIGNER, records);
        TestSession.control("c2", crashed.id, true, TestLedgers.SIGNER, records).close();
        records.removeIf(record -> {
            String session = TestLedgers.event(record).getSessionId();
            return session.equals(signed.id) || session.equals(unsigned.id);
        });
        VerificationReport report = verify(records);
        assertThat(report.completeness().failures())
                .extracting(Finding::session)
                .containsExactly(signed.id);
        assertThat(report.completeness().notes())
                .anyMatch(note -> note.session().equals(unsigned.id));
    }

    @Test
    void cutEndOfAProcessContradictsTheNext() throws IOException {
        List<AuditRecord> records = new ArrayList<>();
        TestSession cut = TestSession.control("c1", "", false, TestLedgers.SIGNER, records);
        TestSession.control("c2", cut.id, false, TestLedgers.SIGNER, records).close();
        Finding first = verify(records).completeness().first();
        assertThat(first).isNotNull();
        assertThat(first.message()).contains("its end is cut off");
    }

    @Test
    void runningProcessIsCompleteUpToItsLastSignOfLife() throws IOException {
        List<AuditRecord> records = new ArrayList<>();
        TestSession running = TestSession.control("c1", "", false, TestLedgers.SIGNER, records);
        TestSession session = TestSession.client("s1", running, TestLedgers.SIGNER, records);
        session.statement(1, "SELECT 1", Effect.EFFECT_PERMIT, new byte[0], 0);
        running.heartbeat();
        AuditEvent heartbeat = TestLedgers.event(records.get(records.size() - 1));
        TestSession late = TestSession.client("s2", running, TestLedgers.SIGNER, records);
        records.removeIf(record -> TestLedgers.event(record).getSessionId().equals(late.id));
        VerificationReport report = verify(records);
        assertThat(report.completeness().failures()).isEmpty();
        assertThat(report.completeUpTo())
                .hasToString(
                        Instant.ofEpochSecond(heartbeat.getTime().getSeconds()).toString());
        assertThat(report.completeness().notes())
                .anyMatch(
                        note -> note.session().equals(late.id) && note.message().contains("on its way"));
    }

    @Test
    void everyFlippedBitOfAFileIsNoticed() throws IOException {
        Random random = new Random(42);
        for (int i = 0; i < 200; i++) {
            Path ledger = ledger(TestLedgers.clean());
            List<Ledger.Segment> segments = Ledger.segments(LedgerFormat.partitionDirectory(ledger, 0), 0);
            Path segment = segments.get(random.nextInt(segments.size())).file();
            byte[] bytes = Files.readAllBytes(segment);
            int at = random.nextInt(bytes.length);
            bytes[at] ^= (byte) (1 << random.nextInt(8));
            Files.write(segment, bytes);
            VerificationReport report = verify(ledger);
            assertThat(report.integrity().ok()).as("%s byte %d", segment, at).isFalse();
        }
    }

    @Test
    void truncatedFileIsNoticed() throws IOException {
        Path ledger = ledger(TestLedgers.clean());
        Path segment = segment(ledger);
        byte[] bytes = Files.readAllBytes(segment);
        Files.write(segment, Arrays.copyOf(bytes, bytes.length - 5));
        assertIntegrityFails(verify(ledger), "the file ends within a record");
    }

    private Finding assertIntegrityFails(VerificationReport report, String message) {
        Finding first = report.integrity().first();
        assertThat(first).isNotNull();
        assertThat(report.integrity().ok()).isFalse();
        assertThat(report.integrity().failures())
                .anyMatch(finding -> finding.message().contains(message));
        return first;
    }

    private Path ledger(List<AuditRecord> records) {
        Path ledger = temp.resolve("ledger-" + ledgers++);
        TestLedgers.write(ledger, records);
        return ledger;
    }

    private VerificationReport verify(List<AuditRecord> records) throws IOException {
        return verify(ledger(records));
    }

    private VerificationReport verify(Path ledger) throws IOException {
        return LedgerVerifier.verify(ledger, TestLedgers.SIGNER.trusted(temp));
    }

    private static Path segment(Path ledger) {
        List<Ledger.Segment> segments = Ledger.segments(LedgerFormat.partitionDirectory(ledger, 0), 0);
        return segments.get(segments.size() - 1).file();
    }

    private static int find(List<AuditRecord> records, Predicate<AuditEvent> wanted) {
        for (int i = 0; i < records.size(); i++) {
            if (wanted.test(TestLedgers.event(records.get(i)))) {
                return i;
            }
        }
        throw new AssertionError("no such record");
    }

    /** Changes an event and keeps the rest of its record. */
    private static AuditRecord edit(AuditRecord record, Consumer<AuditEvent.Builder> change) {
        AuditEvent.Builder event = TestLedgers.event(record).toBuilder();
        change.accept(event);
        return record.toBuilder().setEvent(event.build().toByteString()).build();
    }
}
