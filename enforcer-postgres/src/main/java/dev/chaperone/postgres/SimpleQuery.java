package dev.chaperone.postgres;

import dev.chaperone.audit.v1.OperationCompleted.Outcome;
import dev.chaperone.postgres.analysis.QueryAnalysis;
import dev.chaperone.postgres.analysis.Skeleton;
import dev.chaperone.postgres.analysis.SqlStatement;
import dev.chaperone.postgres.analysis.StatementClass;
import dev.chaperone.postgres.analysis.StatementDetail;
import dev.chaperone.postgres.analysis.StatementSplitter;
import dev.chaperone.postgres.analysis.UnanalysableException;
import dev.chaperone.postgres.wire.BackendWriter;
import dev.chaperone.postgres.wire.FrontendMessage.Bind;
import dev.chaperone.postgres.wire.FrontendMessage.BoundParameter;
import dev.chaperone.postgres.wire.FrontendMessage.Target;
import dev.chaperone.postgres.wire.FrontendWriter;
import dev.chaperone.proto.ErrorCode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A simple query (chapter "Simple Query"), carried out by the extended protocol: each of its statements is parsed, decided on
 * and run by itself, and one Sync at the end makes them the one implicit transaction that the server would make of them.
 *
 * <p>A single query that has come before, be it with other literals, is run as the statement that {@link Handles} has prepared
 * for it.
 */
final class SimpleQuery {

    /** The routine in which the server says that a text to be prepared holds several statements. */
    private static final Bind UNNAMED = new Bind("", "", List.of(), List.of(), List.of());

    private static final Bind BINARY = new Bind("", "", List.of(), List.of(), List.of(1));

    private final Session session;
    private final UpstreamLink link;
    private final StatementFlow flow;
    private final String sql;
    private List<SqlStatement> statements = List.of();
    private @Nullable Skeleton skeleton;
    private Handles.@Nullable Proposal proposal;
    private int next;
    /** Characters of the text before the statement at hand, and how much of the text they are. */
    private int offset;

    private int counted;

    SimpleQuery(Session session, UpstreamLink link, StatementFlow flow, String sql) {
        this.session = session;
        this.link = link;
        this.flow = flow;
        this.sql = sql;
    }

    void start() {
        session.names().forgetUnnamed();
        Skeleton like = session.transaction().mayUseHandles() ? Skeleton.of(sql) : null;
        Handles.Use use = like == null ? null : session.handles().like(like);
        if (like != null && use != null) {
            Prepared prepared = use.handle().prepared();
            Asked asked = new Asked(like.text(), List.of());
            flow.open(new Opening(prepared, bind(use), asked, () -> true, this::run, this::end, this::asText));
            return;
        }
        skeleton = like;
        asText();
    }

    private void asText() {
        try {
            statements = StatementSplitter.split(sql);
        } catch (UnanalysableException e) {
            flow.unreadable(sql, GatewayError.of(e), this::end);
            return;
        }
        session.messages().several(severalStatements());
        if (statements.size() > 1) {
            new SyntaxCheck(session, link, flow, sql).start(this::next, this::end);
        } else {
            next();
        }
    }

    private static Bind bind(Handles.Use use) {
        List<BoundParameter> parameters = new ArrayList<>(use.values().size());
        for (String value : use.values()) {
            parameters.add(new BoundParameter(value.getBytes(StandardCharsets.UTF_8)));
        }
        return new Bind("", use.handle().name(), List.of(), parameters, List.of());
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
        offset += sql.codePointCount(counted, statement.start());
        counted = statement.start();
        Prepared prepared = statements.size() == 1
                ? Prepared.only(statement, sql, List.of())
                : new Prepared(statement, offset, List.of());
        flow.parse("", prepared, List.of(), () -> open(prepared), this::end);
    }

    private void open(Prepared prepared) {
        int parameter = prepared.statement().firstParameter();
        if (parameter >= 0) {
            refuseParameter(prepared, parameter);
            return;
        }
        flow.open(new Opening(
                prepared,
                binary(prepared.statement()) ? BINARY : UNNAMED,
                Asked.PLAINLY,
                () -> statements.size() == 1,
                portal -> {
                    propose(prepared);
                    run(portal);
                },
                this::end));
    }

    /** A permitted query that comes again is prepared for the next time. */
    private void propose(Prepared prepared) {
        String tree = prepared.tree();
        if (skeleton != null && tree != null && statements.size() == 1 && prepared.verdict() != null) {
            proposal = session.handles().meant(skeleton, tree);
        }
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
        String alone =
                severalStatements() ? AloneCommands.name(portal.prepared().statement()) : null;
        if (alone != null) {
            session.running().completed(portal, Outcome.OUTCOME_REFUSED, SqlState.ACTIVE_SQL_TRANSACTION);
            flow.refuse(
                    new GatewayError(
                            SqlState.ACTIVE_SQL_TRANSACTION,
                            ErrorCode.PROTOCOL_VIOLATION,
                            alone + " cannot run inside a transaction block",
                            "",
                            ""),
                    this::end);
            return;
        }
        portal.announceWithFirst();
        if (readsOnly(portal)) {
            // The server announces these before it runs them, and all others when they have something to show.
            portal.announce(session.outbox().buffer());
        }
        flow.run(portal, 0, this::next, this::end);
    }

    private boolean severalStatements() {
        return statements.stream()
                        .filter(statement -> statement.statementClass() != StatementClass.EMPTY)
                        .count()
                > 1;
    }

    private static boolean readsOnly(Portal portal) {
        QueryAnalysis analysis = portal.ruling().analysis();
        return portal.prepared().statement().statementClass() == StatementClass.QUERY
                && (analysis == null || !analysis.writes());
    }

    private void end() {
        session.messages().several(false);
        Handles.Proposal proposed = proposal;
        if (proposed == null) {
            session.transaction().sync();
        } else {
            session.transaction().sync(() -> prepare(proposed));
        }
    }

    /** Has the server prepare a statement, in a transaction of its own, when the client has its answer already. */
    private void prepare(Handles.Proposal proposed) {
        if (!session.transaction().idle()) {
            session.next();
            return;
        }
        String[] tree = new String[1];
        List<String> dropped = session.handles().dropped();
        session.quiet(true);
        link.takeTrees();
        link.ask(
                out -> {
                    dropped.forEach(name -> FrontendWriter.close(out, Target.STATEMENT, name));
                    FrontendWriter.parse(out, proposed.name(), proposed.text(), proposed.types());
                    FrontendWriter.sync(out);
                },
                "31EZ",
                "Z",
                message -> {
                    if (message.tag() == '1') {
                        List<String> trees = link.takeTrees();
                        tree[0] = trees.size() == 1 ? trees.get(0) : null;
                    } else if (message.tag() == 'Z') {
                        session.quiet(false);
                        session.handles().accepted(proposed, tree[0]);
                        session.next();
                    }
                });
    }
}
