package dev.chaperone.enforcer;

import com.google.crypto.tink.Aead;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Gives durable frames in order, from memory while it keeps up and from the segments else. Used by one thread. */
final class SpoolReader implements AutoCloseable {

    private final Path directory;
    private final Aead spoolKey;
    private final SpoolLog log;
    private @Nullable SegmentReader segment;

    SpoolReader(Path directory, Aead spoolKey, SpoolLog log) {
        this.directory = directory;
        this.spoolKey = spoolKey;
        this.log = log;
    }

    /** The durable frame at a normalised position; null when none is there yet, or will be: its segment may have ended since. */
    @Nullable
    SpoolFrame read(SpoolPosition position) throws IOException {
        if (position.compareTo(log.end()) >= 0 || !log.normalise(position).equals(position)) {
            return null;
        }
        SpoolFrame frame = log.poll(position);
        return frame != null ? frame : fromDisk(position);
    }

    private SpoolFrame fromDisk(SpoolPosition position) throws IOException {
        SegmentReader reader = segment;
        if (reader == null || reader.segment() != position.segment() || reader.index() > position.frame()) {
            close();
            reader = SegmentReader.open(directory, position.segment(), spoolKey);
            segment = reader;
        }
        while (reader.index() < position.frame() && reader.skip()) {
            // passes over what was read from memory
        }
        SpoolFrame frame = reader.index() == position.frame() ? reader.read() : null;
        if (frame == null) {
            throw new SpoolCorruptException(
                    reader.file(), "does not hold frame `" + position.frame() + "` any more, which was acknowledged");
        }
        return frame;
    }

    @Override
    public void close() throws IOException {
        SegmentReader reader = segment;
        segment = null;
        if (reader != null) {
            reader.close();
        }
    }
}
