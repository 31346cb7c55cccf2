package dev.chaperone.audit;

import dev.chaperone.audit.v1.LedgerStatus;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** How the ledger is as files, and whether the sink stores. */
final class LedgerState {

    private final Path ledger;
    private final AuditSink sink;

    LedgerState(Path ledger, AuditSink sink) {
        this.ledger = ledger;
        this.sink = sink;
    }

    private static final class Partition {
        int segments;
        long bytes;
        Instant lastWritten = Instant.EPOCH;
    }

    LedgerStatus.Builder status() {
        LedgerStatus.Builder status = LedgerStatus.newBuilder()
                .setLag(sink.lag())
                .setStoredRecords(sink.storedRecords())
                .setProblem(problem());
        partitions()
                .forEach((number, partition) -> status.addPartitionsBuilder()
                        .setNumber(number)
                        .setSegments(partition.segments)
                        .setBytes(partition.bytes)
                        .setLastWritten(EvidenceMessages.timestamp(partition.lastWritten)));
        return status;
    }

    private String problem() {
        @Nullable String message = null;
        try {
            sink.check();
            return "";
        } catch (IllegalStateException e) {
            message = e.getMessage();
        }
        return message == null ? "the sink does not store" : message;
    }

    private Map<Integer, Partition> partitions() {
        Map<Integer, Partition> partitions = new TreeMap<>();
        if (!Files.isDirectory(ledger)) {
            return partitions;
        }
        for (Ledger.Segment segment : Ledger.open(ledger).segments()) {
            Partition partition = partitions.computeIfAbsent(segment.partition(), number -> new Partition());
            try {
                partition.segments++;
                partition.bytes += Files.size(segment.file());
                Instant written = Files.getLastModifiedTime(segment.file()).toInstant();
                if (written.isAfter(partition.lastWritten)) {
                    partition.lastWritten = written;
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return partitions;
    }
}
