package dev.chaperone.postgres;

import com.google.protobuf.UnsafeByteOperations;
import dev.chaperone.audit.v1.Parameter;
import dev.chaperone.postgres.analysis.SqlStatement;
import dev.chaperone.postgres.analysis.StatementDetail;
import dev.chaperone.postgres.analysis.StatementSplitter;
import dev.chaperone.postgres.analysis.UnanalysableException;
import dev.chaperone.postgres.wire.BackendWriter;
import dev.chaperone.postgres.wire.FrontendMessage.Bind;
import dev.chaperone.postgres.wire.FrontendMessage.BoundParameter;
import dev.chaperone.postgres.wire.FrontendMessage.Close;
import dev.chaperone.postgres.wire.FrontendMessage.Describe;
import dev.chaperone.postgres.wire.FrontendMessage.Execute;
import dev.chaperone.postgres.wire.FrontendMessage.Parse;
import dev.chaperone.postgres.wire.FrontendMessage.Target;
import dev.chaperone.postgres.wire.FrontendWriter;
import dev.chaperone.postgres.wire.Report;
import dev.chaperone.proto.ErrorCode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The statements and portals of one session (chapter "Extended Query"). The server's own are kept in step: a name that is not
 * known here does not exist, whatever the server may hold.
 */
final class ExtendedQuery {

    private final Session session;
    private final UpstreamLink link;
    private final StatementFlow flow;
    private final int most;
    private final Map<String, Prepared> statements = new HashMap<>();
    private final Map<String, Portal> portals = new HashMap<>();

    ExtendedQuery(Session session, UpstreamLink link, StatementFlow flow, int most) {
        this.session = session;
        this.link = link;
        this.flow = flow;
        this.most = most;
    }

    void parse(Parse parse) {
        if (reserved(parse.statement())) {
            return;
        }
        if (statements.size() >= most && !statements.containsKey(parse.statement())) {
            refuse(GatewayError.of(
                    ErrorCode.LIMIT_EXCEEDED,
                    "a session holds at most " + most + " prepared statements",
                    "close those that are not needed"));
            return;
        }
        List<SqlStatement> split;
        try {
            split = StatementSplitter.split(parse.sql());
        } catch (UnanalysableException e) {
            refuse(GatewayError.of(e.code(), String.valueOf(e.getMessage())));
            return;
        }
        if (split.size() != 1) {
            refuse(new GatewayError(
                    "42601", // syntax_error
                    ErrorCode.PROTOCOL_VIOLATION,
                    "cannot insert multiple commands into a prepared statement",
                    "",
                    ""));
            return;
        }
        SqlStatement statement = split.get(0);
        Prepared prepared =
                new Prepared(statement, parse.sql().codePointCount(0, statement.start()), parse.parameterTypes());
        if (parse.statement().isEmpty()) {
            statements.remove("");
        }
        flow.parse(
                parse.statement(),
                prepared,
                parse.parameterTypes(),
                () -> {
                    statements.put(parse.statement(), prepared);
                    BackendWriter.parseComplete(session.outbox().buffer());
                    session.next();
                },
                session::failedUntilSync);
    }

    void bind(Bind bind) {
        if (reserved(bind.statement()) || reserved(bind.portal())) {
            return;
        }
        Prepared prepared = statements.get(bind.statement());
        if (prepared == null) {
            refuse(unknownStatement(bind.statement()));
            return;
        }
        if (portals.size() >= most && !portals.containsKey(bind.portal())) {
            refuse(GatewayError.of(
                    ErrorCode.LIMIT_EXCEEDED,
                    "a session holds at most " + most + " portals",
                    "close those that are not needed"));
            return;
        }
        if (bind.portal().isEmpty()) {
            forget("");
        }
        flow.open(
                prepared,
                bind,
                parameters(bind),
                () -> session.seriesEnds(bind.portal()),
                portal -> {
                    forget(bind.portal());
                    portals.put(bind.portal(), portal);
                    BackendWriter.bindComplete(session.outbox().buffer());
                    session.next();
                },
                session::failedUntilSync);
    }

    void describe(Describe describe) {
        if (describe.target() == Target.STATEMENT) {
            describeStatement(describe.name());
            return;
        }
        Portal portal = portals.get(describe.name());
        if (portal == null) {
            refuse(unknownPortal(describe.name()));
            return;
        }
        byte[] description = portal.description();
        if (description == null) {
            BackendWriter.noData(session.outbox().buffer());
        } else {
            session.outbox().buffer().writeBytes(description);
        }
        session.next();
    }

