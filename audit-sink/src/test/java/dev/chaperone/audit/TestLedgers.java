package dev.chaperone.audit;

import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.AuditRecord;
import dev.chaperone.decision.v1.Effect;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Ledgers to test with. */
final class TestLedgers {

    static final TestSigner SIGNER = new TestSigner(1);

    private TestLedgers() {}

    /** Two processes that ended in order, with three client sessions. */
    static List<AuditRecord> clean() {
        List<AuditRecord> out = new ArrayList<>();
        TestSession first = TestSession.control("c1", "", false, SIGNER, out);
        TestSession ann = TestSession.client("s1", first, SIGNER, out);
        ann.authenticated("dr-grey", "triage-bot");
        TestSession bob = TestSession.client("s2", first, SIGNER, out);
        ann.statement(1, "SELECT name, ssn FROM patients", Effect.EFFECT_PERMIT, patients(), 2);
        bob.authenticated("dr-house", "audit-bot");
        bob.statement(1, "DROP TABLE patients", Effect.EFFECT_DENY, new byte[0], 0);
        first.heartbeat();
        ann.statement(2, "SELECT 1", Effect.EFFECT_PERMIT, new byte[0], 0);
        bob.close(first);
        ann.close(first);
        first.close();
        TestSession second = TestSession.control("c2", first.id, false, SIGNER, out);
        TestSession eve = TestSession.client("s3", second, SIGNER, out);
        eve.authenticated("dr-grey", "other-bot");
        eve.close(second);
        second.close();
        return out;
    }

    /** A process with one session, which has a statement repeated. */
    static List<AuditRecord> repeating(long decided) {
        List<AuditRecord> out = new ArrayList<>();
        TestSession control = TestSession.control("c1", "", false, SIGNER, out);
        TestSession ann = TestSession.client("s1", control, SIGNER, out);
        ann.authenticated("dr-grey", "triage-bot");
        ann.statement(1, "SELECT name, ssn FROM patients", Effect.EFFECT_PERMIT, patients(), 2);
        ann.repeated(2, decided, "", patients(), 2);
        ann.repeated(3, decided, "select name, ssn from patients -- again", patients(), 2);
        ann.close(control);
        control.close();
        return out;
    }

    static List<AuditRecord> write(Path ledger, List<AuditRecord> records) {
        try (PartitionLog log = PartitionLog.open(ledger, 0, 2048)) {
            long offset = 0;
            for (AuditRecord record : records) {
                log.append(offset++, record.toByteArray());
            }
            log.force();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return records;
    }

    static AuditEvent event(AuditRecord record) {
        try {
            return AuditEvent.parseFrom(record.getEvent());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Two rows as PostgreSQL sends them: a text column, a masked text column, a binary int4. */
    static byte[] patients() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            message(out, 'T', body -> {
                body.writeShort(3);
                column(body, "name", 25, 0);
                column(body, "ssn", 25, 0);
                column(body, "age", 23, 1);
            });
            row(out, "Ada", "***-**-1234", 36);
            row(out, "Bob", null, 41);
            message(out, 'C', body -> text(body, "SELECT 2"));
            message(out, 'Z', body -> body.writeByte('I'));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private static void row(DataOutputStream out, String name, @Nullable String ssn, int age) throws IOException {
        message(out, 'D', body -> {
            body.writeShort(3);
            cell(body, name.getBytes(StandardCharsets.UTF_8));
            if (ssn == null) {
                body.writeInt(-1);
            } else {
                cell(body, ssn.getBytes(StandardCharsets.UTF_8));
            }
            body.writeInt(4);
            body.writeInt(age);
        });
    }

    private static void cell(DataOutputStream body, byte[] value) throws IOException {
        body.writeInt(value.length);
        body.write(value);
    }

    private static void column(DataOutputStream body, String name, int type, int format) throws IOException {
        text(body, name);
        body.writeInt(0);
        body.writeShort(0);
        body.writeInt(type);
        body.writeShort(-1);
        body.writeInt(-1);
        body.writeShort(format);
    }

    private static void text(DataOutputStream body, String text) throws IOException {
        body.write(text.getBytes(StandardCharsets.UTF_8));
        body.writeByte(0);
    }

    /** Writes a message's body. */
    interface Body {
        void write(DataOutputStream out) throws IOException;
    }

    static void message(DataOutputStream out, char tag, Body body) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        body.write(new DataOutputStream(bytes));
        out.writeByte(tag);
        out.writeInt(bytes.size() + 4);
        bytes.writeTo(out);
    }
}
