package dev.chaperone.postgres;

/** The metrics of the PostgreSQL enforcer; each is tagged with the enforcer and, where it is known, the upstream. */
public enum PostgresMetric {
    /** Client sessions that are open. */
    SESSIONS("chaperone.postgres.sessions", "client sessions that are open"),
    /** Connections turned away, by code. */
    REFUSED_CONNECTIONS("chaperone.postgres.refused.connections", "connections turned away, by error code"),
    /** Statements decided, by what was enforced. */
    STATEMENTS("chaperone.postgres.statements", "statements, by what was enforced and by error code"),
    /** Time from having a statement's analysis to having its decision. */
    DECISION_TIME("chaperone.postgres.decision", "time from a statement's analysis to its decision"),
    /** Rows delivered. */
    ROWS("chaperone.postgres.rows", "rows delivered"),
    /** Values masked. */
    MASKED_VALUES("chaperone.postgres.masked.values", "values replaced by a mask"),
    /** Identifiers found in text that no mask covers, by detector. */
    DETECTED("chaperone.postgres.detected", "identifiers found in text that no mask covers, by detector"),
    /** Payload bytes delivered. */
    BYTES("chaperone.postgres.bytes", "payload bytes delivered"),
    /** Sessions ended because the database's answer was not what had been analysed. */
    MISMATCHES("chaperone.postgres.mismatches", "sessions ended because the database answered other than analysed");

    private final String metric;
    private final String description;

    PostgresMetric(String metric, String description) {
        this.metric = metric;
        this.description = description;
    }

    /** The meter's name. */
    public String metric() {
        return metric;
    }

    /** What it counts or measures. */
    public String description() {
        return description;
    }
}
