package dev.chaperone.postgres;

import dev.chaperone.audit.v1.OperationCompleted.Outcome;
import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.enforcer.HoldRequest;
import dev.chaperone.postgres.analysis.QueryAnalysis;
import dev.chaperone.postgres.analysis.SqlStatement;
import dev.chaperone.postgres.analysis.StatementClass;
import dev.chaperone.postgres.analysis.StatementDetail;
import dev.chaperone.postgres.wire.FrontendMessage.Target;
import dev.chaperone.postgres.wire.FrontendWriter;
import dev.chaperone.postgres.wire.Report;
import dev.chaperone.proto.ErrorCode;
import io.netty.buffer.ByteBuf;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * How one statement gets from its text to a portal that may run; the same for both query protocols.
 *
 * <pre>{@code
 * parse   Parse, Flush                 <- (the tree), ParseComplete
 * open    analyse the tree, decide, record the decision (writes: wait until it is durable)
 *         where masked columns are worked with: rewrite, see {@link SourceRewrite}
 *         Bind, Describe, Flush        <- BindComplete, RowDescription | NoData
 *         no other tree came, and the columns are the analysed ones: the portal may run
 * }</pre>
 *
 * Whatever goes wrong on the way has been told to the client when {@code failed} is called.
 */
final class StatementFlow {

    /** Names of our own on the upstream connection; no client may use one like it. */
    static final String RESERVED = "chaperone:";

    static final String UNREADABLE = RESERVED + "unreadable";
    private static final String NOWHERE = RESERVED + "refused";

    private final Session session;
    private final UpstreamLink link;
    private final Decider decider;
    private final Binding binding;
    private final BeforeParse beforeParse;
    private long rewritings;

    StatementFlow(Session session, UpstreamLink link, Decider decider) {
        this.session = session;
        this.link = link;
        this.decider = decider;
        this.beforeParse = new BeforeParse(session, decider);
        this.binding = new Binding(session, link, this, decider);
    }

    /** Has the server parse a statement. */
    void parse(String name, Prepared prepared, List<Integer> types, Runnable parsed, Runnable failed) {
        Consumer<ByteBuf> request = out -> FrontendWriter.parse(out, name, prepared.sent(), types);
        beforeParse.check(
                prepared.sent(),
                () -> parse(name, request, prepared, parsed, report -> {
                    session.parseError(report, prepared.sentAt());
                    failed.run();
                }),
                () -> refuse(BeforeParse.RUNS_CODE, failed));
    }

    /**
     * Refuses a text that the lexer cannot read, or that is not one statement. Nothing of it may run, but the server may say what
     * is wrong with it: whoever sent it gets the server's own words, unless the server can read it.
     *
     * @param refusal what is said should the server find nothing
     */
    void unreadable(String sql, GatewayError refusal, Runnable failed) {
        SqlStatement whole = new SqlStatement(sql, 0, sql.length(), StatementClass.UNKNOWN, "", null);
        Runnable refuse = () -> refuse(refusal, failed);
        beforeParse.check(
                sql,
                () -> parseOwn(UNREADABLE, new Prepared(whole, 0, List.of()), refuse, report -> {
                    session.parseError(report, 0);
                    failed.run();
                }),
                refuse);
    }

    BeforeParse beforeParse() {
        return beforeParse;
    }

    /** Has the server parse a statement of the gateway's own, whose name may be in use for another one. */
    void parseOwn(String name, Prepared prepared, Runnable parsed, Consumer<Report> failed) {
        parse(
                name,
                out -> {
                    FrontendWriter.close(out, Target.STATEMENT, name);
                    FrontendWriter.parse(out, name, prepared.sent(), prepared.types());
                },
                prepared,
                parsed,
                failed);
    }

