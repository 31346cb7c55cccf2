package dev.chaperone.enforcer;

import com.google.crypto.tink.Aead;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts groups of entries on the disk. A group that cannot be written is tried once more in a new segment; when that fails too
 * the disk counts as broken: client entries fail and their chains end, control entries wait, and every further call first
 * tries a new segment. Used by one thread at a time.
 */
final class SpoolWriter {

    private static final Logger log = LoggerFactory.getLogger(SpoolWriter.class);

    /** Most bytes, and the least part of a segment, that are reserved at a time. */
    private static final long RESERVE = 1024 * 1024;

    private static final int PARTS = 64;

    private final RecordingConfig config;
    private final Path directory;
    private final Aead spoolKey;
    private final SegmentFile.Opener opener;
    private final SpoolLog spoolLog;
    private final boolean sync;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(1024 * 1024);
    private final List<SpoolEntry> unwritten = new ArrayList<>();
    private @Nullable SegmentWriter active;
    private long nextSegment;
    private long previousFrames;
    private volatile boolean broken;

    SpoolWriter(
            RecordingConfig config,
            Aead spoolKey,
            SegmentFile.Opener opener,
            SpoolRecovery recovery,
            SpoolLog spoolLog) {
        this.config = config;
        this.directory = config.spoolDirectory();
        this.spoolKey = spoolKey;
        this.opener = opener;
        this.spoolLog = spoolLog;
        this.sync = config.durability() != RecordingConfig.Durability.RELAXED;
        this.nextSegment = recovery.nextSegment();
        SpoolRecovery.Segment last = recovery.segments().get(nextSegment - 1);
        this.previousFrames = last == null ? 0 : last.frames();
    }

    /** What became of a group. */
    record Outcome(
            List<SpoolFrame> frames,
            List<SpoolEntry> written,
            List<SpoolEntry> failed,
            @Nullable Exception cause) {}

    /** Begins the first segment. */
    void open() throws IOException {
        segment();
    }

    boolean broken() {
        return broken;
    }

    /** True when writing a few entries asks nothing of the file system but to take bytes. */
    boolean ready() {
        SegmentWriter writer = active;
        return !sync
                && !broken
                && writer != null
                && writer.committedSize() < config.segmentSize().bytes();
    }

    /**
     * Writes a group; an empty one proves that the disk works.
     *
     * @param beforePublication sees what was written before anyone can ship it
     */
    Outcome write(List<SpoolEntry> group, Consumer<Outcome> beforePublication) {
        List<SpoolEntry> live = new ArrayList<>(unwritten);
        List<SpoolEntry> failed = new ArrayList<>();
        for (SpoolEntry entry : group) {
            (entry.control() || !(broken || entry.chain().broken()) ? live : failed).add(entry);
        }
        failed.forEach(entry -> entry.chain().breakOff());
        Exception cause = attempt(live);
        if (cause != null && !broken) {
            log.error("cannot write to the spool, trying again in a new segment", cause);
            cause = attempt(live);
        }
        unwritten.clear();
        if (cause != null) {
            return breakDown(live, failed, cause);
        }
        broken = false;
        return publish(live, failed, beforePublication);
    }

    /** Ends the current segment once it is large enough. */
    void rollIfFull() {
        SegmentWriter full = active;
        if (full == null || full.committedSize() < config.segmentSize().bytes()) {
            return;
        }
        close();
        try {
            segment();
        } catch (IOException | RuntimeException e) {
            log.error("cannot begin a new spool segment, trying again with the next record", e);
        }
    }

    /** Ends the current segment in good order. */
    void close() {
        SegmentWriter done = active;
        if (done == null) {
            return;
        }
        active = null;
        try {
            done.close();
        } catch (IOException e) {
            log.error("cannot close spool segment `{}`; every record in it was synced before", done.segment(), e);
        }
        retire(done);
    }

    /** Control entries that never reached the disk. */
    List<SpoolEntry> unwritten() {
        return List.copyOf(unwritten);
    }

    private @Nullable Exception attempt(List<SpoolEntry> live) {
        try {
            SegmentWriter writer = segment();
            for (SpoolEntry entry : live) {
                writer.append(entry.key(), entry.record());
            }
            writer.commit(sync);
            return null;
        } catch (IOException | RuntimeException e) {
            abandon(e);
            return e;
        }
    }

    private Outcome publish(List<SpoolEntry> live, List<SpoolEntry> failed, Consumer<Outcome> beforePublication) {
        SegmentWriter writer = active;
        if (writer == null) {
            throw new IllegalStateException("a group was committed to no segment");
        }
        List<SpoolFrame> frames = new ArrayList<>(live.size());
        long index = writer.committedFrames() - live.size();
        for (SpoolEntry entry : live) {
            frames.add(new SpoolFrame(new SpoolPosition(writer.segment(), index++), entry.key(), entry.record()));
        }
        Outcome outcome = new Outcome(frames, live, failed, null);
        beforePublication.accept(outcome);
        spoolLog.extended(
                frames, new SpoolPosition(writer.segment(), writer.committedFrames()), writer.committedSize());
        return outcome;
    }

    private Outcome breakDown(List<SpoolEntry> live, List<SpoolEntry> failed, Exception cause) {
        broken = true;
        for (SpoolEntry entry : live) {
            (entry.control() ? unwritten : failed).add(entry);
        }
        failed.forEach(entry -> entry.chain().breakOff());
        return new Outcome(List.of(), List.of(), failed, cause);
    }

    private SegmentWriter segment() throws IOException {
        SegmentWriter current = active;
        if (current == null) {
            current = SegmentWriter.create(directory, nextSegment, previousFrames, spoolKey, opener, buffer, (int)
                    Math.min(RESERVE, config.segmentSize().bytes() / PARTS));
            active = current;
        }
        return current;
    }

    private void abandon(Exception cause) {
        SegmentWriter failed = active;
        active = null;
        if (failed != null) {
            failed.abandon(cause);
            // One without any committed frame is simply replaced: nobody has read it, and its key dies with it.
            if (failed.committedFrames() > 0) {
                retire(failed);
            }
        }
    }

    private void retire(SegmentWriter done) {
        nextSegment = done.segment() + 1;
        previousFrames = done.committedFrames();
        spoolLog.closed(done.segment(), done.committedFrames(), done.committedSize());
    }
}
