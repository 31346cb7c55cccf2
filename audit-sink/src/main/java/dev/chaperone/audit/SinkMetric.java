package dev.chaperone.audit;

/** What the sink measures. */
enum SinkMetric {
    STORED("chaperone.sink.records.stored", "records stored and forced to disk"),
    STORED_BYTES("chaperone.sink.bytes.stored", "bytes of records stored and forced to disk"),
    DUPLICATES("chaperone.sink.records.duplicate", "records dropped because they were stored already"),
    FORKS("chaperone.sink.records.forked", "records that contradict a stored one; any is an incident"),
    BROKEN_LINKS("chaperone.sink.records.unlinked", "records that do not follow their predecessor; any is an incident"),
    MALFORMED("chaperone.sink.records.malformed", "Kafka records that are no audit records, stored as they came"),
    EMPTY("chaperone.sink.records.empty", "Kafka records without a value, which are not stored"),
    LOST("chaperone.sink.offsets.lost", "Kafka offsets that were deleted before the sink read them"),
    FORCE("chaperone.sink.force", "time to force a batch to disk"),
    LAG("chaperone.sink.lag", "records in Kafka that are not stored yet"),
    RESTARTS("chaperone.sink.restarts", "times that reading stopped for an error and began again"),
    EVIDENCE_ANSWERED(
            "chaperone.sink.evidence.answered", "questions about the ledger that were put on record and answered");

    private final String id;
    private final String description;

    SinkMetric(String id, String description) {
        this.id = id;
        this.description = description;
    }

    String id() {
        return id;
    }

    String description() {
        return description;
    }
}
