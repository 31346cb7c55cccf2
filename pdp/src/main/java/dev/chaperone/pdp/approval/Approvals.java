package dev.chaperone.pdp.approval;

import dev.chaperone.approval.v1.Approval;
import dev.chaperone.approval.v1.ApproveRequest;
import dev.chaperone.approval.v1.ConsumeRequest;
import dev.chaperone.approval.v1.CreateApprovalRequest;
import dev.chaperone.approval.v1.DenyRequest;
import dev.chaperone.approval.v1.ListApprovalsRequest;
import dev.chaperone.approval.v1.ListApprovalsResponse;
import dev.chaperone.decision.v1.Principal;
import dev.chaperone.pdp.approval.ApprovalException.Problem;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jooq.DSLContext;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Everything that can be done with approvals. Calls wait for the database, and throw {@link ApprovalException}: whoever gets one
 * has nothing granted. Safe for use by any thread, and by several replicas on one database.
 */
public final class Approvals implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Approvals.class);
    private static final int ATTEMPTS = 8;

    private final ApprovalsConfig config;
    private final Database database;
    private final ApprovalRecords records;
    private final Seeing seeing;
    private final Requests requests;
    private final Decisions decisions;
    private final Changes changes;
    private final Outbox outbox;
    private final Sweeper sweeper;
    private final SealedValues sealedValues;

    /**
     * Does nothing before {@link #start()}.
     *
     * @param policyVersion of the policy in force; empty while there is none, when nothing is granted or redeemed
     * @param channels who is told what happens, beside those who watch; closed with this
     */
    public Approvals(ApprovalsConfig config, Supplier<String> policyVersion, List<Channel> channels) {
        this.config = config;
        // One listens for changes; each channel keeps one for as long as a delivery takes, so that none of them holds
        // calls up.
        this.database = new Database(config.store(), 1 + channels.size());
        this.records = new ApprovalRecords(config.url());
        Steps steps = new Steps(records, channels);
        this.seeing = new Seeing(config.auditorGroups());
        this.requests = new Requests(config, records, steps, policyVersion);
        this.decisions = new Decisions(records, steps, policyVersion);
        this.changes = new Changes(database, records, config.limits().watchers());
        this.outbox = new Outbox(database, channels);
        this.sealedValues = new SealedValues(database);
        this.sweeper = new Sweeper(database, records, steps, outbox, config.keep());
    }

    /**
     * Opens the database, and brings its schema up to date.
     *
     * @throws ApprovalException when that cannot be
     */
    public void start() {
        try {
            database.start();
            changes.start();
            outbox.start();
            sweeper.start();
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /** Small secrets of the console, which replicas share. */
    public SealedValues sealedValues() {
        return sealedValues;
    }

    /** How it is set up. */
    ApprovalsConfig config() {
        return config;
    }

    /**
     * Opens an approval, or finds what was granted or waits for the same.
     *
     * @param enforcer who asks, as far as that is proven ({@link ProvenEnforcer}); only the same one can go on with it
     */
    public Approval create(String enforcer, CreateApprovalRequest request) {
        return step(sql -> requests.create(sql, enforcer, request));
    }

    /** Withdraws what waits; what does not wait stays as it is. */
    public Approval cancel(String enforcer, String id) {
        return step(sql -> requests.cancel(sql, enforcer, id));
    }

    /** Redeems a grant. */
    public Approval consume(String enforcer, ConsumeRequest request) {
        return step(sql -> requests.consume(sql, enforcer, request));
    }

    /** An approval, for the enforcer that asked for it. */
    Approval find(String enforcer, String id) {
        return database.read(sql -> requests.existing(sql, enforcer, id));
    }

    /** Follows one approval, for the enforcer that asked for it: its changes from now on. */
    Subscription watch(String id, Consumer<Approval> subscriber) {
        return changes.watch(id, subscriber);
    }

    /** An approval as that person may see it. */
    public Approval get(Principal person, String id) {
        Approval found = database.read(sql -> records.find(sql, id));
        if (found == null || !seeing.may(person, found)) {
            throw Seeing.nothing();
        }
        return found;
    }

    /** What that person may see, newest first. */
    public ListApprovalsResponse list(Principal person, ListApprovalsRequest request) {
        return database.read(sql -> seeing.list(sql, records, person, request));
    }

    /** Follows what that person may see: changes from now on. The subscriber must not block. */
    public Subscription watchAll(Principal person, Consumer<Approval> subscriber) {
        String who = String.join("\n", person.getIssuer(), person.getSubject(), person.getAgent());
        return changes.watchAll(who, approval -> {
            if (seeing.may(person, approval)) {
                subscriber.accept(approval);
            }
        });
    }

    /**
     * Takes down a person's consent.
     *
     * @param person verified at this moment, groups included
     */
    public Approval approve(Principal person, ApproveRequest request) {
        return vote(new Decisions.Said(
                person,
                request.getId(),
                true,
                request.getJustification(),
                request.getBreakGlass(),
                request.getRevision()));
    }

    /**
     * Takes down a person's refusal.
     *
     * @param person verified at this moment, groups included
     */
    public Approval deny(Principal person, DenyRequest request) {
        return vote(new Decisions.Said(
                person, request.getId(), false, request.getJustification(), false, request.getRevision()));
    }

    private Approval vote(Decisions.Said said) {
        try {
            return step(sql -> {
                Approval before = records.find(sql, said.id());
                if (before == null) {
                    throw Seeing.nothing();
                }
                return decisions.vote(sql, before, said);
            });
        } catch (ApprovalException e) {
            if (e.problem() == Problem.FORBIDDEN || e.problem() == Problem.CONFLICT) {
                refused(said, e.getMessage());
            }
            throw e;
        }
    }

    /** That it is on record is worth an attempt; that it was refused does not depend on it. */
    private void refused(Decisions.Said said, @Nullable String why) {
        try {
            database.transaction(sql -> {
                decisions.refused(sql, said, why == null ? "" : why);
                return said;
            });
            outbox.wake();
        } catch (ApprovalException e) {
            LOG.warn("a refused decision on `{}` could not be put on record: {}", said.id(), e.getMessage());
        }
    }

    /** Takes a step, again when somebody else was faster: on what there is then. */
    private Approval step(Function<DSLContext, @Nullable Approval> work) {
        for (int i = 0; i < ATTEMPTS; i++) {
            Approval after = database.<@Nullable Approval>transaction(work);
            if (after != null) {
                changes.tell(after);
                outbox.wake();
                return after;
            }
        }
        throw new ApprovalException(Problem.UNAVAILABLE, "too many decide on this at the same time; try again");
    }

    /** Whether the database answers. */
    public void check() {
        database.read(sql -> sql.selectOne().fetch());
    }

    @Override
    public void close() {
        sweeper.close();
        outbox.close();
        changes.close();
        database.close();
    }
}
