package dev.chaperone.enforcer;

import static dev.chaperone.enforcer.TestingRecording.config;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.crypto.tink.Aead;
import com.google.crypto.tink.KeysetHandle;
import com.google.crypto.tink.RegistryConfiguration;
import com.google.crypto.tink.aead.PredefinedAeadParameters;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpoolRecoveryTest {

    private static final byte[] KEY = "11111111-1111-1111-1111-111111111111".getBytes(StandardCharsets.US_ASCII);

    @TempDir
    Path spool;

    private Aead key;
    private final List<Long> ends = new ArrayList<>();

    @BeforeEach
    void loadKey() {
        key = RecordingKeys.load(config(spool)).spool();
    }

    @Test
    void everyFrameComesBackAsItWasWritten() throws IOException {
        Random random = new Random(1);
        List<byte[]> records = new ArrayList<>();
        SegmentWriter writer = writer(1, 0);
        for (int size : new int[] {0, 1, 15, 16, 17, 65_535, 65_536, 65_537, 1_048_576, 3_000_001}) {
            byte[] record = new byte[size];
            random.nextBytes(record);
            records.add(record);
            writer.append(KEY, record);
            writer.commit(true);
        }
        writer.close();
        List<SpoolFrame> frames = new ArrayList<>();
        SpoolRecovery recovery = SpoolRecovery.recover(spool, null, key, frames::add);
        assertThat(frames).hasSameSizeAs(records);
        for (int i = 0; i < records.size(); i++) {
            assertThat(frames.get(i).position()).isEqualTo(new SpoolPosition(1, i));
            assertThat(frames.get(i).key()).isEqualTo(KEY);
            assertThat(frames.get(i).record()).isEqualTo(records.get(i));
        }
        assertThat(recovery.unshipped()).isEqualTo(new SpoolPosition(1, 0));
        assertThat(recovery.nextSegment()).isEqualTo(2);
    }

    @Test
    void aTailTornAtAnyByteIsCutOffAndNothingElse() throws IOException {
        write(1, 0, 4, 1);
        byte[] whole = bytes(1);
        for (int length = Math.toIntExact(ends.get(2)); length < whole.length; length++) {
            Files.write(segment(1), Arrays.copyOf(whole, length));
            assertThat(recover())
                    .as("cut to %d of %d bytes", length, whole.length)
                    .hasSize(3);
            assertThat(Files.size(segment(1))).isEqualTo(ends.get(2));
        }
    }

    @Test
    void aTailOfZerosOrNoiseIsCutOff() throws IOException {
        write(1, 0, 3, 1);
        byte[] whole = bytes(1);
        byte[] noise = new byte[5000];
        new Random(2).nextBytes(noise);
        for (byte[] debris : List.of(new byte[5000], noise)) {
            Files.write(
                    segment(1),
                    ByteBuffer.allocate(whole.length + debris.length)
                            .put(whole)
                            .put(debris)
                            .array());
            assertThat(recover()).hasSize(3);
            assertThat(bytes(1)).isEqualTo(whole);
        }
    }

    @Test
    void aLastGroupOfWhichTheDiskKeptOnlyTheEndIsATornTail() throws IOException {
        write(1, 0, 3, 1);
        write(2, 3, 2, 5);
        byte[] torn = bytes(2);
        // The second group's second frame never reached the disk, its later ones did.
        int middle = Math.toIntExact(ends.get(0)) + torn.length / 4;
        Arrays.fill(torn, middle, middle + 40, (byte) 0);
        Files.write(segment(2), torn);
        assertThat(recover().size()).isBetween(3 + 5, 3 + 9);
        assertThatCode(this::recover).doesNotThrowAnyException();
    }

    @Test
    void aByteFlippedAnywhereBeforeTheLastGroupIsRefused() throws IOException {
        write(1, 0, 3, 1);
        byte[] whole = bytes(1);
        for (int at = 0; at < ends.get(1); at++) {
            byte[] flipped = whole.clone();
            flipped[at] ^= 0x40;
            Files.write(segment(1), flipped);
            assertThatThrownBy(this::recover)
                    .as("byte %d", at)
                    .isInstanceOf(SpoolCorruptException.class)
                    .hasMessageContaining(segment(1).toString())
                    .hasMessageContaining("keep a copy");
            assertThat(bytes(1)).as("evidence is left as it is").isEqualTo(flipped);
        }
    }

    @Test
    void aByteFlippedOrLostInAnEarlierSegmentIsRefused() throws IOException {
        write(1, 0, 3, 1);
        byte[] whole = bytes(1);
        write(2, 3, 1, 1);
        for (int at = 0; at < whole.length; at++) {
            byte[] flipped = whole.clone();
            flipped[at] ^= 1;
            Files.write(segment(1), flipped);
            assertThatThrownBy(this::recover).as("byte %d", at).isInstanceOf(SpoolCorruptException.class);
        }
        Files.write(segment(1), Arrays.copyOf(whole, whole.length - 1));
        assertThatThrownBy(this::recover).isInstanceOf(SpoolCorruptException.class);
        Files.delete(segment(1));
        assertThat(recover())
                .as("segments before the first are shipped, as far as is known")
                .hasSize(1);
        assertThatThrownBy(() -> SpoolRecovery.recover(spool, new SpoolPosition(1, 1), key, frame -> {}))
                .isInstanceOf(SpoolCorruptException.class)
                .hasMessageContaining("missing");
    }

    @Test
    void framesCannotBeSwappedRepeatedOrMovedToAnotherSegment() throws IOException {
        write(1, 0, 4, 1);
        byte[] first = bytes(1);
        byte[] frame1 =
                Arrays.copyOfRange(first, ends.get(0).intValue(), ends.get(1).intValue());
        byte[] frame2 =
                Arrays.copyOfRange(first, ends.get(1).intValue(), ends.get(2).intValue());
        assertThat(frame1).hasSameSizeAs(frame2);

        byte[] swapped = first.clone();
        System.arraycopy(frame2, 0, swapped, ends.get(0).intValue(), frame2.length);
        System.arraycopy(frame1, 0, swapped, ends.get(1).intValue(), frame1.length);
        Files.write(segment(1), swapped);
        assertThatThrownBy(this::recover).isInstanceOf(SpoolCorruptException.class);

        byte[] repeated = first.clone();
        System.arraycopy(frame1, 0, repeated, ends.get(1).intValue(), frame1.length);
        Files.write(segment(1), repeated);
        assertThatThrownBy(this::recover).isInstanceOf(SpoolCorruptException.class);

        Files.write(segment(1), first);
        write(2, 4, 4, 1);
        byte[] second = bytes(2);
        System.arraycopy(frame1, 0, second, ends.get(0).intValue(), frame1.length);
        Files.write(segment(2), second);
        assertThatThrownBy(this::recover).isInstanceOf(SpoolCorruptException.class);

        Files.write(segment(2), first);
        assertThatThrownBy(this::recover).isInstanceOf(SpoolCorruptException.class);
    }

    @Test
    void aMissingSegmentInTheMiddleIsRefused() throws IOException {
        write(1, 0, 1, 1);
        write(2, 1, 1, 1);
        write(3, 1, 1, 1);
        Files.delete(segment(2));
        assertThatThrownBy(this::recover)
                .isInstanceOf(SpoolCorruptException.class)
                .hasMessageContaining("is missing");
    }

    @Test
    void whatAFailedGroupLeftInASegmentIsIgnored() throws IOException {
        write(1, 0, 3, 1);
        write(2, 2, 1, 1);
        assertThat(recover()).as("two of the first segment, one of the second").hasSize(3);
    }

    @Test
    void anotherSpoolKeyIsRefusedWithAHint() throws Exception {
        write(1, 0, 1, 1);
        Aead other = KeysetHandle.generateNew(PredefinedAeadParameters.AES256_GCM)
                .getPrimitive(RegistryConfiguration.get(), Aead.class);
        assertThatThrownBy(() -> SpoolRecovery.recover(spool, null, other, frame -> {}))
                .isInstanceOf(SpoolCorruptException.class)
                .hasMessageContaining("spool-key");
    }

    @Test
    void halfCreatedFilesAreRemovedAndNumbersGoOn() throws IOException {
        Files.write(SpoolFiles.unnamed(spool, 8), new byte[] {1, 2, 3});
        SpoolRecovery recovery = SpoolRecovery.recover(spool, new SpoolPosition(7, 4), key, frame -> {});
        assertThat(recovery.nextSegment()).isEqualTo(8);
        assertThat(SpoolFiles.unnamed(spool, 8)).doesNotExist();
    }

    @Test
    void theCursorSurvivesAnyTornWrite() throws IOException {
        try (SpoolCursor cursor = SpoolCursor.open(spool)) {
            assertThat(cursor.position()).isNull();
            cursor.move(new SpoolPosition(3, 7));
            cursor.move(new SpoolPosition(4, 0));
        }
        Path file = SpoolFiles.cursor(spool);
        byte[] whole = Files.readAllBytes(file);
        for (int at = 0; at < 32; at++) {
            byte[] torn = whole.clone();
            torn[at] ^= 0x10;
            Files.write(file, torn);
            try (SpoolCursor cursor = SpoolCursor.open(spool)) {
                assertThat(cursor.position()).isEqualTo(new SpoolPosition(3, 7));
            }
        }
        Files.write(file, whole);
        try (SpoolCursor cursor = SpoolCursor.open(spool)) {
            assertThat(cursor.position()).isEqualTo(new SpoolPosition(4, 0));
        }
    }

    /** Writes a segment of groups and notes where each group ended. */
    private void write(long segment, long previousFrames, int groups, int framesPerGroup) throws IOException {
        ends.clear();
        SegmentWriter writer = writer(segment, previousFrames);
        for (int group = 0; group < groups; group++) {
            for (int frame = 0; frame < framesPerGroup; frame++) {
                writer.append(KEY, new byte[40]);
            }
            writer.commit(true);
            ends.add(writer.committedSize());
        }
        writer.close();
    }

    private SegmentWriter writer(long segment, long previousFrames) throws IOException {
        return SegmentWriter.create(
                spool, segment, previousFrames, key, SegmentFile::create, ByteBuffer.allocate(64 * 1024));
    }

    private List<SpoolFrame> recover() throws IOException {
        List<SpoolFrame> frames = new ArrayList<>();
        SpoolRecovery.recover(spool, null, key, frames::add);
        return frames;
    }

    private Path segment(long number) {
        return SpoolFiles.segment(spool, number);
    }

    private byte[] bytes(long number) throws IOException {
        return Files.readAllBytes(segment(number));
    }
}
