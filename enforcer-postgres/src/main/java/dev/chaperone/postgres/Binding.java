package dev.chaperone.postgres;

import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.postgres.analysis.QueryAnalysis;
import dev.chaperone.postgres.analysis.SqlStatement;
import dev.chaperone.postgres.analysis.StatementClass;
import dev.chaperone.postgres.masking.RowMask;
import dev.chaperone.postgres.wire.BackendMessage;
import dev.chaperone.postgres.wire.FrontendMessage.Bind;
import dev.chaperone.postgres.wire.FrontendMessage.Target;
import dev.chaperone.postgres.wire.FrontendWriter;
import dev.chaperone.postgres.wire.Report;
import dev.chaperone.postgres.wire.RowDescription;
import dev.chaperone.proto.ErrorCode;
import io.netty.buffer.ByteBufUtil;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Binds permitted statements, and holds what the server announces against what was decided on. */
final class Binding {

    static final String READ_ONLY = StatementFlow.RESERVED + "read-only";

    private final Session session;
    private final UpstreamLink link;
    private final StatementFlow flow;
    private final Decider decider;

    Binding(Session session, UpstreamLink link, StatementFlow flow, Decider decider) {
        this.session = session;
        this.link = link;
        this.flow = flow;
        this.decider = decider;
    }

    /** Binds a permitted statement, in a read-only transaction where its terms ask for one. */
    void restrict(Opening opening, Ruling ruling) {
        readOnly(ruling, () -> bind(opening, ruling, false), opening.failed());
    }

    /** Binds a permitted statement, and has it run before it is known what the server announces: see {@link AskAhead}. */
    void bindAhead(Opening opening, Ruling ruling) {
        bind(opening, ruling, true);
    }

