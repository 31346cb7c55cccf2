package dev.chaperone.postgres;

import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.proto.ErrorCode;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file of a listening Unix socket. It is bound out of others' reach, gets its mode, and only then its name, so that at
 * no moment anybody can connect who may not.
 */
final class UnixSocketFile implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(UnixSocketFile.class);

    private final Path file;
    private final Path hidden;

    private UnixSocketFile(Path file, Path hidden) {
        this.file = file;
        this.hidden = hidden;
    }

    /**
     * Prepares a socket of that name; a file that a process left behind is replaced.
     *
     * @throws EnforcementException when somebody listens there, or the directory cannot be written
     */
    static UnixSocketFile prepare(Path file) {
        requireFree(file);
        try {
            Path hidden = Files.createTempDirectory(file.getParent(), ".s.", ownerOnly());
            return new UnixSocketFile(file, hidden.resolve("s"));
        } catch (IOException e) {
            throw failure(file, "its directory cannot be written: " + e.getMessage(), e);
        }
    }

    private static FileAttribute<Set<PosixFilePermission>> ownerOnly() {
        return PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    }

    private static void requireFree(Path file) {
        if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try {
            if (!Files.readAttributes(file, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                    .isOther()) {
                throw failure(file, "it is there and is no socket; remove it", null);
            }
        } catch (IOException e) {
            throw failure(file, String.valueOf(e.getMessage()), e);
        }
        if (answers(file)) {
            throw failure(file, "somebody listens there already; choose another `port` or `directory`", null);
        }
        LOG.info("replacing the socket `{}`, which nobody listens on", file);
    }

    private static boolean answers(Path file) {
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(file))) {
            return channel.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    /** Where to bind. */
    UnixDomainSocketAddress address() {
        return UnixDomainSocketAddress.of(hidden);
    }

    /**
     * Lets clients find it, when it is bound.
     *
     * @param mode who may connect
     */
    void publish(Set<PosixFilePermission> mode) {
        try {
            Files.setPosixFilePermissions(hidden, mode);
            Files.move(hidden, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw failure(file, String.valueOf(e.getMessage()), e);
        } finally {
            delete(hidden.getParent());
        }
    }

    /** Its final place. */
    Path path() {
        return file;
    }

    @Override
    public void close() {
        delete(hidden);
        delete(hidden.getParent());
        delete(file);
    }

    private static void delete(@Nullable Path path) {
        try {
            if (path != null) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            LOG.warn("`{}` cannot be removed: {}", path, e.getMessage());
        }
    }

    private static EnforcementException failure(Path file, String why, @Nullable Exception cause) {
        String message = "cannot listen on the Unix socket `" + file + "`: " + why;
        return cause == null
                ? new EnforcementException(ErrorCode.INTERNAL, message)
                : new EnforcementException(ErrorCode.INTERNAL, message, cause);
    }
}
