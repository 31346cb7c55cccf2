package dev.chaperone.enforcer;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** The few things that a segment's writer asks of the file system; disks that fail are told apart here. */
interface SegmentFile extends AutoCloseable {

    ByteBuffer ZEROS = ByteBuffer.allocateDirect(64 * 1024).asReadOnlyBuffer();

    /** Writes the whole buffer at the end. */
    void write(ByteBuffer bytes) throws IOException;

    /**
     * Puts zeros behind the end, of which what is written next takes the place. A file whose size does not change and whose
     * blocks are where they were is synced without the file system's journal, in about half the time.
     */
    void reserve(int bytes) throws IOException;

    /** Returns once everything written is on the disk. */
    void force() throws IOException;

    /** Cuts the file off, what is reserved included. */
    void truncate(long size) throws IOException;

    @Override
    void close() throws IOException;

    /** Makes files. */
    @FunctionalInterface
    interface Opener {

        /** Creates an empty file, replacing one that exists. */
        SegmentFile create(Path file) throws IOException;
    }

    /** A real file. */
    static SegmentFile create(Path file) throws IOException {
        FileChannel channel = DurableFiles.openPrivate(
                file, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE);
        return new SegmentFile() {
            @Override
            public void write(ByteBuffer bytes) throws IOException {
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
            }

            @Override
            public void reserve(int bytes) throws IOException {
                long end = channel.position() + bytes;
                for (long at = channel.position(); at < end; ) {
                    ByteBuffer zeros = ZEROS.duplicate();
                    at += channel.write(zeros.limit((int) Math.min(zeros.capacity(), end - at)), at);
                }
            }

            @Override
            public void force() throws IOException {
                channel.force(false);
            }

            @Override
            public void truncate(long size) throws IOException {
                channel.truncate(size);
            }

            @Override
            public void close() throws IOException {
                channel.close();
            }
        };
    }
}
