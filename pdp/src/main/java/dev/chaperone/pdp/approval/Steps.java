package dev.chaperone.pdp.approval;

import dev.chaperone.approval.v1.Approval;
import dev.chaperone.approval.v1.ApprovalEvent;
import dev.chaperone.approval.v1.State;
import dev.chaperone.decision.v1.Principal;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jooq.Condition;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.InsertValuesStep2;
import org.jooq.Record;
import org.jooq.impl.DSL;
import org.jspecify.annotations.Nullable;

/**
 * One step of an approval from a state to the next, in the caller's transaction: by compare-and-set on its revision, with its event
 * in the outbox, and with a notification to every replica once the transaction is committed.
 */
final class Steps {

    /** What PostgreSQL's NOTIFY is sent on; the payload is the approval's id. */
    static final String NOTIFICATIONS = "chaperone_approvals";

    private final ApprovalRecords records;
    private final List<Channel> channels;

    Steps(ApprovalRecords records, List<Channel> channels) {
        this.records = records;
        this.channels = List.copyOf(channels);
    }

    /** Not lapsed at this moment. */
    static Condition usable() {
        return Db.Approvals.EXPIRES_AT.gt(Db.NOW);
    }

    /** A time so long from now. */
    static Field<OffsetDateTime> in(java.time.Duration duration) {
        return DSL.field(
                "clock_timestamp() + ({0} * interval '1 microsecond')",
                OffsetDateTime.class, DSL.val(duration.toNanos() / 1_000));
    }

    /**
     * Takes the step, unless somebody else has taken one, or the condition does not hold.
     *
     * @param more what else is set
     * @return the approval after it; null when nothing was done
     */
    @Nullable
    Approval take(
            DSLContext sql,
            Approval before,
            State to,
            Map<? extends Field<?>, ?> more,
            Condition condition,
            Told told) {
        int changed = sql.update(Db.Approvals.TABLE)
                .set(Db.Approvals.STATE, ApprovalRecords.name(to))
                .set(Db.Approvals.REVISION, before.getRevision() + 1)
                .set(Db.Approvals.CHANGED_AT, Db.NOW)
                .set(more)
                .where(Db.Approvals.ID.eq(before.getId()))
                .and(Db.Approvals.REVISION.eq(before.getRevision()))
                .and(Db.Approvals.STATE.eq(ApprovalRecords.name(before.getState())))
                .and(condition)
                .execute();
        if (changed == 0) {
            return null;
        }
        told.besides().run();
        Approval after = records.find(sql, before.getId());
        if (after == null) {
            return null;
        }
        tell(sql, after, told);
        return after;
    }

    /**
     * What others are told of a step.
     *
     * @param kind what happened
     * @param actor the person who did it; null for nobody
     * @param words the justification, or why it was refused
     * @param besides what else the step writes
     */
    record Told(ApprovalEvent.Kind kind, @Nullable Principal actor, String words, Runnable besides) {

        Told(ApprovalEvent.Kind kind, @Nullable Principal actor, String words) {
            this(kind, actor, words, () -> {});
        }

        Told(ApprovalEvent.Kind kind) {
            this(kind, null, "");
        }
    }

    /** Puts the event of a step into the outbox, and wakes whoever watches. */
    void tell(DSLContext sql, Approval after, Told told) {
        ApprovalEvent.Builder event = ApprovalEvent.newBuilder()
                .setEventId(UUID.randomUUID().toString())
                .setKind(told.kind())
                .setAt(
                        told.kind() == ApprovalEvent.Kind.KIND_REFUSED
                                ? Times.timestamp(now(sql))
                                : after.getChangedAt())
                .setWords(told.words())
                .setApproval(after);
        if (told.actor() != null) {
            event.setActor(told.actor());
        }
        List<Channel> wanting =
                channels.stream().filter(channel -> channel.wants(told.kind())).toList();
        if (!wanting.isEmpty()) {
            Record stored = sql.insertInto(Db.Events.TABLE)
                    .set(Db.Events.APPROVAL_ID, after.getId())
                    .set(Db.Events.CONTENT, event.build().toByteArray())
                    .returning(Db.Events.SEQUENCE)
                    .fetchSingle();
            InsertValuesStep2<Record, Long, String> deliveries =
                    sql.insertInto(Db.Deliveries.TABLE, Db.Deliveries.SEQUENCE, Db.Deliveries.CHANNEL);
            for (Channel channel : wanting) {
                deliveries = deliveries.values(stored.get(Db.Events.SEQUENCE), channel.name());
            }
            deliveries.execute();
        }
        sql.query("select pg_notify({0}, {1})", DSL.val(NOTIFICATIONS), DSL.val(after.getId()))
                .execute();
    }

    private static OffsetDateTime now(DSLContext sql) {
        return sql.select(Db.NOW).fetchSingle().value1();
    }
}
