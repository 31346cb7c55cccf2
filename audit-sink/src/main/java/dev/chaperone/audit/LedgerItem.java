package dev.chaperone.audit;

import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.AuditRecord;

/** What a ledger holds at one place: a record, or a place where a record cannot be read. */
public sealed interface LedgerItem {

    /** Kafka partition. */
    int partition();

    /** File, relative to the ledger's directory. */
    String file();

    /** Byte position in the file. */
    long position();

    /**
     * A record whose checksum is right.
     *
     * @param offset its Kafka offset
     * @param record the record as received
     * @param event the record's event, parsed
     */
    record Entry(int partition, String file, long position, long offset, AuditRecord record, AuditEvent event)
            implements LedgerItem {}

    /**
     * A place that cannot be read.
     *
     * @param damage what kind of damage
     * @param detail the damage in words
     */
    record Damaged(int partition, String file, long position, Damage damage, String detail) implements LedgerItem {}

    /** Kinds of damage. */
    enum Damage {
        /** The segment's header is not one, or belongs to another partition or offset. */
        HEADER,
        /** The checksum is wrong, or the bytes are not an audit record; reading goes on behind it. */
        RECORD,
        /** The length is impossible; the rest of the segment cannot be read. */
        LENGTH,
        /** The file ends within a record: a write that has not finished, or a cut. */
        TORN
    }
}