    private void parse(
            String name, Consumer<ByteBuf> request, Prepared prepared, Runnable parsed, Consumer<Report> failed) {
        if (session.pins().loose() && session.transaction().good()) {
            session.pins().tighten(link, () -> parse(name, request, prepared, parsed, failed), failed);
            return;
        }
        link.takeTrees();
        List<String> dropped = session.handles().dropped();
        session.reports().parsing(true);
        if (Subject.needsTree(prepared.statement())) {
            decider.askAhead();
        }
        link.ask(
                out -> {
                    dropped.forEach(handle -> FrontendWriter.close(out, Target.STATEMENT, handle));
                    request.accept(out);
                    FrontendWriter.flush(out);
                },
                "31E",
                "1E",
                message -> {
                    if (message.tag() == '3') {
                        return;
                    }
                    session.reports().parsing(false);
                    List<String> trees = link.takeTrees();
                    if (message.tag() == 'E') {
                        failed.accept(Report.read(message.body()));
                        return;
                    }
                    prepared.tree(trees.size() == 1 ? trees.get(0) : null);
                    if (trees.isEmpty()
                            && session.pins().tight()
                            && session.transaction().good()) {
                        // Code has told the server to be silent.
                        session.pins().loosen();
                        parseOwn(name, prepared, parsed, failed);
                    } else {
                        parsed.run();
                    }
                });
    }

    /** Decides on a statement and makes it ready to run. */
    void open(Opening opening) {
        Prepared prepared = opening.prepared();
        Runnable failed = opening.failed();
        if (prepared.unsure()) {
            again(opening.bind().statement(), prepared, () -> open(opening), failed);
            return;
        }
        if (prepared.stale() && prepared.handle() != null) {
            prepareAnew(opening);
            return;
        }
        if (prepared.stale()) {
            refuse(GatewayError.stalePlan(), failed);
            return;
        }
        if (prepared.statement().detail() instanceof StatementDetail.Copy copy && copy.client()) {
            new CopyFlow(session, link, this, decider, opening, copy).open();
            return;
        }
        GatewayError invalid = ClientMessages.refusal(prepared.statement());
        if (invalid != null) {
            refuse(invalid, failed);
            return;
        }
        if (UtilityFlow.opens(prepared.statement())) {
            new UtilityFlow(session, link, this, decider, opening).open();
            return;
        }
        PlannerEstimate estimate = new PlannerEstimate(session, link, opening);
        decider.decide(prepared, opening.asked(), estimate, ruling -> {
            Report unplanned = estimate.failure();
            if (unplanned == null || ruling.refusal() != null) {
                obey(ruling, decider.recheck(prepared.tree(), ruling), () -> permitted(opening, ruling), failed);
            } else {
                session.decided(ruling);
                fail(ruling, unplanned, Prepared.REWRITTEN, failed);
            }
        });
    }

    /** Refuses, or goes on as soon as the ruling's record allows it; for what no tree says anything about. */
    void obey(Ruling ruling, Runnable permitted, Runnable failed) {
        obey(ruling, Recheck.NOTHING, permitted, failed);
    }

    /**
     * Refuses, or goes on as soon as the ruling's record allows it.
     *
     * @param recheck what people have taken their time to grant has to mean the same still
     */
    void obey(Ruling ruling, Recheck recheck, Runnable permitted, Runnable failed) {
        if (!session.open()) {
            return;
        }
        session.decided(ruling);
        GatewayError refusal = ruling.refusal();
        if (refusal != null) {
            refuseDecided(ruling, refusal, failed);
            return;
        }
        HoldRequest people = ruling.hold();
        if (ruling.held() && people != null) {
            session.running().opening(ruling);
            hold(ruling, people, new Tally(), result -> {
                if (!result.answer().granted()) {
                    refuseDecided(ruling, Refusals.notGranted(result, people.decision()), failed);
                    return;
                }
                recheck.same(same -> {
                    if (same) {
                        allow(ruling, permitted);
                    } else {
                        refuseDecided(ruling, GatewayError.stalePlan(), failed);
                    }
                });
            });
            return;
        }
        allow(ruling, permitted);
    }

    /** Asks people, and goes on with what they say. */
    void hold(Ruling ruling, HoldRequest people, Tally delivered, Consumer<Holding.Result> then) {
        new Holding(session, decider.holds(), ruling, people, delivered, then).start();
    }

    private void allow(Ruling ruling, Runnable permitted) {
        session.reports().permitted(ruling);
        session.running().opening(ruling);
        if (ruling.changes()) {
            // The database must not learn of a change before its record is safe.
            session.whenDurable(ruling.recorded(), permitted);
        } else {
            session.failOn(ruling.recorded());
            permitted.run();
        }
    }

