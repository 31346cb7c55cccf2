package dev.chaperone.enforcer;

import com.google.crypto.tink.Aead;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;

/** A spool directory that this process owns: locked, read through and found whole. */
final class SpoolDirectory implements AutoCloseable {

    private final Path path;
    private final FileChannel lock;
    private final SpoolCursor cursor;
    private final SpoolRecovery recovery;
    private final ControlState before;
    private final boolean openingSeen;

    private SpoolDirectory(
            Path path,
            FileChannel lock,
            SpoolCursor cursor,
            SpoolRecovery recovery,
            ControlState before,
            boolean openingSeen) {
        this.path = path;
        this.lock = lock;
        this.cursor = cursor;
        this.recovery = recovery;
        this.before = before;
        this.openingSeen = openingSeen;
    }

    /**
     * Takes possession of a directory, creating it when it is missing.
     *
     * @throws IllegalStateException when another process owns it
     * @throws SpoolCorruptException when records are missing or altered
     */
    static SpoolDirectory open(Path path, Aead spoolKey) throws IOException {
        Files.createDirectories(path);
        FileChannel lock = lock(path);
        try {
            SpoolCursor cursor = SpoolCursor.open(path, spoolKey);
            try {
                ControlState before = ControlState.read(path, spoolKey);
                byte[] beforeKey = before.session().getBytes(StandardCharsets.UTF_8);
                AtomicBoolean seen = new AtomicBoolean();
                SpoolRecovery recovery =
                        SpoolRecovery.recover(path, cursor.position(), before.end(), spoolKey, frame -> {
                            if (Arrays.equals(frame.key(), beforeKey)) {
                                seen.set(true);
                            }
                        });
                return new SpoolDirectory(path, lock, cursor, recovery, before, seen.get());
            } catch (IOException | RuntimeException e) {
                cursor.close();
                throw e;
            }
        } catch (IOException | RuntimeException e) {
            lock.close();
            throw e;
        }
    }

    Path path() {
        return path;
    }

    SpoolCursor cursor() {
        return cursor;
    }

    SpoolRecovery recovery() {
        return recovery;
    }

    /** What the next control session says about the one before. */
    ControlState successor(String controlSession) {
        return before.successor(controlSession, openingSeen);
    }

    @Override
    public void close() throws IOException {
        try (lock) {
            cursor.close();
        }
    }

    private static FileChannel lock(Path path) throws IOException {
        FileChannel channel =
                DurableFiles.openPrivate(SpoolFiles.lock(path), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
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
            throw new IllegalStateException("spool-directory `" + path
                    + "` is in use by another process; give every enforcer process its own directory");
        }
        return channel;
    }
}
