package dev.chaperone.audit;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.chaperone.audit.Ledger.Place;
import dev.chaperone.audit.Ledger.Segment;
import dev.chaperone.audit.LedgerItem.Damage;
import dev.chaperone.audit.SegmentReader.Frame;
import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.AuditRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads what a ledger gets while a sink writes it: each look goes on where the last one stopped. What cannot be read is passed
 * over, which is the verifier's part to tell. Used by one thread.
 */
final class LedgerFollower {

    private static final Logger log = LoggerFactory.getLogger(LedgerFollower.class);

    private final Path directory;
    private final Map<Integer, Place> places = new HashMap<>();

    LedgerFollower(Path directory) {
        this.directory = directory;
    }

    /** Takes what was read. */
    interface Taker {
        void take(Place place, AuditEvent event);
    }

    /** Reads on to what is the end at this moment, or until it is to stop. */
    void follow(Taker taker, BooleanSupplier stop) throws IOException {
        if (!Files.isDirectory(directory)) {
            return;
        }
        Map<Integer, List<Segment>> partitions = new TreeMap<>();
        for (Segment segment : Ledger.open(directory).segments()) {
            partitions
                    .computeIfAbsent(segment.partition(), number -> new ArrayList<>())
                    .add(segment);
        }
        for (List<Segment> segments : partitions.values()) {
            partition(segments, taker, stop);
        }
    }

    private void partition(List<Segment> segments, Taker taker, BooleanSupplier stop) throws IOException {
        int number = segments.get(0).partition();
        Place place =
                places.getOrDefault(number, new Place(number, segments.get(0).firstOffset(), 0));
        for (Segment segment : segments) {
            if (segment.firstOffset() < place.segment() || stop.getAsBoolean()) {
                continue;
            }
            long from = segment.firstOffset() == place.segment() ? place.position() : 0;
            place = new Place(number, segment.firstOffset(), read(segment, from, taker, stop));
            places.put(number, place);
        }
    }

    /** Reads a segment to its end; returns where that is. */
    private static long read(Segment segment, long from, Taker taker, BooleanSupplier stop) throws IOException {
        if (Files.size(segment.file()) <= from) {
            return from;
        }
        try (SegmentReader reader =
                new SegmentReader(segment.file(), segment.partition(), segment.firstOffset(), from)) {
            while (!stop.getAsBoolean()) {
                Frame frame = reader.next();
                if (frame == null) {
                    break;
                }
                if (frame.damage() == null) {
                    take(new Place(segment.partition(), segment.firstOffset(), frame.position()), frame, taker);
                } else if (frame.damage() != Damage.RECORD) {
                    // Being written still; or damaged for good, and then the next segment is what there is.
                    return frame.position();
                }
            }
            return reader.position();
        }
    }

    private static void take(Place place, Frame frame, Taker taker) {
        try {
            taker.take(
                    place,
                    AuditEvent.parseFrom(AuditRecord.parseFrom(frame.bytes()).getEvent()));
        } catch (InvalidProtocolBufferException | RuntimeException e) {
            // One record that makes no sense must not hide those behind it.
            log.debug("offset {} of partition {} is passed over", frame.offset(), place.partition(), e);
        }
    }
}