    /** Makes a cursor that was declared by SQL ready to run by messages. */
    void openCursor(String name, Cursor cursor, Consumer<Portal> opened, Runnable failed) {
        Opening opening = UtilityFlow.fetching(name, opened, failed);
        new UtilityFlow(session, link, this, decider, opening).adopt(cursor);
    }

    /** Prepares a statement anew that may not be the one that was prepared. */
    void again(String name, Prepared prepared, Runnable sure, Runnable failed) {
        session.handles().revived(name);
        link.takeTrees();
        session.reports().parsing(true);
        link.ask(
                out -> {
                    FrontendWriter.close(out, Target.STATEMENT, name);
                    FrontendWriter.parse(out, name, prepared.sent(), prepared.types());
                    FrontendWriter.flush(out);
                },
                "31E",
                "1E",
                message -> {
                    if (message.tag() == 'E') {
                        session.parseError(Report.read(message.body()), prepared.sentAt());
                        failed.run();
                    } else if (message.tag() == '1') {
                        session.reports().parsing(false);
                        takeTree(prepared);
                        prepared.unsure(false);
                        sure.run();
                    }
                });
    }

    /**
     * Begins again with a statement that the gateway itself had prepared and that means something else now: the client, which
     * has sent a text, knows nothing of its having been prepared.
     *
     * @param upstreamFailed true when the server has refused it, outside of a transaction block
     */
    void startOver(Opening opening, Ruling ruling, boolean upstreamFailed) {
        session.running().opening(null);
        session.outbox()
                .complete(Outbox.completion(
                        ruling.request(),
                        Outcome.OUTCOME_ABORTED,
                        SqlState.FEATURE_NOT_SUPPORTED,
                        0,
                        0,
                        System.nanoTime()));
        if (upstreamFailed) {
            link.ask(FrontendWriter::sync, "Z", "Z", message -> prepareAnew(opening));
        } else {
            prepareAnew(opening);
        }
    }

    private void prepareAnew(Opening opening) {
        Prepared prepared = opening.prepared();
        Runnable anew = opening.anew();
        if (anew == null) {
            prepared.renew();
            again(opening.bind().statement(), prepared, () -> open(opening), opening.failed());
        } else {
            prepared.makeStale();
            anew.run();
        }
    }

    /** A read: as it is, or on masked values. */
    private void permitted(Opening opening, Ruling ruling) {
        Terms terms = ruling.terms();
        if (terms == null || !terms.atSource()) {
            if (AskAhead.possible(ruling) && opening.series().getAsBoolean()) {
                binding.bindAhead(opening, ruling);
            } else {
                restrict(opening, ruling);
            }
            return;
        }
        rewrite(
                opening.prepared(),
                ruling,
                (statement, narrower) -> restrict(opening.of(statement, SourceRewrite.NAME), narrower),
                opening.failed());
    }

    /**
     * Has a statement work on masked values.
     *
     * @param then gets the rewritten statement, which is {@link SourceRewrite#NAME} upstream, and the permission for it
     */
    void rewrite(Prepared prepared, Ruling ruling, BiConsumer<Prepared, Ruling> then, Runnable failed) {
        rewritings++;
        SourceRewrite.Outcome outcome = new SourceRewrite.Outcome() {
            @Override
            public void rewritten(Prepared statement, Ruling narrower) {
                then.accept(statement, narrower);
            }

            @Override
            public void refused(EnforcementException reason, boolean upstreamFailed) {
                if (upstreamFailed) {
                    session.transaction().fail();
                }
                refuseDecided(ruling, GatewayError.of(reason), failed);
            }
        };
        new SourceRewrite(link, session.analyses().catalog(), prepared, ruling, outcome).start();
    }

    /** Says from now on whether {@link SourceRewrite#NAME} is what it is now. */
    BooleanSupplier latestRewriting() {
        long latest = rewritings;
        return () -> rewritings == latest;
    }

    /** Refuses what the decision permitted. */
    void refuseDecided(Ruling ruling, GatewayError error, Runnable failed) {
        session.running().opening(null);
        session.outbox()
                .complete(Outbox.completion(
                        ruling.request(), Outcome.OUTCOME_REFUSED, error.sqlState(), 0, 0, System.nanoTime()));
        refuse(error, failed);
    }