    /** Takes a portal that the server has already, and that no message bound: a cursor. */
    void adopt(Opening opening, Ruling ruling) {
        readOnly(
                ruling,
                () -> link.ask(
                        out -> {
                            FrontendWriter.describe(
                                    out, Target.PORTAL, opening.bind().portal());
                            FrontendWriter.flush(out);
                        },
                        "TnE",
                        "TnE",
                        message -> {
                            if (message.tag() == 'E') {
                                fail(opening, ruling, message);
                            } else {
                                described(opening, ruling, message);
                            }
                        }),
                opening.failed());
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
                        flow.fail(ruling, Report.read(message.body()), 0, failed);
                    } else if (message.tag() == 'C') {
                        then.run();
                    }
                });
    }

    private void bind(Opening opening, Ruling ruling, boolean ahead) {
        if (session.transaction().cancelled() && !ruling.session()) {
            // It came while the decision or its record was waited for: the server had nothing to cancel.
            flow.refuseDecided(ruling, GatewayError.cancelled(), opening.failed());
            return;
        }
        Bind bind = opening.bind();
        link.takeTrees();
        link.ask(
                out -> {
                    if (OwnNames.shown(opening.prepared().statement(), ruling.analysis())) {
                        OwnNames.close(out, session.handles(), bind.statement());
                    }
                    FrontendWriter.bind(out, bind);
                    FrontendWriter.describe(out, Target.PORTAL, bind.portal());
                    if (ahead) {
                        AskAhead.write(out, bind.portal());
                    } else {
                        FrontendWriter.flush(out);
                    }
                },
                "32TnE",
                "TnE",
                message -> {
                    switch (message.tag()) {
                        case '3', '2' -> {}
                        case 'E' -> {
                            flow.noteTrees(opening.prepared(), false);
                            Report report = Report.read(message.body());
                            if (outdated(opening.prepared(), report)) {
                                flow.startOver(opening, ruling, true);
                            } else {
                                flow.fail(ruling, report, opening.prepared().sentAt(), opening.failed());
                            }
                        }
                        default -> described(opening, ruling, message);
                    }
                });
        if (ahead) {
            AskAhead.asked(link);
        }
    }

    /** True when the server holds a text, which it would have taken as new from the client, to what it meant before. */
    private boolean outdated(Prepared prepared, Report report) {
        return prepared.handle() != null
                && report.sqlState().equals(SqlState.FEATURE_NOT_SUPPORTED)
                && report.field('R').equals("RevalidateCachedQuery")
                && session.transaction().idle()
                && !session.transaction().touched();
    }

    private void stale(Opening opening, Ruling ruling) {
        if (opening.prepared().handle() == null) {
            flow.refuseDecided(ruling, GatewayError.stalePlan(), opening.failed());
        } else {
            flow.startOver(opening, ruling, false);
        }
    }

    private void fail(Opening opening, Ruling ruling, BackendMessage message) {
        flow.fail(ruling, Report.read(message.body()), opening.prepared().sentAt(), opening.failed());
    }

    private void described(Opening opening, Ruling ruling, BackendMessage message) {
        Prepared prepared = opening.prepared();
        List<String> trees = link.takeTrees();
        QueryAnalysis decided = ruling.analysis();
        if (!ruling.unanalysed() && flow.noteTrees(prepared, true, trees)) {
            stale(opening, ruling);
        } else if (!trees.isEmpty() && decided != null && Subject.needsTree(prepared.statement())) {
            recheck(opening, ruling, decided, trees.get(0), message);
        } else {
            announced(opening, ruling, message);
        }
    }

    /**
     * The server has analysed the statement anew, because something that it names has changed. Its tree says the same as before;
     * what else there is to know of what it names, such as its partitions, is in the catalog.
     */
    private void recheck(Opening opening, Ruling ruling, QueryAnalysis decided, String tree, BackendMessage message) {
        message.retain();
        Consumer<Boolean> then = same -> {
            try {
                if (!session.open()) {
                    return;
                }
                if (same) {
                    announced(opening, ruling, message);
                } else {
                    stale(opening, ruling);
                }
            } catch (RuntimeException e) {
                session.failed(e);
            } finally {
                message.release();
            }
        };
        Terms terms = ruling.terms();
        if (terms != null && terms.atSource()) {
            // What its own tree says by itself is not what was decided on.
            decider.still(opening.prepared().catalog(), then);
        } else {
            decider.still(tree, decided, then);
        }
    }

    private void announced(Opening opening, Ruling ruling, BackendMessage message) {
        Prepared prepared = opening.prepared();
        String name = opening.bind().portal();
        Verdict verdict = ruling.verdict();
        Verdict.Rows before = verdict == null ? null : verdict.rows();
        if (before != null && before.describedBy(message.content())) {
            session.running().opening(null);
            opening.opened()
                    .accept(new Portal(
                            name, prepared, ruling, before.description(), before.columns(), before.mask(), null));
            return;
        }
        RowDescription description = message.tag() == 'T' ? RowDescription.read(message.body()) : null;
        if (description != null && !prepared.delivers(description)) {
            stale(opening, ruling);
            return;
        }
        Portal portal;
        try {
            portal = portal(name, prepared, ruling, message, description);
        } catch (EnforcementException e) {
            if (e.code() == ErrorCode.UPSTREAM_MISMATCH) {
                throw e;
            }
            flow.refuseDecided(ruling, GatewayError.of(e), opening.failed());
            return;
        }
        session.running().opening(null);
        opening.opened().accept(portal);
    }

    private Portal portal(
            String name,
            Prepared prepared,
            Ruling ruling,
            BackendMessage message,
            @Nullable RowDescription description) {
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
            return new Portal(name, prepared, ruling, null, 0, null, prepared.copying());
        }
        RowMask mask = null;
        if (terms != null && (analysis != null || ruling.unanalysed())) {
            mask = terms.rowMask(analysis, session.analyses().plain(description));
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
        return new Portal(name, prepared, ruling, rows.description(), rows.columns(), rows.mask(), null);
    }

    /** A cursor, a prepared statement that is known here: should the server have none, it announces nothing and then says so. */
    private static boolean mayBeGone(SqlStatement statement) {
        return statement.statementClass() == StatementClass.CURSOR
                || statement.statementClass() == StatementClass.EXECUTE;
    }

    private static EnforcementException mismatch(String message) {
        return new EnforcementException(ErrorCode.UPSTREAM_MISMATCH, message);
    }
}
