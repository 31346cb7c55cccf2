package dev.chaperone.enforcer;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/** A disk that counts syncs, and that is full, broken or slow on command. */
final class TestingSegmentFiles implements SegmentFile.Opener {

    private boolean failWrites;
    private int failForces;
    private boolean blocked;
    private int forces;
    private int waiting;

    synchronized void failWrites(boolean fail) {
        failWrites = fail;
    }

    /** Lets the next syncs fail. */
    synchronized void failForces(int count) {
        failForces = count;
    }

    /** Lets syncs wait until told otherwise. */
    synchronized void block(boolean block) {
        blocked = block;
        notifyAll();
    }

    synchronized int forces() {
        return forces;
    }

    synchronized int waiting() {
        return waiting;
    }

    @Override
    public SegmentFile create(Path path) throws IOException {
        checkWrite();
        SegmentFile file = SegmentFile.create(path);
        return new SegmentFile() {
            @Override
            public void write(ByteBuffer bytes) throws IOException {
                checkWrite();
                file.write(bytes);
            }

            @Override
            public void reserve(int bytes) throws IOException {
                checkWrite();
                file.reserve(bytes);
            }

            @Override
            public void force() throws IOException {
                beforeForce();
                file.force();
            }

            @Override
            public void truncate(long size) throws IOException {
                checkWrite();
                file.truncate(size);
            }

            @Override
            public void close() throws IOException {
                file.close();
            }
        };
    }

    private synchronized void checkWrite() throws IOException {
        if (failWrites) {
            throw new IOException("no space left on command");
        }
    }

    private synchronized void beforeForce() throws IOException {
        waiting++;
        while (blocked) {
            try {
                wait();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
        }
        waiting--;
        forces++;
        if (failForces > 0) {
            failForces--;
            throw new IOException("sync failed on command");
        }
    }
}
