package dev.chaperone.audit;

import dev.chaperone.audit.Ledger.Segment;
import dev.chaperone.audit.SegmentReader.Frame;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The write side of one partition. Opening it repairs what a crash left behind: the last segment is cut behind its last good
 * frame, and what is cut is kept beside it in a {@code .torn} file, since nobody can tell a crash from an attack by the bytes
 * alone. Kafka still holds what was cut, and reading resumes there.
 */
final class PartitionLog implements Closeable {

    private static final Logger log = LoggerFactory.getLogger(PartitionLog.class);

    private final Path directory;
    private final int partition;
    private final long segmentBytes;
    private final FileChannel lockChannel;
    private @Nullable FileChannel segment;
    private ByteBuffer buffer = ByteBuffer.allocate(1 << 18);
    private long written;
    private long nextOffset;

    private PartitionLog(Path directory, int partition, long segmentBytes, FileChannel lockChannel) {
        this.directory = directory;
        this.partition = partition;
        this.segmentBytes = segmentBytes;
        this.lockChannel = lockChannel;
    }

    /**
     * Opens and repairs a partition.
     *
     * @throws IOException when it cannot be read or written, or when another process writes it
     */
    static PartitionLog open(Path ledger, int partition, long segmentBytes) throws IOException {
        Path directory = Files.createDirectories(LedgerFormat.partitionDirectory(ledger, partition));
        FileChannel lockChannel = FileChannel.open(
                directory.resolve(LedgerFormat.LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            lock(lockChannel, directory);
            PartitionLog opened = new PartitionLog(directory, partition, segmentBytes, lockChannel);
            opened.repair();
            return opened;
        } catch (IOException | RuntimeException e) {
            lockChannel.close();
            throw e;
        }
    }

    @SuppressWarnings("UnusedVariable") // the lock lives as long as its channel
    private static void lock(FileChannel channel, Path directory) throws IOException {
        try {
            FileLock lock = channel.tryLock();
            if (lock == null) {
                throw new IOException("another process writes `" + directory + "`; stop it first");
            }
        } catch (OverlappingFileLockException e) {
            throw new IOException("another sink of this process writes `" + directory + "`", e);
        }
    }

    /** The Kafka offset behind the last stored record; 0 when nothing is stored. */
    long nextOffset() {
        return nextOffset;
    }

    /** Appends one record; it is stored only once {@link #force} has returned. */
    void append(long offset, byte[] record) throws IOException {
        if (offset < nextOffset) {
            throw new IOException("offset `" + offset + "` is behind the ledger's `" + nextOffset + "`");
        }
        if (record.length > LedgerFormat.MAX_RECORD_BYTES) {
            throw new IOException("the record at offset `" + offset + "` has " + record.length + " bytes; at most "
                    + LedgerFormat.MAX_RECORD_BYTES + " can be kept");
        }
        FileChannel open = segment;
        if (open != null && written >= segmentBytes) {
            force();
            open.close();
            open = null;
        }
        if (open == null) {
            open = create(offset);
            segment = open;
        }
        write(LedgerFormat.frameHeader(offset, record), open);
        write(ByteBuffer.wrap(record), open);
        written += LedgerFormat.FRAME_BYTES + record.length;
        nextOffset = offset + 1;
    }

    /** Forces everything appended to the disk. */
    void force() throws IOException {
        FileChannel open = segment;
        if (open != null) {
            flush(open);
            open.force(false);
        }
    }

    @Override
    public void close() throws IOException {
        try (lockChannel;
                FileChannel open = segment) {
            if (open != null) {
                flush(open);
                open.force(false);
            }
        } finally {
            segment = null;
        }
    }

    /** Gives the files back without writing what is buffered, as a crash would. */
    void abandon() throws IOException {
        try (lockChannel;
                FileChannel open = segment) {
            buffer.clear();
        } finally {
            segment = null;
        }
    }

    private FileChannel create(long firstOffset) throws IOException {
        FileChannel created = FileChannel.open(
                directory.resolve(LedgerFormat.segmentName(firstOffset)),
                StandardOpenOption.CREATE_NEW,
                StandardOpenOption.WRITE);
        written = 0;
        write(LedgerFormat.header(partition, firstOffset), created);
        written = LedgerFormat.HEADER_BYTES;
        flush(created);
        created.force(true);
        forceDirectory();
        return created;
    }

    private void forceDirectory() throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    private void write(ByteBuffer bytes, FileChannel channel) throws IOException {
        while (bytes.hasRemaining()) {
            if (!buffer.hasRemaining()) {
                flush(channel);
            }
            int count = Math.min(buffer.remaining(), bytes.remaining());
            buffer.put(bytes.slice(bytes.position(), count));
            bytes.position(bytes.position() + count);
        }
    }

    private void flush(FileChannel channel) throws IOException {
        buffer.flip();
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
        buffer.clear();
    }

    private void repair() throws IOException {
        List<Segment> segments = Ledger.segments(directory, partition);
        for (int last = segments.size() - 1; last >= 0; last--) {
            Segment candidate = segments.get(last);
            if (resume(candidate)) {
                return;
            }
        }
    }

    /** Continues behind the last good frame; false when the segment holds none and was put aside. */
    private boolean resume(Segment last) throws IOException {
        long end = 0;
        long next = -1;
        String damage = "";
        try (SegmentReader reader = new SegmentReader(last.file(), partition, last.firstOffset())) {
            for (Frame frame = reader.next(); frame != null; frame = reader.next()) {
                if (frame.damage() != null) {
                    damage = frame.detail();
                    break;
                }
                end = reader.position();
                next = frame.offset() + 1;
            }
        }
        long size = Files.size(last.file());
        if (next < 0) {
            putAside(last, 0, size, damage);
            Files.delete(last.file());
            forceDirectory();
            return false;
        }
        FileChannel channel = FileChannel.open(last.file(), StandardOpenOption.WRITE);
        try {
            if (end < size) {
                putAside(last, end, size, damage);
                channel.truncate(end);
                channel.force(true);
            }
            channel.position(end);
        } catch (IOException e) {
            channel.close();
            throw e;
        }
        segment = channel;
        written = end;
        nextOffset = next;
        return true;
    }

    private void putAside(Segment from, long start, long end, String damage) throws IOException {
        if (end - start <= LedgerFormat.HEADER_BYTES && start == 0) {
            return;
        }
        Path aside = Files.createTempFile(directory, from.file().getFileName() + ".", ".torn");
        try (FileChannel source = FileChannel.open(from.file(), StandardOpenOption.READ);
                FileChannel target = FileChannel.open(aside, StandardOpenOption.WRITE)) {
            long copied = start;
            while (copied < end) {
                copied += source.transferTo(copied, end - copied, target);
            }
            target.force(true);
        }
        log.warn(
                "`{}` is cut at byte {} of {}: {}; the rest is kept in `{}` and Kafka is read again from there",
                from.name(),
                start,
                end,
                damage,
                aside.getFileName());
    }
}
