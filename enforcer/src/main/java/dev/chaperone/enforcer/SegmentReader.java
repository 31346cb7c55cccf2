package dev.chaperone.enforcer;

import com.google.crypto.tink.Aead;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/** Reads one segment's frames in order. Used by one thread. */
final class SegmentReader implements AutoCloseable {

    private static final int WINDOW = 1024 * 1024;

    private final Path file;
    private final FileChannel channel;
    private final SegmentHeader header;
    private final FrameCipher cipher;
    private long offset;
    private long index;

    private SegmentReader(Path file, FileChannel channel, SegmentHeader header) {
        this.file = file;
        this.channel = channel;
        this.header = header;
        this.cipher = new FrameCipher(header);
        this.offset = header.length();
    }

    /** Opens a segment at its first frame. */
    static SegmentReader open(Path directory, long segment, Aead spoolKey) throws IOException {
        Path file = SpoolFiles.segment(directory, segment);
        FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
        try {
            return new SegmentReader(file, channel, SegmentHeader.read(channel, file, segment, spoolKey));
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    Path file() {
        return file;
    }

    long segment() {
        return header.segment();
    }

    /** See {@link SegmentHeader#previousFrames}. */
    long previousFrames() {
        return header.previousFrames();
    }

    /** Index of the next frame. */
    long index() {
        return index;
    }

    /** Where the next frame begins. */
    long offset() {
        return offset;
    }

    boolean atEnd() throws IOException {
        return offset >= channel.size();
    }

    /** The next frame, or null when what lies there is not it: incomplete, damaged, or of another place. */
    @Nullable
    SpoolFrame read() throws IOException {
        ByteBuffer head = frameHeader(offset);
        if (head == null || FrameCipher.index(head) != index) {
            return null;
        }
        SpoolFrame frame = frameAt(offset, head);
        if (frame != null) {
            offset += FrameCipher.HEADER + FrameCipher.length(head);
            index++;
        }
        return frame;
    }

    /** Passes over one frame without decrypting it; false when there is none. */
    boolean skip() throws IOException {
        ByteBuffer head = frameHeader(offset);
        if (head == null || FrameCipher.index(head) != index) {
            return false;
        }
        offset += FrameCipher.HEADER + FrameCipher.length(head);
        index++;
        return true;
    }

    /**
     * Whether a group of frames that was begun after the next frame lies further on. Groups are begun only once the one before
     * is durable: then the next frame was durable, and that it cannot be read is damage, not a torn tail.
     */
    boolean laterGroupFollows() throws IOException {
        long size = channel.size();
        ByteBuffer window = ByteBuffer.allocate(WINDOW);
        for (long from = offset + 1; from + FrameCipher.HEADER <= size; from += WINDOW - FrameCipher.HEADER + 1) {
            window.clear();
            SegmentHeader.readFully(channel, window, from);
            window.flip();
            for (int at = 0; at + FrameCipher.HEADER <= window.limit(); at++) {
                if (window.getInt(at) == header.marker() && laterGroupAt(from + at)) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Whether nothing was written behind the frames that were read, only reserved. */
    boolean onlyZerosFollow() throws IOException {
        long size = channel.size();
        ByteBuffer window = ByteBuffer.allocate(WINDOW);
        for (long from = offset; from < size; from += WINDOW) {
            window.clear();
            SegmentHeader.readFully(channel, window, from);
            window.flip();
            if (window.mismatch(ByteBuffer.allocate(window.limit())) >= 0) {
                return false;
            }
        }
        return true;
    }

    private boolean laterGroupAt(long where) throws IOException {
        ByteBuffer head = frameHeader(where);
        return head != null && FrameCipher.group(head) > index && frameAt(where, head) != null;
    }

    private @Nullable ByteBuffer frameHeader(long where) throws IOException {
        ByteBuffer head = ByteBuffer.allocate(FrameCipher.HEADER);
        SegmentHeader.readFully(channel, head, where);
        if (head.hasRemaining() || !cipher.plausible(head.flip())) {
            return null;
        }
        return where + FrameCipher.HEADER + FrameCipher.length(head) <= channel.size() ? head : null;
    }

    private @Nullable SpoolFrame frameAt(long where, ByteBuffer head) throws IOException {
        ByteBuffer encrypted = ByteBuffer.allocate(FrameCipher.length(head));
        SegmentHeader.readFully(channel, encrypted, where + FrameCipher.HEADER);
        return encrypted.hasRemaining() ? null : cipher.decrypt(head, encrypted.array());
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
