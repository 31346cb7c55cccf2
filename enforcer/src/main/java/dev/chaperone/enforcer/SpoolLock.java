package dev.chaperone.enforcer;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Keeps a second process out of a spool directory for as long as it is open. */
final class SpoolLock implements AutoCloseable {

    private final FileChannel channel;

    private SpoolLock(FileChannel channel) {
        this.channel = channel;
    }

    /** @throws IllegalStateException when another process holds it */
    static SpoolLock acquire(Path directory) throws IOException {
        Files.createDirectories(directory);
        FileChannel channel = DurableFiles.openPrivate(
                SpoolFiles.lock(directory), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        boolean locked = false;
        try {
            locked = channel.tryLock() != null;
        } catch (OverlappingFileLockException e) {
            locked = false; // held by this very process
        } finally {
            if (!locked) {
                channel.close();
            }
        }
        if (!locked) {
            throw new IllegalStateException("spool-directory `" + directory
                    + "` is in use by another process; give every enforcer process its own directory");
        }
        return new SpoolLock(channel);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
