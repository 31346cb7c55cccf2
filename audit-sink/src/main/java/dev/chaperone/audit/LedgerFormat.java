package dev.chaperone.audit;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import java.util.zip.CRC32C;

/**
 * The layout of a segment file. All numbers are big endian.
 *
 * <pre>
 * header   "CHPLEDG1"  partition (4)  first offset (8)
 * frame    length (4)  CRC32C of offset and record (4)  Kafka offset (8)  AuditRecord (length)
 * </pre>
 *
 * The checksum finds accidents; against intent there is the chain inside the records.
 */
final class LedgerFormat {

    static final int HEADER_BYTES = 20;
    static final int FRAME_BYTES = 16;

    /** Longest record; far above Kafka's own bound of 1 MiB, and small enough to allocate. */
    static final int MAX_RECORD_BYTES = 32 << 20;

    static final String SUFFIX = ".ledger";

    /** File that is locked while a sink writes the partition. */
    static final String LOCK = "lock";

    private static final byte[] MAGIC = "CHPLEDG1".getBytes(StandardCharsets.US_ASCII);

    private LedgerFormat() {}

    static Path partitionDirectory(Path ledger, int partition) {
        return ledger.resolve("partition-" + partition);
    }

    static String segmentName(long firstOffset) {
        return String.format(Locale.ROOT, "%020d", firstOffset) + SUFFIX;
    }

    static ByteBuffer header(int partition, long firstOffset) {
        return ByteBuffer.allocate(HEADER_BYTES)
                .put(MAGIC)
                .putInt(partition)
                .putLong(firstOffset)
                .flip();
    }

    static ByteBuffer frameHeader(long offset, byte[] record) {
        return ByteBuffer.allocate(FRAME_BYTES)
                .putInt(record.length)
                .putInt(checksum(offset, record))
                .putLong(offset)
                .flip();
    }

    static int checksum(long offset, byte[] record) {
        CRC32C crc = new CRC32C();
        crc.update(ByteBuffer.allocate(Long.BYTES).putLong(offset).flip());
        crc.update(record);
        return (int) crc.getValue();
    }
}
