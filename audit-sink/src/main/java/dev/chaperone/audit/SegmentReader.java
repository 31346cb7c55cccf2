package dev.chaperone.audit;

import dev.chaperone.audit.LedgerItem.Damage;
import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Reads one segment file, a frame at a time. */
final class SegmentReader implements Closeable {

    private final int partition;
    private final long firstOffset;
    private final long size;
    private final DataInputStream input;
    private long position;
    private boolean ended;

    SegmentReader(Path file, int partition, long firstOffset) throws IOException {
        this(file, partition, firstOffset, 0);
    }

    /** Reads from a place on at which a frame starts; 0 is the file's start. */
    SegmentReader(Path file, int partition, long firstOffset, long from) throws IOException {
        this.partition = partition;
        this.firstOffset = firstOffset;
        this.position = from;
        FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
        try {
            this.size = channel.size();
            channel.position(from);
        } catch (IOException e) {
            channel.close();
            throw e;
        }
        this.input = new DataInputStream(new BufferedInputStream(Channels.newInputStream(channel), 1 << 16));
    }

    /**
     * One frame, or one damaged place.
     *
     * @param position where it starts
     * @param offset Kafka offset
     * @param bytes the record; empty when damaged
     * @param damage what is wrong; null for a good frame
     */
    record Frame(
            long position,
            long offset,
            byte[] bytes,
            @Nullable Damage damage,
            String detail) {}

    /** Where the next frame starts. */
    long position() {
        return position;
    }

    /** The next frame; null at the end of the segment. After damage other than RECORD there is nothing more. */
    @Nullable
    Frame next() throws IOException {
        if (ended) {
            return null;
        }
        if (position == 0) {
            Frame header = header();
            if (header != null) {
                return header;
            }
        }
        long left = size - position;
        if (left <= 0) {
            ended = true;
            return null;
        }
        if (left < LedgerFormat.FRAME_BYTES) {
            return stop(Damage.TORN, "the file ends within a frame header");
        }
        int length = input.readInt();
        int checksum = input.readInt();
        long offset = input.readLong();
        if (length < 0 || length > LedgerFormat.MAX_RECORD_BYTES) {
            return stop(Damage.LENGTH, "a record of `" + length + "` bytes cannot be");
        }
        if (left - LedgerFormat.FRAME_BYTES < length) {
            return stop(Damage.TORN, "the file ends within a record of " + length + " bytes");
        }
        byte[] bytes = input.readNBytes(length);
        long start = position;
        position += LedgerFormat.FRAME_BYTES + length;
        if (LedgerFormat.checksum(offset, bytes) != checksum) {
            return new Frame(start, offset, new byte[0], Damage.RECORD, "the checksum does not match the record");
        }
        return new Frame(start, offset, bytes, null, "");
    }

    private @Nullable Frame header() throws IOException {
        if (size < LedgerFormat.HEADER_BYTES) {
            return stop(Damage.TORN, "the file ends within its header");
        }
        byte[] found = input.readNBytes(LedgerFormat.HEADER_BYTES);
        ByteBuffer expected = LedgerFormat.header(partition, firstOffset);
        if (!Arrays.equals(found, expected.array())) {
            return stop(
                    Damage.HEADER, "the header is not that of partition " + partition + " from offset " + firstOffset);
        }
        position = LedgerFormat.HEADER_BYTES;
        return null;
    }

    private Frame stop(Damage damage, String detail) {
        ended = true;
        return new Frame(position, -1, new byte[0], damage, detail);
    }

    @Override
    public void close() throws IOException {
        input.close();
    }
}