    private void describeStatement(String name) {
        Prepared prepared = statements.get(name);
        if (prepared == null) {
            refuse(unknownStatement(name));
            return;
        }
        link.takeTrees();
        session.reports().parsing(true);
        link.ask(
                out -> {
                    FrontendWriter.describe(out, Target.STATEMENT, name);
                    FrontendWriter.flush(out);
                },
                "tTnE",
                "TnE",
                message -> {
                    // The server may have analysed it anew; later it would not say so again.
                    flow.noteTrees(prepared, false);
                    if (message.tag() == 'E') {
                        session.parseError(Report.read(message.body()), prepared.offset());
                        session.failedUntilSync();
                        return;
                    }
                    if (message.tag() != 't') {
                        session.reports().parsing(false);
                    }
                    session.outbox()
                            .buffer()
                            .writeBytes(message.content(), message.content().readerIndex(), message.length());
                    if (message.tag() != 't') {
                        session.next();
                    }
                });
    }

    void execute(Execute execute) {
        Portal portal = portals.get(execute.portal());
        if (portal == null) {
            refuse(unknownPortal(execute.portal()));
            return;
        }
        session.run(portal, execute.maxRows(), session::next, session::failedUntilSync);
    }

    void close(Close close) {
        if (reserved(close.name())) {
            return;
        }
        link.ask(
                out -> {
                    FrontendWriter.close(out, close.target(), close.name());
                    FrontendWriter.flush(out);
                },
                "3E",
                "3E",
                message -> {
                    if (message.tag() == 'E') {
                        session.upstreamError(Report.read(message.body()), 0);
                        session.failedUntilSync();
                        return;
                    }
                    if (close.target() == Target.STATEMENT) {
                        statements.remove(close.name());
                    } else {
                        forget(close.name());
                    }
                    BackendWriter.closeComplete(session.outbox().buffer());
                    session.next();
                });
    }

    /** A simple query takes the place of the unnamed statement and the unnamed portal. */
    void forgetUnnamed() {
        statements.remove("");
        forget("");
    }

    /** The transaction has ended, and its portals with it. */
    void forgetPortals() {
        portals.values().forEach(session::abandoned);
        portals.clear();
    }

    /** A statement has run that may have dropped prepared ones. */
    void ran(SqlStatement statement) {
        StatementDetail detail = statement.detail();
        if (detail instanceof StatementDetail.Deallocate deallocate) {
            String name = deallocate.name();
            if (name == null) {
                forgetNamed();
            } else {
                statements.remove(name);
            }
        } else if (detail instanceof StatementDetail.Discard discard
                && discard.what().equals("all")) {
            forgetNamed();
        }
    }

    /** Something has run that may have prepared other statements under the same names. */
    void unsure() {
        statements.forEach((name, prepared) -> prepared.unsure(!name.isEmpty()));
    }

    private void forgetNamed() {
        statements.keySet().removeIf(name -> !name.isEmpty());
    }

    private void forget(String name) {
        Portal portal = portals.remove(name);
        if (portal != null) {
            session.abandoned(portal);
        }
    }

    private boolean reserved(String name) {
        if (name.startsWith(StatementFlow.RESERVED)) {
            refuse(GatewayError.of(
                    ErrorCode.UNSUPPORTED,
                    "names that begin with `" + StatementFlow.RESERVED + "` are the gateway's own",
                    "choose another name"));
            return true;
        }
        return false;
    }

    private void refuse(GatewayError error) {
        flow.refuse(error, session::failedUntilSync);
    }

    private static GatewayError unknownStatement(String name) {
        String what = name.isEmpty() ? "unnamed prepared statement" : "prepared statement \"" + name + "\"";
        return new GatewayError(
                SqlState.INVALID_STATEMENT_NAME, ErrorCode.PROTOCOL_VIOLATION, what + " does not exist", "", "");
    }

    private static GatewayError unknownPortal(String name) {
        return new GatewayError(
                SqlState.INVALID_PORTAL_NAME,
                ErrorCode.PROTOCOL_VIOLATION,
                "portal \"" + name + "\" does not exist",
                "",
                "");
    }

    private static List<Parameter> parameters(Bind bind) {
        List<Parameter> parameters = new ArrayList<>(bind.parameters().size());
        for (int i = 0; i < bind.parameters().size(); i++) {
            parameters.add(parameter(bind.parameters().get(i), bind.binary(i)));
        }
        return parameters;
    }

    private static Parameter parameter(BoundParameter bound, boolean binary) {
        byte @Nullable [] value = bound.value();
        Parameter.Builder parameter = Parameter.newBuilder().setBinary(binary);
        return value == null
                ? parameter.setIsNull(true).build()
                : parameter.setValue(UnsafeByteOperations.unsafeWrap(value)).build();
    }
}
