package dev.chaperone.audit;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.chaperone.audit.LedgerItem.Damage;
import dev.chaperone.audit.SegmentReader.Frame;
import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.AuditRecord;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The read side of a ledger directory. Reading is lazy and holds one record at a time; a ledger may be read while a sink
 * writes it.
 */
public final class Ledger {

    private static final Pattern PARTITION = Pattern.compile("partition-(\\d{1,9})");
    private static final Pattern SEGMENT = Pattern.compile("(\\d{20})\\.ledger");

    private final Path directory;

    private Ledger(Path directory) {
        this.directory = directory;
    }

    /**
     * Opens a ledger for reading.
     *
     * @throws IllegalArgumentException when there is no such directory
     */
    public static Ledger open(Path directory) {
        if (!Files.isDirectory(directory)) {
            throw new IllegalArgumentException("`" + directory + "` is not a directory; name the ledger's directory");
        }
        return new Ledger(directory);
    }

    /** Everything in the ledger, by partition, in the order of Kafka's offsets. Close it. */
    public Cursor items() {
        return new Cursor(segments(), 0);
    }

    /** A place in a ledger: a partition, a segment by its first offset, and a byte at which a frame starts. */
    record Place(int partition, long segment, long position) {}

    /** What the place's partition holds from there on, in the order of Kafka's offsets. Close it. */
    Cursor itemsFrom(Place place) {
        List<Segment> from =
                segments(LedgerFormat.partitionDirectory(directory, place.partition()), place.partition()).stream()
                        .filter(segment -> segment.firstOffset() >= place.segment())
                        .toList();
        boolean there = !from.isEmpty() && from.get(0).firstOffset() == place.segment();
        return new Cursor(from, there ? place.position() : 0);
    }

    /**
     * Whether a sink has the partition open now, so that its file may end in a record that is just being written. After a
     * crash it is not, and starting the sink repairs the file.
     */
    boolean isBeingWritten(int partition) {
        Path lock = LedgerFormat.partitionDirectory(directory, partition).resolve(LedgerFormat.LOCK);
        try (FileChannel channel = FileChannel.open(lock, StandardOpenOption.WRITE)) {
            FileLock free = channel.tryLock();
            return free == null;
        } catch (OverlappingFileLockException e) {
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** One segment file. */
    record Segment(Path file, String name, int partition, long firstOffset) {}

    /** Every segment, by partition, oldest first. */
    List<Segment> segments() {
        List<Segment> all = new ArrayList<>();
        for (Path child : list(directory)) {
            Matcher matcher = PARTITION.matcher(child.getFileName().toString());
            if (matcher.matches() && Files.isDirectory(child)) {
                all.addAll(segments(child, Integer.parseInt(matcher.group(1))));
            }
        }
        all.sort(Comparator.comparingInt(Segment::partition).thenComparingLong(Segment::firstOffset));
        return Collections.unmodifiableList(all);
    }

    /** The segments of one partition, oldest first. */
    static List<Segment> segments(Path partitionDirectory, int partition) {
        List<Segment> segments = new ArrayList<>();
        for (Path file : list(partitionDirectory)) {
            Matcher matcher = SEGMENT.matcher(file.getFileName().toString());
            if (matcher.matches()) {
                String name = partitionDirectory.getFileName() + "/" + file.getFileName();
                segments.add(new Segment(file, name, partition, Long.parseLong(matcher.group(1))));
            }
        }
        segments.sort(Comparator.comparingLong(Segment::firstOffset));
        return segments;
    }

    private static List<Path> list(Path parent) {
        try (Stream<Path> children = Files.list(parent)) {
            return children.toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A forward reader; used by one thread. */
    public static final class Cursor implements AutoCloseable {

        private final Iterator<Segment> segments;
        private @Nullable Segment segment;
        private @Nullable SegmentReader reader;
        private long start;
        private long passed;

        private Cursor(List<Segment> segments, long start) {
            this.segments = segments.iterator();
            this.start = start;
        }

        /** Bytes that were read so far. */
        long bytesRead() {
            SegmentReader open = reader;
            return passed + (open == null ? 0 : open.position());
        }

        /**
         * The next item; null at the end.
         *
         * @throws UncheckedIOException when a file cannot be read at all
         */
        public @Nullable LedgerItem next() {
            try {
                while (true) {
                    Segment current = segment;
                    SegmentReader open = reader;
                    if (current == null || open == null) {
                        if (!segments.hasNext()) {
                            return null;
                        }
                        current = segments.next();
                        open = new SegmentReader(current.file(), current.partition(), current.firstOffset(), start);
                        start = 0;
                        segment = current;
                        reader = open;
                    }
                    Frame frame = open.next();
                    if (frame != null) {
                        return item(current, frame);
                    }
                    close();
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private static LedgerItem item(Segment segment, Frame frame) {
            Damage damage = frame.damage();
            String detail = frame.detail();
            if (damage == null) {
                try {
                    AuditRecord record = AuditRecord.parseFrom(frame.bytes());
                    AuditEvent event = AuditEvent.parseFrom(record.getEvent());
                    return new LedgerItem.Entry(
                            segment.partition(), segment.name(), frame.position(), frame.offset(), record, event);
                } catch (InvalidProtocolBufferException e) {
                    damage = Damage.RECORD;
                    detail = "the bytes at offset " + frame.offset() + " are not an audit record";
                }
            }
            return new LedgerItem.Damaged(segment.partition(), segment.name(), frame.position(), damage, detail);
        }

        @Override
        public void close() {
            SegmentReader open = reader;
            reader = null;
            segment = null;
            if (open != null) {
                passed += open.position();
                try {
                    open.close();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }
    }
}
