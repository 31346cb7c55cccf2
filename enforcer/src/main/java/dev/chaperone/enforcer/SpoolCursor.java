package dev.chaperone.enforcer;

import com.google.crypto.tink.Aead;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The file that says how far Kafka has everything: two slots that are overwritten in turn, so that a crash leaves one of them
 * whole and a full disk cannot stop segments from being shipped and removed. A slot is {@code length (4)}, then, encrypted with
 * the spool key, {@code count (8) segment (8) frame (8)}; the one with the higher count that authenticates holds. Otherwise
 * whoever can write to the directory could have records removed that were never shipped. Used by one thread.
 */
final class SpoolCursor implements AutoCloseable {

    private static final int PLAIN = 3 * Long.BYTES;
    private static final int STRIDE = 4096;
    private static final byte[] PURPOSE = "chaperone spool cursor".getBytes(StandardCharsets.US_ASCII);

    private final FileChannel channel;
    private final Aead spoolKey;
    private long count;
    private @Nullable SpoolPosition position;

    private SpoolCursor(FileChannel channel, Aead spoolKey) {
        this.channel = channel;
        this.spoolKey = spoolKey;
    }

    /** Opens the file, creating it at its final size when it is missing. */
    static SpoolCursor open(Path directory, Aead spoolKey) throws IOException {
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
            SpoolCursor cursor = new SpoolCursor(channel, spoolKey);
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
        byte[] sealed = seal(ByteBuffer.allocate(PLAIN)
                .putLong(count + 1)
                .putLong(unshipped.segment())
                .putLong(unshipped.frame())
                .array());
        ByteBuffer slot = ByteBuffer.allocate(Integer.BYTES + sealed.length)
                .putInt(sealed.length)
                .put(sealed)
                .flip();
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
        ByteBuffer slot = ByteBuffer.allocate(STRIDE);
        SegmentHeader.readFully(channel, slot, (long) number * STRIDE);
        int length = slot.getInt(0);
        if (length <= 0 || length > STRIDE - Integer.BYTES) {
            return; // never written, or damaged
        }
        ByteBuffer plain = unseal(Arrays.copyOfRange(slot.array(), Integer.BYTES, Integer.BYTES + length));
        if (plain != null && plain.getLong(0) > count) {
            count = plain.getLong(0);
            position = new SpoolPosition(plain.getLong(Long.BYTES), plain.getLong(2 * Long.BYTES));
        }
    }

    private byte[] seal(byte[] plain) throws IOException {
        try {
            return spoolKey.encrypt(plain, PURPOSE);
        } catch (GeneralSecurityException e) {
            throw new IOException("the spool key cannot encrypt", e);
        }
    }

    private @Nullable ByteBuffer unseal(byte[] sealed) {
        try {
            byte[] plain = spoolKey.decrypt(sealed, PURPOSE);
            return plain.length == PLAIN ? ByteBuffer.wrap(plain) : null;
        } catch (GeneralSecurityException e) {
            return null; // torn, damaged, or somebody else's
        }
    }
}
