package dev.chaperone.enforcer;

import com.google.crypto.tink.Aead;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a spool directory held when its process began: every frame has been read and authenticated.
 *
 * @param segments what was found, by number
 * @param unshipped the first frame that Kafka is not known to have
 * @param nextSegment number for the next segment: none is ever written to twice
 */
record SpoolRecovery(TreeMap<Long, Segment> segments, SpoolPosition unshipped, long nextSegment) {

    private static final Logger log = LoggerFactory.getLogger(SpoolRecovery.class);

    /**
     * A segment that is not written to any more.
     *
     * @param frames acknowledged frames in it
     * @param size of the file, in bytes
     */
    record Segment(long frames, long size) {}

    /**
     * Reads a directory.
     *
     * @param cursor the first frame that Kafka is not known to have; null when nothing is known
     * @param visitor sees every frame in order
     * @throws SpoolCorruptException when something is missing or altered other than the torn end of the last segment
     */
    static SpoolRecovery recover(
            Path directory, @Nullable SpoolPosition cursor, Aead spoolKey, Consumer<SpoolFrame> visitor)
            throws IOException {
        SpoolFiles.removeUnnamed(directory);
        List<Long> numbers = List.copyOf(SpoolFiles.segments(directory));
        checkContiguous(directory, numbers, cursor);
        TreeMap<Long, Segment> segments = new TreeMap<>();
        for (int i = 0; i < numbers.size(); i++) {
            long number = numbers.get(i);
            boolean last = i == numbers.size() - 1;
            try (SegmentReader reader = SegmentReader.open(directory, number, spoolKey)) {
                if (last) {
                    readToTornTail(reader, visitor);
                } else {
                    readFrames(reader, framesOf(directory, number, spoolKey), visitor);
                }
                segments.put(number, new Segment(reader.index(), Files.size(reader.file())));
            }
        }
        return result(segments, cursor);
    }

    private static SpoolRecovery result(TreeMap<Long, Segment> segments, @Nullable SpoolPosition cursor) {
        if (segments.isEmpty()) {
            SpoolPosition start = cursor == null ? new SpoolPosition(1, 0) : new SpoolPosition(cursor.segment() + 1, 0);
            return new SpoolRecovery(segments, start, start.segment());
        }
        SpoolPosition first = new SpoolPosition(segments.firstKey(), 0);
        SpoolPosition unshipped = cursor == null || cursor.compareTo(first) < 0 ? first : cursor;
        Segment pointed = segments.get(unshipped.segment());
        if (pointed != null && unshipped.frame() > pointed.frames()) {
            // Frames that were never synced (durability RELAXED) went with the machine's power, but Kafka has them.
            unshipped = new SpoolPosition(unshipped.segment(), pointed.frames());
        }
        return new SpoolRecovery(segments, unshipped, Math.max(segments.lastKey(), unshipped.segment()) + 1);
    }

    /** Frames of a segment that were acknowledged: its successor's header says it. */
    private static long framesOf(Path directory, long segment, Aead spoolKey) throws IOException {
        try (SegmentReader successor = SegmentReader.open(directory, segment + 1, spoolKey)) {
            return successor.previousFrames();
        }
    }

    private static void readFrames(SegmentReader reader, long frames, Consumer<SpoolFrame> visitor) throws IOException {
        while (reader.index() < frames) {
            SpoolFrame frame = reader.read();
            if (frame == null) {
                throw damaged(reader);
            }
            visitor.accept(frame);
        }
    }

    private static void readToTornTail(SegmentReader reader, Consumer<SpoolFrame> visitor) throws IOException {
        while (!reader.atEnd()) {
            SpoolFrame frame = reader.read();
            if (frame == null) {
                if (reader.laterGroupFollows()) {
                    throw damaged(reader);
                }
                cutTail(reader);
                return;
            }
            visitor.accept(frame);
        }
    }

    private static void cutTail(SegmentReader reader) throws IOException {
        long size = Files.size(reader.file());
        log.warn(
                "`{}` ends in {} bytes of a group whose writing was interrupted; nothing in it was acknowledged, cutting it off",
                reader.file(),
                size - reader.offset());
        try (FileChannel channel = FileChannel.open(reader.file(), StandardOpenOption.WRITE)) {
            channel.truncate(reader.offset());
            channel.force(true);
        }
    }

    private static void checkContiguous(Path directory, List<Long> numbers, @Nullable SpoolPosition cursor) {
        for (int i = 1; i < numbers.size(); i++) {
            if (numbers.get(i) != numbers.get(i - 1) + 1) {
                throw new SpoolCorruptException(SpoolFiles.segment(directory, numbers.get(i - 1) + 1), "is missing");
            }
        }
        if (cursor != null && !numbers.isEmpty() && numbers.get(0) > cursor.segment()) {
            throw new SpoolCorruptException(SpoolFiles.segment(directory, cursor.segment()), "is missing, not shipped");
        }
    }

    private static SpoolCorruptException damaged(SegmentReader reader) {
        return new SpoolCorruptException(
                reader.file(),
                "is damaged at byte `" + reader.offset() + "` (frame `" + reader.index() + "`), where records had been"
                        + " acknowledged");
    }
}
