package dev.chaperone.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.chaperone.audit.v1.EvidenceAccess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the record of accesses shows of those who alter it. */
final class AccessesTest {

    private static final Clock NOON = Clock.fixed(Instant.parse("2026-01-01T12:00:00Z"), ZoneOffset.UTC);

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path ledger;

    @Test
    void whatWasAskedIsListedInOrderAndHoldsTogether() throws Exception {
        record("s1", "s2", "s3");

        List<EvidenceAccess> accesses = new ArrayList<>();
        Accesses.Report report = Accesses.read(ledger, accesses::add);

        assertThat(report).isEqualTo(new Accesses.Report(3, 0, List.of()));
        assertThat(accesses).extracting(EvidenceAccess::getSessionId).containsExactly("s1", "s2", "s3");
        assertThat(Accesses.text(accesses.get(0)))
                .isEqualTo(
                        "2026-01-01T12:00:00Z  eve of https://id.example: replay of session s1, for study\\n, through CN=console");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file())))
                .isEqualTo("rw-------");
    }

    @Test
    void aLineThatIsTakenOutOrAlteredShows() throws Exception {
        record("s1", "s2", "s3");
        List<String> lines = Files.readAllLines(file());

        Files.write(file(), List.of(lines.get(0), lines.get(2)));
        assertThat(Accesses.read(ledger, access -> {}).problems())
                .singleElement()
                .asString()
                .contains("line 2");

        Files.write(file(), List.of(lines.get(0).replace("eve", "bob"), lines.get(1), lines.get(2)));
        assertThat(Accesses.read(ledger, access -> {}).problems())
                .singleElement()
                .asString()
                .contains("line 2");

        Files.write(file(), lines.subList(1, 3));
        assertThat(Accesses.read(ledger, access -> {}).problems())
                .singleElement()
                .asString()
                .contains("line 1");
    }

    @Test
    void aLineThatACrashHasCutOffIsNoSignOfAnything() throws Exception {
        record("s1");
        Files.writeString(file(), "{\"at\":\"2026", StandardOpenOption.APPEND);
        record("s2");

        assertThat(Accesses.read(ledger, access -> {})).isEqualTo(new Accesses.Report(2, 1, List.of()));
    }

    @Test
    void oneSinkAloneWritesIt() throws Exception {
        try (AccessLog first = AccessLog.open(ledger, NOON)) {
            assertThat(first).isNotNull();
            assertThatIOException()
                    .isThrownBy(() -> AccessLog.open(ledger, NOON))
                    .withMessageContaining("another sink");
        }
    }

    @Test
    void whereNobodyAskedThereIsNothingToRead() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Accesses.read(ledger, access -> {}))
                .withMessageContaining("nobody has asked");
    }

    private Path file() {
        return ledger.resolve(AccessLog.FILE);
    }

    private void record(String... sessions) throws IOException {
        try (AccessLog log = AccessLog.open(ledger, NOON)) {
            for (String session : sessions) {
                log.record(EvidenceAccess.newBuilder()
                        .setClient("CN=console")
                        .setIssuer("https://id.example")
                        .setSubject("eve")
                        .setQuestion("replay")
                        .setPurpose("study\n")
                        .setSessionId(session)
                        .build());
            }
        }
    }
}
