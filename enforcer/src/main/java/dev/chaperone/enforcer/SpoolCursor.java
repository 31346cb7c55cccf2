package dev.chaperone.enforcer;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * The file that says how far Kafka has everything: two slots that are overwritten in turn, so that a crash leaves one of them
 * whole and a full disk cannot stop segments from being shipped and removed. A slot is {@code count (8) segment (8) frame (8)
 * CRC-32 (8)}; the valid one with the higher count holds. Used by one thread.
 */
final class SpoolCursor implements AutoCloseable {

    private static final int SLOT = 32;
    private static final int STRIDE = 4096;

    private final FileChannel channel;
    private long count;
    private @Nullable SpoolPosition position;

    private SpoolCursor(FileChannel channel) {
        this.channel = channel;
    }

    /** Opens the file, creating it at its final size when it is missing. */
    static SpoolCursor open(Path directory) throws IOException {
        FileChannel channel = DurableFiles.openPrivate(
                SpoolFiles.cursor(directory),
                StandardOpenOption.CREATE,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE);
        try {
            if (channel.size() < 2 * STRIDE) {
                channel.write(ByteBuffer.allocate(2 * STRIDE), 0);
                channel.force(true);
                DurableFiles.syncDirectory(directory);
            }
            SpoolCursor cursor = new SpoolCursor(channel);
            cursor.readSlot(0);
            cursor.readSlot(1);
            return cursor;
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /** The first frame that Kafka is not known to have; null when nothing is known, and everything has to be shipped. */
    @Nullable
    SpoolPosition position() {
        return position;
    }

    /** Moves on; durable when this returns. */
    void move(SpoolPosition unshipped) throws IOException {
        ByteBuffer slot = ByteBuffer.allocate(SLOT)
                .putLong(count + 1)
                .putLong(unshipped.segment())
                .putLong(unshipped.frame());
        slot.putLong(checksum(slot)).flip();
        long offset = (count + 1) % 2 * STRIDE;
        while (slot.hasRemaining()) {
            offset += channel.write(slot, offset);
        }
        channel.force(false);
        count++;
        position = unshipped;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    private void readSlot(int number) throws IOException {
        ByteBuffer slot = ByteBuffer.allocate(SLOT);
        SegmentHeader.readFully(channel, slot, (long) number * STRIDE);
        if (!slot.hasRemaining() && slot.getLong(0) > count && slot.getLong(24) == checksum(slot)) {
            count = slot.getLong(0);
            position = new SpoolPosition(slot.getLong(8), slot.getLong(16));
        }
    }

    private static long checksum(ByteBuffer slot) {
        CRC32 crc = new CRC32();
        crc.update(slot.array(), 0, 24);
        return crc.getValue();
    }
}
