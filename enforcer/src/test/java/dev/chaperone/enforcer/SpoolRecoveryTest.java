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
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpoolRecoveryTest {

    private static final byte[] KEY = "11111111-1111-1111-1111-111111111111".getBytes(StandardCharsets.US_ASCII);

    /** Less than is left of a page, and more than a few frames. */
    private static final int RESERVE = 4096;

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
        SpoolRecovery recovery = SpoolRecovery.recover(spool, null, SpoolPosition.BEGINNING, key, frames::add);
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
    void whatWasReservedAndNeverWrittenIsNoFrame() throws IOException {
        SegmentWriter writer = writer(1, 0);
        for (int i = 0; i < 100; i++) {
            writer.append(KEY, new byte[40]);
            writer.commit(true);
        }
        // The process is killed.
        assertThat(Files.size(segment(1))).isGreaterThan(writer.committedSize());
        assertThat(recover()).hasSize(100);
        assertThat(Files.size(segment(1))).isEqualTo(writer.committedSize());
        writer.close();
    }

    @Test
    void aSegmentThatEndsInGoodOrderHoldsNothingReserved() throws IOException {
        write(1, 0, 2, 1);
        assertThat(Files.size(segment(1))).isEqualTo(ends.get(1));
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
        assertThatThrownBy(this::recover)
                .as("nothing says that it was shipped")
                .isInstanceOf(SpoolCorruptException.class)
                .hasMessageContaining("is missing, not shipped");
        assertThatThrownBy(() -> recover(new SpoolPosition(1, 1), SpoolPosition.BEGINNING))
                .isInstanceOf(SpoolCorruptException.class)
                .hasMessageContaining("is missing, not shipped");
        assertThat(recover(new SpoolPosition(2, 0), SpoolPosition.BEGINNING)).hasSize(1);
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
        assertThatThrownBy(() -> SpoolRecovery.recover(spool, null, SpoolPosition.BEGINNING, other, frame -> {}))
                .isInstanceOf(SpoolCorruptException.class)
                .hasMessageContaining("spool-key");
    }

    @Test
    void halfCreatedFilesAreRemovedAndNumbersGoOn() throws IOException {
        Files.write(SpoolFiles.unnamed(spool, 8), new byte[] {1, 2, 3});
        SpoolRecovery recovery =
                SpoolRecovery.recover(spool, new SpoolPosition(7, 0), SpoolPosition.BEGINNING, key, frame -> {});
        assertThat(recovery.nextSegment()).isEqualTo(8);
        assertThat(SpoolFiles.unnamed(spool, 8)).doesNotExist();
    }

    @Test
    void theCursorSurvivesAnyTornWrite() throws IOException {
        try (SpoolCursor cursor = SpoolCursor.open(spool, key)) {
            assertThat(cursor.position()).isNull();
            cursor.move(new SpoolPosition(3, 7));
            cursor.move(new SpoolPosition(4, 0));
        }
        Path file = SpoolFiles.cursor(spool);
        byte[] whole = Files.readAllBytes(file);
        int length = ByteBuffer.wrap(whole).getInt();
        for (int at = 0; at < Integer.BYTES + length; at++) {
            byte[] torn = whole.clone();
            torn[at] ^= 0x10;
            Files.write(file, torn);
            try (SpoolCursor cursor = SpoolCursor.open(spool, key)) {
                assertThat(cursor.position()).isEqualTo(new SpoolPosition(3, 7));
            }
        }
        Files.write(file, whole);
        try (SpoolCursor cursor = SpoolCursor.open(spool, key)) {
            assertThat(cursor.position()).isEqualTo(new SpoolPosition(4, 0));
        }
    }

    @Test
    void aCursorOfAnotherHandIsNotBelieved() throws Exception {
        Aead other = KeysetHandle.generateNew(PredefinedAeadParameters.AES256_GCM)
                .getPrimitive(RegistryConfiguration.get(), Aead.class);
        try (SpoolCursor forged = SpoolCursor.open(spool, other)) {
            forged.move(new SpoolPosition(9, 9));
        }
        try (SpoolCursor cursor = SpoolCursor.open(spool, key)) {
            assertThat(cursor.position()).isNull();
            cursor.move(new SpoolPosition(2, 1));
        }
        try (SpoolCursor cursor = SpoolCursor.open(spool, key)) {
            assertThat(cursor.position()).isEqualTo(new SpoolPosition(2, 1));
        }
    }

    @Test
    void aControlStateOfAnotherHandIsNotBelieved() throws Exception {
        String session = "22222222-2222-2222-2222-222222222222";
        ControlState closed = ControlState.NONE.successor(session, false).open().closed(new SpoolPosition(3, 4));
        closed.write(spool, key);
        assertThat(ControlState.read(spool, key)).isEqualTo(closed);
        String text = Files.readString(SpoolFiles.control(spool));
        for (String forged : List.of(
                text.replace("CLOSED", "OPEN"),
                text.replace(" 3 4 ", " 3 3 "),
                text.replace("2222", "3333"),
                text.substring(0, text.lastIndexOf(' ')),
                text.substring(0, text.length() / 2),
                "",
                "nonsense")) {
            Files.writeString(SpoolFiles.control(spool), forged);
            assertThat(ControlState.read(spool, key))
                    .as(forged)
                    .isEqualTo(new ControlState(ControlState.Phase.OPEN, "", "", false, SpoolPosition.BEGINNING));
        }
    }

    @Test
    void aSpoolThatWasClosedInGoodOrderHasNoTornTail() throws IOException {
        write(1, 0, 3, 1);
        byte[] whole = bytes(1);
        SpoolPosition end = new SpoolPosition(1, 3);
        assertThat(recover(null, end)).hasSize(3);
        for (int at = 0; at < whole.length; at++) {
            byte[] flipped = whole.clone();
            flipped[at] ^= 1;
            Files.write(segment(1), flipped);
            assertThatThrownBy(() -> recover(null, end)).as("byte %d", at).isInstanceOf(SpoolCorruptException.class);
            assertThat(bytes(1)).as("evidence is left as it is").isEqualTo(flipped);
            Files.write(segment(1), Arrays.copyOf(whole, at));
            assertThatThrownBy(() -> recover(null, end)).as("cut to %d", at).isInstanceOf(SpoolCorruptException.class);
        }
        Files.delete(segment(1));
        assertThatThrownBy(() -> recover(new SpoolPosition(1, 2), end))
                .isInstanceOf(SpoolCorruptException.class)
                .hasMessageContaining("is missing, not shipped");
        assertThatThrownBy(() -> recover(new SpoolPosition(1, 2), SpoolPosition.BEGINNING))
                .isInstanceOf(SpoolCorruptException.class)
                .hasMessageContaining("is missing, not shipped");
        assertThat(recover(new SpoolPosition(2, 0), end)).isEmpty();
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
                spool, segment, previousFrames, key, SegmentFile::create, ByteBuffer.allocate(64 * 1024), RESERVE);
    }

    private List<SpoolFrame> recover() throws IOException {
        List<SpoolFrame> frames = new ArrayList<>();
        SpoolRecovery.recover(spool, null, SpoolPosition.BEGINNING, key, frames::add);
        return frames;
    }

    private List<SpoolFrame> recover(@Nullable SpoolPosition cursor, SpoolPosition end) throws IOException {
        List<SpoolFrame> frames = new ArrayList<>();
        SpoolRecovery.recover(spool, cursor, end, key, frames::add);
        return frames;
    }

    private Path segment(long number) {
        return SpoolFiles.segment(spool, number);
    }

    private byte[] bytes(long number) throws IOException {
        return Files.readAllBytes(segment(number));
    }
}
