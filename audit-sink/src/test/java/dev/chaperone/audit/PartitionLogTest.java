package dev.chaperone.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import dev.chaperone.audit.SegmentReader.Frame;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PartitionLogTest {

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path ledger;

    @Test
    void keepsExactlyWhatItWasGivenOverSegments() throws IOException {
        Random random = new Random(7);
        List<byte[]> written = new ArrayList<>();
        try (PartitionLog log = PartitionLog.open(ledger, 3, 4096)) {
            for (int i = 0; i < 100; i++) {
                byte[] record = new byte[random.nextInt(700)];
                random.nextBytes(record);
                written.add(record);
                log.append(i * 2L, record);
            }
            log.force();
        }
        assertThat(Ledger.segments(LedgerFormat.partitionDirectory(ledger, 3), 3))
                .hasSizeGreaterThan(5);
        List<Frame> frames = frames(3);
        assertThat(frames).hasSize(100).allMatch(frame -> frame.damage() == null);
        for (int i = 0; i < 100; i++) {
            assertThat(frames.get(i).bytes()).isEqualTo(written.get(i));
            assertThat(frames.get(i).offset()).isEqualTo(i * 2L);
        }
        try (PartitionLog log = PartitionLog.open(ledger, 3, 4096)) {
            assertThat(log.nextOffset()).isEqualTo(199);
        }
    }

    @Test
    void cutAnywhereResumesBehindTheLastWholeRecordAndKeepsTheRest() throws IOException {
        try (PartitionLog log = PartitionLog.open(ledger, 0, 1 << 20)) {
            for (int i = 0; i < 5; i++) {
                log.append(i, text(i));
            }
        }
        Path file = Ledger.segments(LedgerFormat.partitionDirectory(ledger, 0), 0)
                .get(0)
                .file();
        byte[] whole = Files.readAllBytes(file);
        int frame = LedgerFormat.FRAME_BYTES + text(0).length;
        for (int length = whole.length; length >= 0; length--) {
            Files.write(file, Arrays.copyOf(whole, length));
            int left = Math.max(0, (length - LedgerFormat.HEADER_BYTES) / frame);
            try (PartitionLog log = PartitionLog.open(ledger, 0, 1 << 20)) {
                assertThat(log.nextOffset()).as("cut to %d bytes", length).isEqualTo(left);
                log.append(left, "again".getBytes(StandardCharsets.UTF_8));
            }
            List<Frame> frames = frames(0);
            assertThat(frames).hasSize(left + 1).allMatch(one -> one.damage() == null);
            Files.delete(file);
            deleteAside();
        }
    }

    @Test
    void whatIsCutIsKeptAside() throws IOException {
        try (PartitionLog log = PartitionLog.open(ledger, 0, 1 << 20)) {
            log.append(0, text(0));
        }
        Path file = Ledger.segments(LedgerFormat.partitionDirectory(ledger, 0), 0)
                .get(0)
                .file();
        Files.write(file, "evidence".getBytes(StandardCharsets.UTF_8), StandardOpenOption.APPEND);
        try (PartitionLog log = PartitionLog.open(ledger, 0, 1 << 20)) {
            assertThat(log.nextOffset()).isEqualTo(1);
        }
        try (Stream<Path> files = Files.list(file.resolveSibling("."))) {
            Path torn = files.filter(path -> path.toString().endsWith(".torn"))
                    .findFirst()
                    .orElseThrow();
            assertThat(torn).hasContent("evidence");
        }
    }

    @Test
    void oneWriterAtATime() throws IOException {
        try (PartitionLog log = PartitionLog.open(ledger, 0, 4096)) {
            assertThat(log.nextOffset()).isZero();
            assertThatIOException()
                    .isThrownBy(() -> PartitionLog.open(ledger, 0, 4096))
                    .withMessageContaining("another sink");
        }
    }

    @Test
    void offsetsOnlyGrow() throws IOException {
        try (PartitionLog log = PartitionLog.open(ledger, 0, 4096)) {
            log.append(5, text(5));
            assertThatIOException().isThrownBy(() -> log.append(5, text(5))).withMessageContaining("`5`");
        }
    }

    private static byte[] text(int number) {
        return ("record " + number).getBytes(StandardCharsets.UTF_8);
    }

    private void deleteAside() throws IOException {
        try (Stream<Path> files = Files.list(LedgerFormat.partitionDirectory(ledger, 0))) {
            for (Path torn :
                    files.filter(path -> path.toString().endsWith(".torn")).toList()) {
                Files.delete(torn);
            }
        }
    }

    private List<Frame> frames(int partition) throws IOException {
        List<Frame> frames = new ArrayList<>();
        for (Ledger.Segment segment : Ledger.segments(LedgerFormat.partitionDirectory(ledger, partition), partition)) {
            try (SegmentReader reader = new SegmentReader(segment.file(), partition, segment.firstOffset())) {
                for (Frame frame = reader.next(); frame != null; frame = reader.next()) {
                    frames.add(frame);
                }
            }
        }
        return frames;
    }
}
