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
     * @param end behind the last frame when the process before ended in good order. Where one did not, the end of the last
     *     segment cannot be known: what cannot be read there is taken for a group that was being written, even if it was
     *     durable and has been damaged since. A heartbeat begins a new group, so that is the last seconds at most
     * @param visitor sees every frame in order
     * @throws SpoolCorruptException when something is missing or altered other than the torn end of the last segment
     */
    static SpoolRecovery recover(
            Path directory,
            @Nullable SpoolPosition cursor,
            SpoolPosition end,
            Aead spoolKey,
            Consumer<SpoolFrame> visitor)
            throws IOException {
        SpoolFiles.removeUnnamed(directory);
        List<Long> numbers = List.copyOf(SpoolFiles.segments(directory));
        checkComplete(directory, numbers, cursor, end);
        TreeMap<Long, Segment> segments = new TreeMap<>();
        for (int i = 0; i < numbers.size(); i++) {
            long number = numbers.get(i);
            boolean last = i == numbers.size() - 1;
            try (SegmentReader reader = SegmentReader.open(directory, number, spoolKey)) {
                if (last) {
                    readToTornTail(reader, number == end.segment() ? end.frame() : 0, visitor);
                } else {
                    readFrames(reader, framesOf(directory, number, spoolKey), visitor);
                }
                segments.put(number, new Segment(reader.index(), Files.size(reader.file())));
            }
        }
        SpoolRecovery recovery = result(segments, cursor);
        if (end.frame() > 0
                && !segments.containsKey(end.segment())
                && recovery.unshipped().compareTo(end) < 0) {
            throw new SpoolCorruptException(SpoolFiles.segment(directory, end.segment()), "is missing, not shipped");
        }
        return recovery;
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

    /** @param durable frames that are known to have been durable */
    private static void readToTornTail(SegmentReader reader, long durable, Consumer<SpoolFrame> visitor)
            throws IOException {
        boolean torn = false;
        while (!torn && !reader.atEnd()) {
            SpoolFrame frame = reader.read();
            if (frame == null) {
                torn = true;
            } else {
                visitor.accept(frame);
            }
        }
        if (reader.index() < durable || (torn && reader.laterGroupFollows())) {
            throw damaged(reader);
        }
        if (torn) {
            cutTail(reader);
        }
    }

    private static void cutTail(SegmentReader reader) throws IOException {
        long size = Files.size(reader.file());
        if (!reader.onlyZerosFollow()) {
            log.warn(
                    "`{}` ends in {} bytes of a group whose writing was interrupted; nothing in it was acknowledged, cutting"
                            + " it off",
                    reader.file(),
                    size - reader.offset());
        }
        try (FileChannel channel = FileChannel.open(reader.file(), StandardOpenOption.WRITE)) {
            channel.truncate(reader.offset());
            channel.force(true);
        }
    }

    private static void checkComplete(
            Path directory, List<Long> numbers, @Nullable SpoolPosition cursor, SpoolPosition end) {
        // Segments go only after the cursor has been moved behind them.
        SpoolPosition unshipped = cursor == null ? new SpoolPosition(1, 0) : cursor;
        if (!numbers.isEmpty() && numbers.get(0) > unshipped.segment()) {
            throw missing(directory, unshipped.segment());
        }
        for (int i = 1; i < numbers.size(); i++) {
            if (numbers.get(i) != numbers.get(i - 1) + 1) {
                throw missing(directory, numbers.get(i - 1) + 1);
            }
        }
        for (SpoolPosition known : List.of(unshipped, end)) {
            boolean written = known.frame() > 0;
            if (written && unshipped.compareTo(known) <= 0 && !numbers.contains(known.segment())) {
                throw missing(directory, known.segment());
            }
        }
    }

    private static SpoolCorruptException missing(Path directory, long segment) {
        return new SpoolCorruptException(SpoolFiles.segment(directory, segment), "is missing, not shipped");
    }

    private static SpoolCorruptException damaged(SegmentReader reader) {
        return new SpoolCorruptException(
                reader.file(),
                "is damaged at byte `" + reader.offset() + "` (frame `" + reader.index() + "`), where records had been"
                        + " acknowledged");
    }
}
