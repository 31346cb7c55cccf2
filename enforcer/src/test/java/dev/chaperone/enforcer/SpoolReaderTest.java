package dev.chaperone.enforcer;

import static dev.chaperone.enforcer.TestingRecording.config;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpoolReaderTest {

    private static final SpoolPosition FIRST = new SpoolPosition(1, 0);

    @TempDir
    Path spool;

    /** Whoever ships has looked where to read on before the writer ended the segment there. */
    @Test
    void aSegmentMayEndBetweenTheLookAndTheRead() throws Exception {
        SpoolLog log = new SpoolLog(spool, new SpoolRecovery(new TreeMap<>(), SpoolPosition.BEGINNING, 1));
        SpoolFrame frame = new SpoolFrame(FIRST, bytes("session"), bytes("record"));
        log.extended(List.of(frame), FIRST.next(), 100);
        try (SpoolReader reader =
                new SpoolReader(spool, RecordingKeys.load(config(spool)).spool(), log)) {
            assertThat(Objects.requireNonNull(reader.read(FIRST)).record()).isEqualTo(bytes("record"));
            SpoolPosition next = log.normalise(FIRST.next());
            assertThat(reader.read(next)).isNull();
            log.closed(1, 1, 100);
            assertThat(reader.read(next)).isNull();
            assertThat(log.normalise(next)).isEqualTo(new SpoolPosition(2, 0));
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
