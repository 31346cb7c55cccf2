package dev.chaperone.pdp.approval;

import java.time.OffsetDateTime;
import org.jooq.Field;
import org.jooq.Record;
import org.jooq.Table;
import org.jooq.impl.DSL;
import org.jooq.impl.SQLDataType;

/** The tables of the migrations, for typed statements. {@code ApprovalsIT} would fail on a column that is not there. */
final class Db {

    private Db() {}

    /** The database's own time, at this moment and not at the beginning of the transaction. */
    static final Field<OffsetDateTime> NOW =
            DSL.field("clock_timestamp()", SQLDataType.TIMESTAMPWITHTIMEZONE.notNull());

    /** Table {@code approval}. */
    static final class Approvals {
        static final Table<Record> TABLE = DSL.table(DSL.name("approval"));
        static final Field<String> ID = DSL.field(DSL.name("approval", "id"), SQLDataType.CLOB);
        static final Field<String> STATE = DSL.field(DSL.name("approval", "state"), SQLDataType.CLOB);
        static final Field<Long> REVISION = DSL.field(DSL.name("approval", "revision"), SQLDataType.BIGINT);
        static final Field<byte[]> DIGEST = DSL.field(DSL.name("approval", "digest"), SQLDataType.BLOB);
        static final Field<String> SESSION_ID = DSL.field(DSL.name("approval", "session_id"), SQLDataType.CLOB);
        static final Field<Boolean> OUTLIVES_CALL =
                DSL.field(DSL.name("approval", "outlives_call"), SQLDataType.BOOLEAN);
        static final Field<String> PROVEN_ENFORCER =
                DSL.field(DSL.name("approval", "proven_enforcer"), SQLDataType.CLOB);
        static final Field<String> ISSUER = DSL.field(DSL.name("approval", "issuer"), SQLDataType.CLOB);
        static final Field<String> SUBJECT = DSL.field(DSL.name("approval", "subject"), SQLDataType.CLOB);
        static final Field<String> AGENT = DSL.field(DSL.name("approval", "agent"), SQLDataType.CLOB);
        static final Field<String[]> GROUPS = DSL.field(DSL.name("approval", "groups"), SQLDataType.CLOB.array());
        static final Field<String> MODE = DSL.field(DSL.name("approval", "mode"), SQLDataType.CLOB);
        static final Field<Boolean> BREAK_GLASS = DSL.field(DSL.name("approval", "break_glass"), SQLDataType.BOOLEAN);
        static final Field<Long> USES = DSL.field(DSL.name("approval", "uses"), SQLDataType.BIGINT);
        static final Field<OffsetDateTime> CREATED_AT =
                DSL.field(DSL.name("approval", "created_at"), SQLDataType.TIMESTAMPWITHTIMEZONE);
        static final Field<OffsetDateTime> CHANGED_AT =
                DSL.field(DSL.name("approval", "changed_at"), SQLDataType.TIMESTAMPWITHTIMEZONE);
        static final Field<OffsetDateTime> EXPIRES_AT =
                DSL.field(DSL.name("approval", "expires_at"), SQLDataType.TIMESTAMPWITHTIMEZONE);
        static final Field<byte[]> CONTENT = DSL.field(DSL.name("approval", "content"), SQLDataType.BLOB);

        private Approvals() {}
    }

    /** Table {@code approval_vote}. */
    static final class Votes {
        static final Table<Record> TABLE = DSL.table(DSL.name("approval_vote"));
        static final Field<String> APPROVAL_ID = DSL.field(DSL.name("approval_vote", "approval_id"), SQLDataType.CLOB);
        static final Field<Integer> NUMBER = DSL.field(DSL.name("approval_vote", "number"), SQLDataType.INTEGER);
        static final Field<String> ISSUER = DSL.field(DSL.name("approval_vote", "issuer"), SQLDataType.CLOB);
        static final Field<String> SUBJECT = DSL.field(DSL.name("approval_vote", "subject"), SQLDataType.CLOB);
        static final Field<Boolean> APPROVE = DSL.field(DSL.name("approval_vote", "approve"), SQLDataType.BOOLEAN);
        static final Field<byte[]> CONTENT = DSL.field(DSL.name("approval_vote", "content"), SQLDataType.BLOB);

        private Votes() {}
    }

    /** Table {@code approval_use}. */
    static final class Uses {
        static final Table<Record> TABLE = DSL.table(DSL.name("approval_use"));
        static final Field<String> APPROVAL_ID = DSL.field(DSL.name("approval_use", "approval_id"), SQLDataType.CLOB);
        static final Field<Long> NUMBER = DSL.field(DSL.name("approval_use", "number"), SQLDataType.BIGINT);
        static final Field<String> CONSUMPTION_ID =
                DSL.field(DSL.name("approval_use", "consumption_id"), SQLDataType.CLOB);
        static final Field<String> SESSION_ID = DSL.field(DSL.name("approval_use", "session_id"), SQLDataType.CLOB);

        private Uses() {}
    }

    /** Table {@code outbox_event}. */
    static final class Events {
        static final Table<Record> TABLE = DSL.table(DSL.name("outbox_event"));
        static final Field<Long> SEQUENCE = DSL.field(DSL.name("outbox_event", "sequence"), SQLDataType.BIGINT);
        static final Field<String> APPROVAL_ID = DSL.field(DSL.name("outbox_event", "approval_id"), SQLDataType.CLOB);
        static final Field<OffsetDateTime> AT =
                DSL.field(DSL.name("outbox_event", "at"), SQLDataType.TIMESTAMPWITHTIMEZONE);
        static final Field<byte[]> CONTENT = DSL.field(DSL.name("outbox_event", "content"), SQLDataType.BLOB);

        private Events() {}
    }

    /** Table {@code outbox_delivery}. */
    static final class Deliveries {
        static final Table<Record> TABLE = DSL.table(DSL.name("outbox_delivery"));
        static final Field<Long> SEQUENCE = DSL.field(DSL.name("outbox_delivery", "sequence"), SQLDataType.BIGINT);
        static final Field<String> CHANNEL = DSL.field(DSL.name("outbox_delivery", "channel"), SQLDataType.CLOB);
        static final Field<Integer> ATTEMPTS = DSL.field(DSL.name("outbox_delivery", "attempts"), SQLDataType.INTEGER);
        static final Field<OffsetDateTime> DUE_AT =
                DSL.field(DSL.name("outbox_delivery", "due_at"), SQLDataType.TIMESTAMPWITHTIMEZONE);

        private Deliveries() {}
    }
}
