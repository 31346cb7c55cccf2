package dev.chaperone.enforcer;

import com.google.crypto.tink.Aead;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/** Appends frames to one segment, a group at a time. Used by one thread; after a failure it is only abandoned. */
final class SegmentWriter {

    private final long segment;
    private final SegmentFile file;
    private final FrameCipher cipher;
    private final ByteBuffer buffer;
    private final int reserve;
    private long written;
    private long reservedTo;
    private long frames;
    private long syncedFrames;
    private long committedFrames;
    private long committedSize;

    private SegmentWriter(SegmentHeader header, SegmentFile file, ByteBuffer buffer, int reserve) {
        this.segment = header.segment();
        this.file = file;
        this.cipher = new FrameCipher(header);
        this.buffer = buffer.clear();
        this.reserve = reserve;
        this.written = header.length();
        this.committedSize = written;
    }

    /**
     * Creates a segment; its header is durable before its name is.
     *
     * @param previousFrames acknowledged frames of the segment before
     * @param buffer reused between segments
     * @param reserve bytes that are reserved at a time; see {@link SegmentFile#reserve}
     */
    static SegmentWriter create(
            Path directory,
            long segment,
            long previousFrames,
            Aead spoolKey,
            SegmentFile.Opener opener,
            ByteBuffer buffer,
            int reserve)
            throws IOException {
        SegmentHeader header = SegmentHeader.create(segment, previousFrames, spoolKey);
        Path name = SpoolFiles.segment(directory, segment);
        Path fresh = SpoolFiles.unnamed(directory, segment);
        SegmentFile file = opener.create(fresh);
        try {
            file.write(ByteBuffer.wrap(header.encode()));
            file.force();
            DurableFiles.publish(fresh, name);
            return new SegmentWriter(header, file, buffer, reserve);
        } catch (IOException e) {
            closeAfter(e, file);
            throw e;
        }
    }

    long segment() {
        return segment;
    }

    /** Frames whose group was committed. */
    long committedFrames() {
        return committedFrames;
    }

    /** Length of the file up to the last committed group. */
    long committedSize() {
        return committedSize;
    }

    /** Adds one frame to the group that the next {@link #commit} ends. */
    void append(byte[] key, byte[] record) throws IOException {
        try {
            cipher.encrypt(frames, syncedFrames, key, record, this::buffer);
            frames++;
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    /** Writes the group and, when asked, waits for the disk. */
    void commit(boolean sync) throws IOException {
        flush();
        if (sync) {
            reserveAhead();
            file.force();
            syncedFrames = frames;
        }
        committedFrames = frames;
        committedSize = written;
    }

    /** A group that takes a large part of what could be reserved gains little from that, and is not worth writing it twice. */
    private void reserveAhead() throws IOException {
        if (written > reservedTo && written - committedSize <= reserve / 4) {
            file.reserve(reserve);
            reservedTo = written + reserve;
        }
    }

    /** Ends the segment in good order. */
    void close() throws IOException {
        try (file) {
            if (reservedTo > written) {
                file.truncate(written);
            }
            file.force();
        }
    }

    /** Gives the segment up after a failure: best effort to leave only committed groups; the next header says how many. */
    void abandon(Exception cause) {
        try {
            file.truncate(committedSize);
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
        closeAfter(cause, file);
    }

    private void buffer(ByteBuffer piece) {
        try {
            while (piece.hasRemaining()) {
                if (!buffer.hasRemaining()) {
                    flush();
                }
                int count = Math.min(piece.remaining(), buffer.remaining());
                buffer.put(piece.slice(piece.position(), count));
                piece.position(piece.position() + count);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void flush() throws IOException {
        buffer.flip();
        int count = buffer.remaining();
        file.write(buffer);
        written += count;
        buffer.clear();
    }

    private static void closeAfter(Exception cause, SegmentFile file) {
        try {
            file.close();
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
    }
}