    /** Binds a permitted statement, in a read-only transaction where its terms ask for one. */
    void restrict(Opening opening, Ruling ruling) {
        binding.restrict(opening, ruling);
    }

    /** Takes a portal that the server has already, and that no message bound: a cursor. */
    void adopt(Opening opening, Ruling ruling) {
        binding.adopt(opening, ruling);
    }

    /**
     * Looks at what the server printed since: when it has analysed the statement anew and it means something else now, the
     * statement is of no more use.
     *
     * @param decided true when it was decided on by what it meant before
     */
    boolean noteTrees(Prepared prepared, boolean decided) {
        return noteTrees(prepared, decided, link.takeTrees());
    }

    boolean noteTrees(Prepared prepared, boolean decided, List<String> trees) {
        for (String tree : trees) {
            String before = prepared.tree();
            if (tree.equals(before) || !Subject.needsTree(prepared.statement())) {
                continue;
            }
            QueryAnalysis now = session.analyses().analyseNow(tree).analysis();
            QueryAnalysis then = before == null
                    ? null
                    : session.analyses().analyseNow(before).analysis();
            if (then == null && !decided) {
                // Nobody knew what it meant; what it means now is decided on when it is bound.
                prepared.tree(tree);
            } else if (then == null || !then.equals(now)) {
                prepared.tree(tree);
                prepared.makeStale();
                return true;
            }
        }
        return false;
    }

    /** What a tree says, by the catalog as it was when the client last sent something, or as it has become since. */
    CompletionStage<Analyses.Result> analyse(String tree) {
        return decider.analyse(tree);
    }

    /** Keeps what the server printed since, for a statement that is yet to be decided on. */
    void takeTree(Prepared prepared) {
        List<String> trees = link.takeTrees();
        if (!trees.isEmpty()) {
            prepared.tree(trees.size() == 1 ? trees.get(0) : null);
        }
    }

    /** Runs a portal. */
    void run(Portal portal, int maxRows, Runnable done, Runnable failed) {
        Terms terms = portal.ruling().terms();
        if (terms == null) {
            throw new IllegalStateException("a portal without permission");
        }
        if (session.transaction().cancelled() && !portal.ruling().session()) {
            session.running().completed(portal, Outcome.OUTCOME_ABORTED, SqlState.of(ErrorCode.CANCELLED));
            refuse(GatewayError.cancelled(), failed);
            return;
        }
        if (!portal.begins()) {
            GatewayError replaced = GatewayError.stalePlan();
            session.running().completed(portal, Outcome.OUTCOME_REFUSED, replaced.sqlState());
            refuse(replaced, failed);
            return;
        }
        session.outbox().request(portal.ruling().request());
        if (portal.ruling().unanalysed() && portal.prepared().statement().runsCode()) {
            session.names().unsure();
            session.pins().loosen();
        }
        SqlStatement statement = portal.prepared().statement();
        session.transaction().runs();
        new PortalRun(
                        session,
                        link,
                        this,
                        portal,
                        terms,
                        maxRows,
                        () -> {
                            if (portal.mayChangeMeanings()) {
                                session.handles().doubt();
                            }
                            if (portal.completed()) {
                                session.names().ran(statement);
                                session.messages().ran(statement, link, () -> portal.ran(done));
                            } else {
                                done.run();
                            }
                        },
                        failed)
                .start();
    }

    /** An error of the server while a decided statement was made ready or ran. */
    void fail(Ruling ruling, Report report, int offset, Runnable failed) {
        session.running().opening(null);
        session.outbox()
                .complete(Outbox.completion(
                        ruling.request(), Outcome.OUTCOME_FAILED, report.sqlState(), 0, 0, System.nanoTime()));
        session.upstreamError(report, offset);
        failed.run();
    }

    /** Refuses as the server would: the client gets the error, and the server's transaction fails. */
    void refuse(GatewayError error, Runnable failed) {
        refuse(error.error(), failed);
    }

    /** Refuses with an error of these fields. */
    void refuse(Map<Character, String> error, Runnable failed) {
        session.clientError(error);
        if (session.transaction().failed()) {
            failed.run();
            return;
        }
        link.ask(out -> FrontendWriter.describe(out, Target.STATEMENT, NOWHERE), "E", "E", message -> {
            session.transaction().fail();
            failed.run();
        });
    }
}
