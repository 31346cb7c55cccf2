package dev.chaperone.postgres;

import dev.chaperone.audit.v1.OperationCompleted.Outcome;
import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.postgres.analysis.QueryAnalysis;
import dev.chaperone.postgres.analysis.SqlStatement;
import dev.chaperone.postgres.analysis.StatementClass;
import dev.chaperone.postgres.analysis.StatementDetail;
import dev.chaperone.postgres.masking.RowMask;
import dev.chaperone.postgres.wire.BackendMessage;
import dev.chaperone.postgres.wire.FrontendMessage.Bind;
import dev.chaperone.postgres.wire.FrontendMessage.Target;
import dev.chaperone.postgres.wire.FrontendWriter;
import dev.chaperone.postgres.wire.Report;
import dev.chaperone.postgres.wire.RowDescription;
import dev.chaperone.proto.ErrorCode;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

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

    private static final String READ_ONLY = RESERVED + "read-only";
    private static final String NOWHERE = RESERVED + "refused";

    private final Session session;
    private final UpstreamLink link;
    private final Decider decider;

    StatementFlow(Session session, UpstreamLink link, Decider decider) {
        this.session = session;
        this.link = link;
        this.decider = decider;
    }

    /** Has the server parse a statement. */
    void parse(String name, Prepared prepared, List<Integer> types, Runnable parsed, Runnable failed) {
        if (session.analyses().catalog().mayRunOnParse(prepared.sent())) {
            refuse(
                    GatewayError.of(
                            ErrorCode.UNANALYSABLE,
                            "a literal of the statement would run its type's own code before it is decided on",
                            "write ARRAY[...] or ROW(...) instead of a literal in quotes"),
                    failed);
            return;
        }
        parse(name, out -> FrontendWriter.parse(out, name, prepared.sent(), types), prepared, parsed, report -> {
            session.parseError(report, prepared.offset());
            failed.run();
        });
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
        if (session.pins().loose() && session.inGoodTransaction()) {
            session.pins().tighten(link, () -> parse(name, request, prepared, parsed, failed), failed);
            return;
        }
        link.takeTrees();
        List<String> dropped = session.handles().dropped();
        session.reports().parsing(true);
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
                    if (trees.isEmpty() && session.pins().tight() && session.inGoodTransaction()) {
                        // Code has told the server to be silent.
                        session.pins().loosen();
                        parseOwn(name, prepared, parsed, failed);
                    } else {
                        parsed.run();
                    }
                });
    }

    /**
     * Decides on a statement and makes it ready to run.
     *
     * @param series says whether the portal is run to its end and nothing else comes before the next Sync
     */
    void open(
            Prepared prepared,
            Bind bind,
            Asked asked,
            BooleanSupplier series,
            Consumer<Portal> opened,
            Runnable failed) {
        if (prepared.unsure()) {
            again(bind.statement(), prepared, () -> open(prepared, bind, asked, series, opened, failed), failed);
            return;
        }
        if (prepared.stale()) {
            refuse(stale(), failed);
            return;
        }
        if (prepared.statement().detail() instanceof StatementDetail.Copy copy && copy.client()) {
            new CopyFlow(session, link, this, decider, prepared, bind, asked.parameters(), opened, failed).open();
            return;
        }
        GatewayError invalid = ClientMessages.refusal(prepared.statement());
        if (invalid != null) {
            refuse(invalid, failed);
            return;
        }
        if (UtilityFlow.opens(prepared.statement())) {
            new UtilityFlow(session, link, this, decider, prepared, bind, asked.parameters(), opened, failed).open();
            return;
        }
        decider.decide(
                prepared,
                asked,
                ruling -> obey(ruling, () -> permitted(prepared, bind, ruling, series, opened, failed), failed));
    }

    /** Refuses, or goes on as soon as the ruling's record allows it. */
    void obey(Ruling ruling, Runnable permitted, Runnable failed) {
        if (!session.open()) {
            return;
        }
        session.decided(ruling);
        GatewayError refusal = ruling.refusal();
        if (refusal != null) {
            refuseDecided(ruling, refusal, failed);
            return;
        }
        session.reports().permitted(ruling);
        session.opening(ruling);
        if (ruling.changes()) {
            // The database must not learn of a change before its record is safe.
            session.whenDurable(ruling.recorded(), permitted);
        } else {
            session.failOn(ruling.recorded());
            permitted.run();
        }
    }

    /** Makes a cursor that was declared by SQL ready to run by messages; it is decided on as a FETCH from it would be. */
    void openCursor(String name, Cursor cursor, Consumer<Portal> opened, Runnable failed) {
        String text = "fetch from \"" + name.replace("\"", "\"\"") + '"';
        SqlStatement fetch = new SqlStatement(
                text, 0, text.length(), StatementClass.CURSOR, "fetch", new StatementDetail.CursorUse(name));
        Bind none = new Bind(name, "", List.of(), List.of(), List.of());
        Prepared prepared = new Prepared(fetch, Prepared.REWRITTEN, List.of());
        new UtilityFlow(session, link, this, decider, prepared, none, List.of(), opened, failed).adopt(cursor);
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
                        session.parseError(Report.read(message.body()), prepared.offset());
                        failed.run();
                    } else if (message.tag() == '1') {
                        session.reports().parsing(false);
                        takeTree(prepared);
                        prepared.unsure(false);
                        sure.run();
                    }
                });
    }

    /** A read: as it is, or on masked values. */
    private void permitted(
            Prepared prepared,
            Bind bind,
            Ruling ruling,
            BooleanSupplier series,
            Consumer<Portal> opened,
            Runnable failed) {
        Terms terms = ruling.terms();
        if (terms == null || !terms.atSource()) {
            if (AskAhead.possible(ruling) && series.getAsBoolean()) {
                bind(prepared, bind, ruling, true, opened, failed);
            } else {
                restrict(prepared, bind, ruling, opened, failed);
            }
            return;
        }
        rewrite(
                prepared,
                ruling,
                (statement, narrower) -> restrict(statement, bind.to(SourceRewrite.NAME), narrower, opened, failed),
                failed);
    }

    /**
     * Has a statement work on masked values.
     *
     * @param then gets the rewritten statement, which is {@link SourceRewrite#NAME} upstream, and the permission for it
     */
    void rewrite(Prepared prepared, Ruling ruling, BiConsumer<Prepared, Ruling> then, Runnable failed) {
        SourceRewrite.Outcome outcome = new SourceRewrite.Outcome() {
            @Override
            public void rewritten(Prepared statement, Ruling narrower) {
                then.accept(statement, narrower);
            }

            @Override
            public void refused(EnforcementException reason, boolean upstreamFailed) {
                if (upstreamFailed) {
                    session.markUpstreamFailed();
                }
                refuseDecided(ruling, GatewayError.of(reason), failed);
            }
        };
        new SourceRewrite(link, session.analyses().catalog(), prepared, ruling, outcome).start();
    }

    /** Refuses what the decision permitted. */
    void refuseDecided(Ruling ruling, GatewayError error, Runnable failed) {
        session.opening(null);
        session.outbox()
                .complete(Outbox.completion(
                        ruling.request(), Outcome.OUTCOME_REFUSED, error.sqlState(), 0, 0, System.nanoTime()));
        refuse(error, failed);
    }

    /** Binds a permitted statement, in a read-only transaction where its terms ask for one. */
    void restrict(Prepared prepared, Bind bind, Ruling ruling, Consumer<Portal> opened, Runnable failed) {
        readOnly(ruling, () -> bind(prepared, bind, ruling, false, opened, failed), failed);
    }

    /** Takes a portal that the server has already, and that no message bound: a cursor. */
    void adopt(Prepared prepared, String portal, Ruling ruling, Consumer<Portal> opened, Runnable failed) {
        Bind bound = new Bind(portal, "", List.of(), List.of(), List.of());
        readOnly(
                ruling,
                () -> link.ask(
                        out -> {
                            FrontendWriter.describe(out, Target.PORTAL, portal);
                            FrontendWriter.flush(out);
                        },
                        "TnE",
                        "TnE",
                        message -> {
                            if (message.tag() == 'E') {
                                fail(ruling, Report.read(message.body()), prepared.offset(), failed);
                            } else {
                                described(prepared, bound, ruling, message, opened, failed);
                            }
                        }),
                failed);
    }

    private void readOnly(Ruling ruling, Runnable then, Runnable failed) {
        Terms terms = ruling.terms();
        // Transaction control touches no data, and must work in a transaction that has failed.
        if (terms == null || !terms.readOnly() || ruling.session()) {
            then.run();
            return;
        }
        link.ask(
                out -> {
                    FrontendWriter.close(out, Target.PORTAL, READ_ONLY);
                    FrontendWriter.close(out, Target.STATEMENT, READ_ONLY);
                    FrontendWriter.parse(
                            out,
                            READ_ONLY,
                            "select pg_catalog.set_config('transaction_read_only', 'on', true)",
                            List.of());
                    FrontendWriter.bind(out, new Bind(READ_ONLY, READ_ONLY, List.of(), List.of(), List.of()));
                    FrontendWriter.execute(out, READ_ONLY, 0);
                    FrontendWriter.flush(out);
                },
                "312DCE",
                "CE",
                message -> {
                    link.takeTrees();
                    if (message.tag() == 'E') {
                        fail(ruling, Report.read(message.body()), 0, failed);
                    } else if (message.tag() == 'C') {
                        then.run();
                    }
                });
    }

    private void bind(
            Prepared prepared, Bind bind, Ruling ruling, boolean ahead, Consumer<Portal> opened, Runnable failed) {
        if (session.cancelled() && !ruling.session()) {
            // It came while the decision or its record was waited for: the server had nothing to cancel.
            refuseDecided(ruling, GatewayError.cancelled(), failed);
            return;
        }
        link.takeTrees();
        link.ask(
                out -> {
                    FrontendWriter.bind(out, bind);
                    FrontendWriter.describe(out, Target.PORTAL, bind.portal());
                    if (ahead) {
                        AskAhead.write(out, bind.portal());
                    } else {
                        FrontendWriter.flush(out);
                    }
                },
                "2TnE",
                "TnE",
                message -> {
                    switch (message.tag()) {
                        case '2' -> {}
                        case 'E' -> {
                            noteTrees(prepared, false);
                            fail(ruling, Report.read(message.body()), prepared.offset(), failed);
                        }
                        default -> described(prepared, bind, ruling, message, opened, failed);
                    }
                });
        if (ahead) {
            AskAhead.asked(link);
        }
    }

    private void described(
            Prepared prepared,
            Bind bind,
            Ruling ruling,
            BackendMessage message,
            Consumer<Portal> opened,
            Runnable failed) {
        if (!ruling.unanalysed() && noteTrees(prepared, true)) {
            refuseDecided(ruling, stale(), failed);
            return;
        }
        Verdict verdict = ruling.verdict();
        Verdict.Rows before = verdict == null ? null : verdict.rows();
        if (before != null && before.describedBy(message.content())) {
            session.opening(null);
            opened.accept(new Portal(
                    bind.portal(), prepared, ruling, before.description(), before.columns(), before.mask(), null));
            return;
        }
        RowDescription description = message.tag() == 'T' ? RowDescription.read(message.body()) : null;
        if (description != null && !prepared.delivers(description)) {
            refuseDecided(ruling, stale(), failed);
            return;
        }
        Portal portal;
        try {
            portal = portal(prepared, bind, ruling, message, description);
        } catch (EnforcementException e) {
            if (e.code() == ErrorCode.UPSTREAM_MISMATCH) {
                throw e;
            }
            refuseDecided(ruling, GatewayError.of(e), failed);
            return;
        }
        session.opening(null);
        opened.accept(portal);
    }

    private static Portal portal(
            Prepared prepared, Bind bind, Ruling ruling, BackendMessage message, @Nullable RowDescription description) {
        QueryAnalysis analysis = ruling.analysis();
        Terms terms = ruling.terms();
        if (description == null) {
            if (analysis != null
                    && !analysis.outputs().isEmpty()
                    && prepared.copying() == null
                    && !mayBeGone(prepared.statement())) {
                throw mismatch("the database announces no columns where the analysis says "
                        + analysis.outputs().size());
            }
            return new Portal(bind.portal(), prepared, ruling, null, 0, null, prepared.copying());
        }
        RowMask mask = null;
        if (terms != null && (analysis != null || ruling.unanalysed())) {
            mask = terms.rowMask(analysis, description);
        } else if (prepared.statement().statementClass() != StatementClass.SHOW) {
            throw mismatch(
                    "the database announces rows for `" + prepared.statement().operation() + "`");
        }
        Verdict verdict = ruling.verdict();
        Verdict.Rows rows = new Verdict.Rows(
                ClientMessages.description(prepared.statement(), description, ByteBufUtil.getBytes(message.content())),
                description.columns().size(),
                mask);
        if (verdict != null) {
            verdict.rows(rows);
        }
        return new Portal(bind.portal(), prepared, ruling, rows.description(), rows.columns(), rows.mask(), null);
    }

    /** A cursor, a prepared statement that is known here: should the server have none, it announces nothing and then says so. */
    private static boolean mayBeGone(SqlStatement statement) {
        return statement.statementClass() == StatementClass.CURSOR
                || statement.statementClass() == StatementClass.EXECUTE;
    }

    /**
     * Looks at what the server printed since: when it has analysed the statement anew and it means something else now, the
     * statement is of no more use.
     *
     * @param decided true when it was decided on by what it meant before
     */
    boolean noteTrees(Prepared prepared, boolean decided) {
        for (String tree : link.takeTrees()) {
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

    /** Keeps what the server printed since, for a statement that is yet to be decided on. */
    void takeTree(Prepared prepared) {
        List<String> trees = link.takeTrees();
        if (!trees.isEmpty()) {
            prepared.tree(trees.size() == 1 ? trees.get(0) : null);
        }
    }

    /** An error of the server while a decided statement was made ready or ran. */
    void fail(Ruling ruling, Report report, int offset, Runnable failed) {
        session.opening(null);
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
        if (session.upstreamFailed()) {
            failed.run();
            return;
        }
        link.ask(out -> FrontendWriter.describe(out, Target.STATEMENT, NOWHERE), "E", "E", message -> {
            session.markUpstreamFailed();
            failed.run();
        });
    }

    /** In the words, the code and the routine by which drivers know that they have to prepare the statement again. */
    private static GatewayError stale() {
        return new GatewayError(
                SqlState.FEATURE_NOT_SUPPORTED,
                ErrorCode.UNANALYSABLE,
                "cached plan must not change result type",
                "the statement means something else than when it was prepared",
                "prepare the statement again",
                "RevalidateCachedQuery");
    }

    private static EnforcementException mismatch(String message) {
        return new EnforcementException(ErrorCode.UPSTREAM_MISMATCH, message);
    }
}
