package dev.chaperone.enforcer;

import com.google.crypto.tink.Aead;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;

/**
 * The beginning of a segment file: {@code magic (8) version (4) segment (8) frames of the segment before (8) marker (4) key
 * length (4) key}, numbers in big endian. The key is an AES-256 key of this segment alone, encrypted with the spool key; the
 * fields before it are its associated data, so none of them can be changed.
 *
 * @param segment the segment's number
 * @param previousFrames how many frames of the segment before this one were ever acknowledged; what follows them is debris
 * @param marker begins every frame, so that later frames can be found behind a damaged one
 * @param key 32 bytes
 * @param wrappedKey the same, encrypted
 */
record SegmentHeader(long segment, long previousFrames, int marker, byte[] key, byte[] wrappedKey) {

    private static final long MAGIC = 0x4348_5053_504f_4f4cL; // CHPSPOOL
    private static final int VERSION = 1;
    private static final int FIELDS = 8 + 4 + 8 + 8 + 4;
    private static final int MOST_WRAPPED_BYTES = 4096;

    static SegmentHeader create(long segment, long previousFrames, Aead spoolKey) throws IOException {
        SecureRandom random = new SecureRandom();
        byte[] key = new byte[32];
        random.nextBytes(key);
        int marker = random.nextInt() | 1; // never the zeros that a crash leaves behind
        try {
            byte[] wrapped = spoolKey.encrypt(key, fields(segment, previousFrames, marker));
            return new SegmentHeader(segment, previousFrames, marker, key, wrapped);
        } catch (GeneralSecurityException e) {
            throw new IOException("the spool key cannot encrypt", e);
        }
    }

    /** Length in bytes. */
    int length() {
        return FIELDS + Integer.BYTES + wrappedKey.length;
    }

    byte[] encode() {
        return ByteBuffer.allocate(length())
                .put(fields(segment, previousFrames, marker))
                .putInt(wrappedKey.length)
                .put(wrappedKey)
                .array();
    }

    /**
     * Reads and authenticates a header.
     *
     * @throws SpoolCorruptException when it is not the header that was written
     */
    static SegmentHeader read(FileChannel channel, Path file, long segment, Aead spoolKey) throws IOException {
        ByteBuffer start = ByteBuffer.allocate(FIELDS + Integer.BYTES);
        readFully(channel, start, 0);
        if (start.hasRemaining()) {
            throw new SpoolCorruptException(file, "ends within its header");
        }
        start.flip();
        long magic = start.getLong();
        int version = start.getInt();
        long number = start.getLong();
        long previousFrames = start.getLong();
        int marker = start.getInt();
        int wrappedLength = start.getInt();
        if (magic != MAGIC || version != VERSION || number != segment) {
            throw new SpoolCorruptException(file, "has another header than segment `" + segment + "` was given");
        }
        if (wrappedLength < 0 || wrappedLength > MOST_WRAPPED_BYTES) {
            throw new SpoolCorruptException(file, "has a damaged header");
        }
        ByteBuffer wrapped = ByteBuffer.allocate(wrappedLength);
        readFully(channel, wrapped, FIELDS + Integer.BYTES);
        if (wrapped.hasRemaining()) {
            throw new SpoolCorruptException(file, "ends within its header");
        }
        try {
            byte[] key = spoolKey.decrypt(wrapped.array(), fields(number, previousFrames, marker));
            return new SegmentHeader(number, previousFrames, marker, key, wrapped.array());
        } catch (GeneralSecurityException e) {
            throw new SpoolCorruptException(
                    file,
                    "has a header that does not authenticate: it is damaged, or spool-key is not the key it was written with");
        }
    }

    /** Reads until the buffer is full or the file ends. */
    static void readFully(FileChannel channel, ByteBuffer buffer, long offset) throws IOException {
        long from = offset;
        while (buffer.hasRemaining()) {
            int count = channel.read(buffer, from);
            if (count < 0) {
                return;
            }
            from += count;
        }
    }

    private static byte[] fields(long segment, long previousFrames, int marker) {
        return ByteBuffer.allocate(FIELDS)
                .putLong(MAGIC)
                .putInt(VERSION)
                .putLong(segment)
                .putLong(previousFrames)
                .putInt(marker)
                .array();
    }
}
