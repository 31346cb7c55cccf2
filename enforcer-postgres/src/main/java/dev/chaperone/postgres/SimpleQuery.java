package dev.chaperone.postgres;

import dev.chaperone.postgres.analysis.QueryAnalysis;
import dev.chaperone.postgres.analysis.SqlStatement;
import dev.chaperone.postgres.analysis.StatementClass;
import dev.chaperone.postgres.analysis.StatementDetail;
import dev.chaperone.postgres.analysis.StatementSplitter;
import dev.chaperone.postgres.analysis.UnanalysableException;
import dev.chaperone.postgres.wire.BackendWriter;
import dev.chaperone.postgres.wire.FrontendMessage.Bind;
import dev.chaperone.proto.ErrorCode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A simple query (chapter "Simple Query"), carried out by the extended protocol: each of its statements is parsed, decided on
 * and run by itself, and one Sync at the end makes them the one implicit transaction that the server would make of them.
 */
final class SimpleQuery {

    private static final Bind UNNAMED = new Bind("", "", List.of(), List.of(), List.of());
    private static final Bind BINARY = new Bind("", "", List.of(), List.of(), List.of(1));

    private final Session session;
    private final StatementFlow flow;
    private final String sql;
    private List<SqlStatement> statements = List.of();
    private int next;

    SimpleQuery(Session session, StatementFlow flow, String sql) {
        this.session = session;
        this.flow = flow;
        this.sql = sql;
    }

    void start() {
        session.forgetUnnamed();
        try {
            statements = StatementSplitter.split(sql);
        } catch (UnanalysableException e) {
            flow.refuse(GatewayError.of(e.code(), String.valueOf(e.getMessage())), this::end);
            return;
        }
        next();
    }

    private void next() {
        if (next == statements.size()) {
            end();
            return;
        }
        SqlStatement statement = statements.get(next++);
        if (statement.statementClass() == StatementClass.EMPTY) {
            BackendWriter.emptyQueryResponse(session.outbox().buffer());
            next();
            return;
        }
        Prepared prepared = new Prepared(statement, sql.codePointCount(0, statement.start()), List.of());
        flow.parse("", prepared, List.of(), () -> open(prepared), this::end);
    }

    private void open(Prepared prepared) {
        int parameter = prepared.statement().firstParameter();
        if (parameter >= 0) {
            refuseParameter(prepared, parameter);
            return;
        }
        flow.open(
                prepared,
                binary(prepared.statement()) ? BINARY : UNNAMED,
                List.of(),
                () -> statements.size() == 1,
                this::run,
                this::end);
    }

    /** Only here does a cursor say in which format its rows come. */
    private boolean binary(SqlStatement statement) {
        if (!statement.operation().equals("fetch")
                || !(statement.detail() instanceof StatementDetail.CursorUse use)
                || use.name() == null) {
            return false;
        }
        Cursor cursor = session.names().cursor(use.name());
        return cursor != null && cursor.binary();
    }

    /** A simple query has no parameters. Its statements were parsed as if they had, so it is for us to say so. */
    private void refuseParameter(Prepared prepared, int parameter) {
        String text = prepared.statement().text();
        int end = parameter + 1;
        while (end < text.length() && Character.digit(text.charAt(end), 10) >= 0) {
            end++;
        }
        GatewayError error = new GatewayError(
                SqlState.UNDEFINED_PARAMETER,
                ErrorCode.PROTOCOL_VIOLATION,
                "there is no parameter " + text.substring(parameter, end),
                "",
                "");
        Map<Character, String> fields = new LinkedHashMap<>(error.error());
        fields.put('P', String.valueOf(1 + prepared.offset() + text.codePointCount(0, parameter)));
        flow.refuse(fields, this::end);
    }

    private void run(Portal portal) {
        portal.announceWithFirst();
        if (readsOnly(portal)) {
            // The server announces these before it runs them, and all others when they have something to show.
            portal.announce(session.outbox().buffer());
        }
        session.run(portal, 0, this::next, this::end);
    }

    private static boolean readsOnly(Portal portal) {
        QueryAnalysis analysis = portal.ruling().analysis();
        return portal.prepared().statement().statementClass() == StatementClass.QUERY
                && (analysis == null || !analysis.writes());
    }

    private void end() {
        session.sync();
    }
}
