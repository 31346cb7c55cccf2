package dev.chaperone.enforcer;

/** Every metric of the recorder. */
public enum RecordingMetric {
    /** Bytes in the spool directory that are not shipped yet. */
    SPOOL_BYTES("chaperone.recording.spool.bytes", Kind.GAUGE, "bytes of records that Kafka does not have yet"),
    /** Bytes waiting for the disk. */
    QUEUE_BYTES("chaperone.recording.queue.bytes", Kind.GAUGE, "bytes of events waiting for the disk"),
    /** From the call to the durable record. */
    APPEND_LATENCY("chaperone.recording.append", Kind.TIMER, "time from recording an event to its being durable"),
    /** Events that shared one sync. */
    GROUP_SIZE("chaperone.recording.group.size", Kind.SUMMARY, "events that shared one sync of the disk"),
    /** Records that Kafka has acknowledged. */
    SHIPPED("chaperone.recording.shipped", Kind.COUNTER, "records acknowledged by Kafka"),
    /** Whether shipping is stalled. */
    STALLED("chaperone.recording.stalled", Kind.GAUGE, "1 while Kafka takes no records, else 0"),
    /** Whether the recorder refuses. */
    REFUSING("chaperone.recording.refusing", Kind.GAUGE, "1 while nothing can be recorded, else 0"),
    /** Events that were not recorded; what they described was refused. */
    REFUSED("chaperone.recording.refused", Kind.COUNTER, "events that could not be recorded"),
    /** Client sessions that are open. */
    OPEN_SESSIONS("chaperone.recording.sessions.open", Kind.GAUGE, "client sessions that are open");

    /** What kind of meter it is. */
    public enum Kind {
        /** Goes up. */
        COUNTER,
        /** A value now. */
        GAUGE,
        /** Durations. */
        TIMER,
        /** A distribution. */
        SUMMARY
    }

    private final String meter;
    private final Kind kind;
    private final String description;

    RecordingMetric(String meter, Kind kind, String description) {
        this.meter = meter;
        this.kind = kind;
        this.description = description;
    }

    /** The meter's name in Micrometer's form. */
    public String meter() {
        return meter;
    }

    /** What kind of meter it is. */
    public Kind kind() {
        return kind;
    }

    /** One line of help, with the unit. */
    public String description() {
        return description;
    }
}
