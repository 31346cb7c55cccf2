package dev.chaperone.pdp.approval;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.chaperone.approval.v1.Approval;
import dev.chaperone.approval.v1.State;
import dev.chaperone.audit.v1.Vote;
import dev.chaperone.decision.v1.GrantMode;
import java.net.URI;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.jooq.Condition;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.Record;
import org.jooq.SelectConditionStep;
import org.jooq.impl.DSL;
import org.jspecify.annotations.Nullable;

/** Reads rows as approvals. */
final class ApprovalRecords {

    private static final String STATE_PREFIX = "STATE_";
    private static final String MODE_PREFIX = "GRANT_MODE_";

    /** In the statement that reads the approval, so that the two are of one moment. */
    private static final Field<byte[][]> VOTES = DSL.array(DSL.select(Db.Votes.CONTENT)
            .from(Db.Votes.TABLE)
            .where(Db.Votes.APPROVAL_ID.eq(Db.Approvals.ID))
            .orderBy(Db.Votes.NUMBER));

    /** Fits, with what is around it, into a message of gRPC's default size. */
    private static final long PAGE_BYTES = 2 << 20;

    /**
     * Some approvals.
     *
     * @param more whether there are others after them
     */
    record Page(List<Approval> approvals, boolean more) {}

    private final @Nullable URI url;

    ApprovalRecords(@Nullable URI url) {
        this.url = url;
    }

    /** How a state is stored. */
    static String name(State state) {
        return state.name().substring(STATE_PREFIX.length());
    }

    /** How a mode is stored. */
    static String name(GrantMode mode) {
        return mode.name().substring(MODE_PREFIX.length());
    }

    /** The approval of that id; null for none. */
    @Nullable
    Approval find(DSLContext sql, String id) {
        List<Approval> found = read(rows(sql, Db.Approvals.ID.eq(id)).fetch());
        return found.isEmpty() ? null : found.get(0);
    }

    /** The approvals of those ids, in no order. */
    List<Approval> find(DSLContext sql, Collection<String> ids) {
        return ids.isEmpty()
                ? List.of()
                : read(rows(sql, Db.Approvals.ID.in(ids)).fetch());
    }

    /** The approvals that satisfy a condition, newest first. */
    List<Approval> newest(DSLContext sql, Condition condition, int most) {
        return read(rows(sql, condition)
                .orderBy(Db.Approvals.CREATED_AT.desc(), Db.Approvals.ID.desc())
                .limit(most)
                .fetch());
    }

    /**
     * As many of the approvals that satisfy a condition as are worth reading at once, newest first: statements may be long.
     *
     * @param most number of approvals
     */
    Page page(DSLContext sql, Condition condition, int most) {
        var sizes = sql.select(Db.Approvals.ID, DSL.field("octet_length({0})", Integer.class, Db.Approvals.CONTENT))
                .from(Db.Approvals.TABLE)
                .where(condition)
                .orderBy(Db.Approvals.CREATED_AT.desc(), Db.Approvals.ID.desc())
                .limit(most + 1)
                .fetch();
        List<String> ids = new ArrayList<>();
        long bytes = 0;
        for (var row : sizes) {
            bytes += row.value2();
            if (ids.size() == most || !ids.isEmpty() && bytes > PAGE_BYTES) {
                break;
            }
            ids.add(row.value1());
        }
        return new Page(newest(sql, Db.Approvals.ID.in(ids), most), ids.size() < sizes.size());
    }

    private static SelectConditionStep<? extends Record> rows(DSLContext sql, Condition condition) {
        return sql.select(
                        Db.Approvals.ID,
                        Db.Approvals.STATE,
                        Db.Approvals.REVISION,
                        Db.Approvals.BREAK_GLASS,
                        Db.Approvals.USES,
                        Db.Approvals.CREATED_AT,
                        Db.Approvals.CHANGED_AT,
                        Db.Approvals.EXPIRES_AT,
                        Db.Approvals.CONTENT,
                        VOTES)
                .from(Db.Approvals.TABLE)
                .where(condition);
    }

    private List<Approval> read(List<? extends Record> rows) {
        return rows.stream().map(this::read).toList();
    }

    private Approval read(Record row) {
        try {
            String id = row.get(Db.Approvals.ID);
            Approval.Builder approval = Approval.parseFrom(row.get(Db.Approvals.CONTENT)).toBuilder()
                    .setId(id)
                    .setState(State.valueOf(STATE_PREFIX + row.get(Db.Approvals.STATE)))
                    .setRevision(row.get(Db.Approvals.REVISION))
                    .setBreakGlass(row.get(Db.Approvals.BREAK_GLASS))
                    .setUses(row.get(Db.Approvals.USES))
                    .setCreatedAt(Times.timestamp(row.get(Db.Approvals.CREATED_AT)))
                    .setChangedAt(Times.timestamp(row.get(Db.Approvals.CHANGED_AT)))
                    .setExpiresAt(Times.timestamp(row.get(Db.Approvals.EXPIRES_AT)))
                    .setUrl(url == null ? "" : url + id);
            for (byte[] vote : row.get(VOTES)) {
                approval.addVotes(Vote.parseFrom(ByteString.copyFrom(vote)));
            }
            return approval.build();
        } catch (InvalidProtocolBufferException e) {
            throw new ApprovalException(
                    ApprovalException.Problem.UNAVAILABLE,
                    "the approval `" + row.get(Db.Approvals.ID) + "` cannot be read from the database",
                    e);
        }
    }
}
