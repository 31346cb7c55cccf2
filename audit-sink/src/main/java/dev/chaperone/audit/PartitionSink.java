package dev.chaperone.audit;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.chaperone.audit.Ledger.Segment;
import dev.chaperone.audit.RecentEvents.Relation;
import dev.chaperone.audit.SegmentReader.Frame;
import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.AuditRecord;
import dev.chaperone.proto.AuditChain;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Stores what one partition delivers. */
final class PartitionSink implements Closeable {

    private static final Logger log = LoggerFactory.getLogger(PartitionSink.class);

    private final int partition;
    private final PartitionLog partitionLog;
    private final RecentEvents recent;
    private final SinkMeters meters;
    private long pendingRecords;
    private long pendingBytes;

    private PartitionSink(int partition, PartitionLog partitionLog, RecentEvents recent, SinkMeters meters) {
        this.partition = partition;
        this.partitionLog = partitionLog;
        this.recent = recent;
        this.meters = meters;
    }

    static PartitionSink open(SinkConfig config, int partition, SinkMeters meters) throws IOException {
        PartitionLog opened = PartitionLog.open(
                config.ledger(), partition, config.segmentSize().bytes());
        try {
            return new PartitionSink(partition, opened, remembered(config, partition), meters);
        } catch (IOException | RuntimeException e) {
            opened.close();
            throw e;
        }
    }

    /** Fills the memory from the newest segments: as many as it takes, oldest first. */
    private static RecentEvents remembered(SinkConfig config, int partition) throws IOException {
        List<Segment> segments =
                Ledger.segments(LedgerFormat.partitionDirectory(config.ledger(), partition), partition);
        Deque<Segment> newest = new ArrayDeque<>();
        long offsets = 0;
        long end = Long.MAX_VALUE;
        for (int i = segments.size() - 1; i >= 0 && offsets < config.rememberedEvents(); i--) {
            Segment segment = segments.get(i);
            newest.addFirst(segment);
            offsets += end == Long.MAX_VALUE ? 0 : end - segment.firstOffset();
            end = segment.firstOffset();
        }
        RecentEvents recent = new RecentEvents(config.rememberedEvents());
        for (Segment segment : newest) {
            try (SegmentReader reader = new SegmentReader(segment.file(), partition, segment.firstOffset())) {
                for (Frame frame = reader.next(); frame != null; frame = reader.next()) {
                    remember(recent, frame.bytes());
                }
            }
        }
        return recent;
    }

    private static void remember(RecentEvents recent, byte[] bytes) {
        try {
            AuditRecord record = AuditRecord.parseFrom(bytes);
            byte[] event = record.getEvent().toByteArray();
            recent.add(AuditEvent.parseFrom(event), AuditChain.hash(event));
        } catch (InvalidProtocolBufferException e) {
            log.debug("a stored record does not parse, as when it was received", e);
        }
    }

    long nextOffset() {
        return partitionLog.nextOffset();
    }

    /** Takes one Kafka record. Whatever it is, it is stored exactly as it came, unless it is stored already. */
    void accept(long offset, byte[] value) throws IOException {
        if (related(offset, value) == Relation.DUPLICATE) {
            meters.count(SinkMetric.DUPLICATES, 1);
            return;
        }
        partitionLog.append(offset, value);
        pendingRecords++;
        pendingBytes += value.length;
    }

    private Relation related(long offset, byte[] value) {
        AuditEvent event;
        byte[] bytes;
        try {
            bytes = AuditRecord.parseFrom(value).getEvent().toByteArray();
            event = AuditEvent.parseFrom(bytes);
        } catch (InvalidProtocolBufferException e) {
            meters.count(SinkMetric.MALFORMED, 1);
            log.error("partition {} offset {}: not an audit record; kept as it came", partition, offset);
            return Relation.NEW;
        }
        Relation relation = recent.add(event, AuditChain.hash(bytes));
        switch (relation) {
            case NEW, DUPLICATE -> {}
            case FORK -> incident(SinkMetric.FORKS, offset, event, "another event is stored for the same place");
            case BROKEN_LINK ->
                incident(SinkMetric.BROKEN_LINKS, offset, event, "it does not name its predecessor's hash");
        }
        return relation;
    }

    private void incident(SinkMetric metric, long offset, AuditEvent event, String what) {
        meters.count(metric, 1);
        log.error(
                "partition {} offset {}: session `{}` sequence {}: {}; both are kept as evidence, verify the ledger",
                partition,
                offset,
                event.getSessionId(),
                event.getSequence(),
                what);
    }

    /** Forces what was accepted to disk; from here on it is stored. */
    void force() throws IOException {
        if (pendingRecords == 0) {
            return;
        }
        long start = System.nanoTime();
        partitionLog.force();
        meters.forced(System.nanoTime() - start, pendingRecords, pendingBytes);
        pendingRecords = 0;
        pendingBytes = 0;
    }

    @Override
    public void close() throws IOException {
        partitionLog.close();
    }

    /** Gives the files back without storing what was not forced yet. */
    void abandon() throws IOException {
        partitionLog.abandon();
    }
}
