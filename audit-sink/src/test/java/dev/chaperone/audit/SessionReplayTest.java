package dev.chaperone.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.chaperone.decision.v1.Effect;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SessionReplayTest {

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path ledger;

    @BeforeEach
    void write() {
        TestLedgers.write(ledger, TestLedgers.clean());
    }

    @Test
    void findsSessionsByWhatHappenedInThem() {
        SessionSearch search = new SessionSearch(ledger);
        assertThat(search.find(SessionQuery.all())).hasSize(3);
        assertThat(ids(search.find(SessionQuery.all().withSubject("dr-grey"))))
                .containsExactly(TestSession.id("s3"), TestSession.id("s1"));
        assertThat(ids(search.find(SessionQuery.all().withSubject("dr-grey").withAgent("triage-bot"))))
                .containsExactly(TestSession.id("s1"));
        assertThat(ids(search.find(SessionQuery.all().withText("drop table")))).containsExactly(TestSession.id("s2"));
        assertThat(ids(search.find(SessionQuery.all().withEffect(Effect.EFFECT_DENY))))
                .containsExactly(TestSession.id("s2"));
        assertThat(search.find(SessionQuery.all().between(null, Instant.EPOCH))).isEmpty();
        assertThat(search.find(SessionQuery.all().between(Instant.parse("2100-01-01T00:00:00Z"), null)))
                .isEmpty();
    }

    @Test
    void sumsASessionUp() {
        SessionSummary summary = new SessionSearch(ledger)
                .find(SessionQuery.all().withAgent("triage-bot"))
                .get(0);
        assertThat(summary.statements()).isEqualTo(2);
        assertThat(summary.rows()).isEqualTo(2);
        assertThat(summary.effects()).isEqualTo(Map.of(Effect.EFFECT_PERMIT, 2L));
        assertThat(summary.detected()).isEqualTo(Map.of("ssn", 4L, "phone", 2L));
        assertThat(summary.end()).isEqualTo("client");
        assertThat(summary.upstream()).isEqualTo("clinic");
    }

    @Test
    void replaysWhatTheAgentSaw() {
        Replay replay = SessionReplay.of(ledger, TestSession.id("s1"), 100);
        ReplayStep.Asked asked = step(replay, ReplayStep.Asked.class);
        assertThat(asked.operation()).isEqualTo("SELECT name, ssn FROM patients");
        assertThat(asked.parameters()).containsExactly("7", null);
        assertThat(asked.effect()).isEqualTo("permit");
        assertThat(asked.masks()).isEqualTo(Map.of("clinic.public.patients.ssn", "last4"));
        assertThat(asked.detectors()).isEqualTo(Map.of("phone", "mask", "ssn", "mask"));
        assertThat(step(replay, ReplayStep.Saw.class).detected()).isEqualTo(Map.of("ssn", 2L, "phone", 1L));
        TableView table = step(replay, ReplayStep.Saw.class).table();
        assertThat(table).isNotNull();
        assertThat(table.columns()).containsExactly("name", "ssn", "age");
        assertThat(table.rows()).containsExactly(List.of("Ada", "***-**-1234", "36"), Arrays.asList("Bob", null, "41"));
        assertThat(replay.truncated()).isFalse();
        assertThat(ReplayText.of(replay))
                .contains("dr-grey through agent triage-bot on clinic")
                .contains("Ada  | ***-**-1234 | 36")
                .contains("Bob  | NULL        | 41")
                .contains("2 values masked, found 2 phone, 4 ssn, ended by client")
                .contains("search for phone (mask), ssn (mask)")
                .contains("2 values masked, found 1 phone, 2 ssn, ")
                .contains("because mask-ssn: social security numbers are masked [45 CFR 164.514(b)(2)(i)(G)]");
    }

    @Test
    void replaysWhatWasRepeatedAsIfItWereTheFirst(@TempDir Path other) {
        TestLedgers.write(other, TestLedgers.repeating(2));
        Replay replay = SessionReplay.of(other, TestSession.id("s1"), 100);
        List<ReplayStep.Asked> asked = replay.steps().stream()
                .filter(ReplayStep.Asked.class::isInstance)
                .map(ReplayStep.Asked.class::cast)
                .toList();
        assertThat(asked)
                .extracting(ReplayStep.Asked::operation)
                .containsExactly(
                        "SELECT name, ssn FROM patients",
                        "SELECT name, ssn FROM patients",
                        "select name, ssn from patients -- again");
        assertThat(asked.get(1).parameters()).containsExactly("8");
        assertThat(asked.get(1).cached()).isTrue();
        assertThat(asked.get(1).masks()).isEqualTo(asked.get(0).masks());
        assertThat(asked.get(1).reasons()).isEqualTo(asked.get(0).reasons());
        List<TableView> tables = replay.steps().stream()
                .filter(ReplayStep.Saw.class::isInstance)
                .map(step -> ((ReplayStep.Saw) step).table())
                .toList();
        assertThat(tables).hasSize(3).containsOnly(tables.get(0));
        assertThat(replay.steps().stream()
                        .filter(ReplayStep.Completed.class::isInstance)
                        .map(ReplayStep::request))
                .containsExactly(1L, 2L, 3L);
        assertThat(ReplayText.of(replay)).contains("-- again");
    }

    @Test
    void findsAndSumsUpWhatWasRepeated(@TempDir Path other) {
        TestLedgers.write(other, TestLedgers.repeating(2));
        SessionSummary summary = new SessionSearch(other)
                .find(SessionQuery.all().withText("-- AGAIN"))
                .get(0);
        assertThat(summary.statements()).isEqualTo(3);
        assertThat(summary.rows()).isEqualTo(6);
        assertThat(summary.maskedValues()).isEqualTo(6);
        assertThat(summary.effects()).isEqualTo(Map.of(Effect.EFFECT_PERMIT, 3L));
    }

    @Test
    void saysWhenRowsAreLeftOut() {
        Replay replay = SessionReplay.of(ledger, TestSession.id("s1"), 1);
        TableView table = step(replay, ReplayStep.Saw.class).table();
        assertThat(table).isNotNull();
        assertThat(table.omitted()).isEqualTo(1);
        assertThat(replay.truncated()).isTrue();
        assertThat(ReplayText.of(replay)).contains("(1 more rows)");
    }

    @Test
    void unknownSessionIsNamed() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SessionReplay.of(ledger, "nobody", 10))
                .withMessageContaining("`nobody`");
    }

    @Test
    void recordedTextCannotSteerATerminal() {
        assertThat(Printable.line("a\u001b[2Jb\r\nc\u202ed")).isEqualTo("a\\u{1b}[2Jb\\r\\nc\\u{202e}d");
    }

    @Test
    void mutilatedPayloadsAreReadWithinTheirBounds() {
        byte[] good = TestLedgers.patients();
        Random random = new Random(11);
        for (int i = 0; i < 5000; i++) {
            byte[] bad = Arrays.copyOf(good, random.nextInt(good.length + 1));
            for (int flips = random.nextInt(4); flips > 0 && bad.length > 0; flips--) {
                bad[random.nextInt(bad.length)] = (byte) random.nextInt(256);
            }
            PostgresTranscript.Reading reading = new PostgresTranscript().read(bad, 10);
            assertThat(reading.messages()).hasSizeLessThan(1001);
        }
    }

    @Test
    void binaryCellsAreShownByType() {
        assertThat(CellText.of(new byte[] {0, 0, 0, 42}, 23, true)).isEqualTo("42");
        assertThat(CellText.of(new byte[] {1}, 16, true)).isEqualTo("t");
        assertThat(CellText.of(new byte[] {0, 0, 0, 0}, 1082, true)).isEqualTo("2000-01-01");
        assertThat(CellText.of(new byte[] {1, 2}, 23, true)).isEqualTo("\\x0102");
        assertThat(CellText.of(new byte[] {(byte) 0xff}, 25, false)).isEqualTo("\\xff");
    }

    private static List<String> ids(List<SessionSummary> found) {
        return found.stream().map(SessionSummary::session).toList();
    }

    private static <T extends ReplayStep> T step(Replay replay, Class<T> type) {
        return replay.steps().stream()
                .filter(type::isInstance)
                .map(type::cast)
                .findFirst()
                .orElseThrow();
    }
}
