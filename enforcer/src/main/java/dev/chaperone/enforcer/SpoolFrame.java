package dev.chaperone.enforcer;

/**
 * One durable record on its way to Kafka.
 *
 * @param position where it lies
 * @param key Kafka's key: the session id, UTF-8
 * @param record a serialized AuditRecord
 */
record SpoolFrame(SpoolPosition position, byte[] key, byte[] record) {

    /** What the frame counts for in bounded queues. */
    int size() {
        return key.length + record.length;
    }
}
