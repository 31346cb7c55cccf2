package dev.chaperone.postgres;

import com.google.protobuf.UnsafeByteOperations;
import dev.chaperone.audit.v1.Parameter;
import dev.chaperone.postgres.analysis.SqlStatement;
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
import dev.chaperone.postgres.wire.RowDescription;
import dev.chaperone.proto.ErrorCode;
import io.netty.buffer.ByteBufUtil;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The extended query protocol of one session (chapter "Extended Query"). A name that is not known here does not exist, whatever
 * the server may hold.
 */
final class ExtendedQuery {

    private static final GatewayError SEVERAL = new GatewayError(
            "42601", // syntax_error
            ErrorCode.PROTOCOL_VIOLATION,
            "cannot insert multiple commands into a prepared statement",
            "",
            "");

    private final Session session;
    private final UpstreamLink link;
    private final StatementFlow flow;
    private final SessionNames names;

    ExtendedQuery(Session session, UpstreamLink link, StatementFlow flow, SessionNames names) {
        this.session = session;
        this.link = link;
        this.flow = flow;
        this.names = names;
    }

    void parse(Parse parse) {
        if (reserved(parse.statement())) {
            return;
        }
        boolean unnamed = parse.statement().isEmpty() && session.transaction().mayUseHandles();
        Handles.Handle known = unnamed ? session.handles().exact(parse.sql(), parse.parameterTypes()) : null;
        if (known != null) {
            names.prepared("", known.prepared());
            BackendWriter.parseComplete(session.outbox().buffer());
            session.next();
            return;
        }
        GatewayError full = names.noRoomForStatement(parse.statement());
        if (full != null) {
            refuse(full);
            return;
        }
        List<SqlStatement> split;
        try {
            split = StatementSplitter.split(parse.sql());
        } catch (UnanalysableException e) {
            flow.unreadable(parse.sql(), GatewayError.of(e), session::failedUntilSync);
            return;
        }
        if (split.size() != 1) {
            flow.unreadable(parse.sql(), SEVERAL, session::failedUntilSync);
            return;
        }
        SqlStatement statement = split.get(0);
        Prepared prepared = Prepared.only(statement, parse.sql(), parse.parameterTypes());
        if (parse.statement().isEmpty()) {
            names.dropStatement("");
        }
        String name = unnamed && Subject.needsTree(statement)
                ? session.handles().nameFor(parse.sql(), parse.parameterTypes())
                : "";
        flow.parse(
                name.isEmpty() ? parse.statement() : name,
                prepared,
                parse.parameterTypes(),
                () -> {
                    if (!name.isEmpty()) {
                        session.handles().prepared(name, parse.sql(), parse.parameterTypes(), prepared);
                    }
                    names.prepared(parse.statement(), prepared);
                    BackendWriter.parseComplete(session.outbox().buffer());
                    session.next();
                },
                session::failedUntilSync);
    }

    void bind(Bind bind) {
        if (reserved(bind.statement()) || reserved(bind.portal())) {
            return;
        }
        Prepared prepared = names.statement(bind.statement());
        if (prepared == null) {
            refuse(GatewayError.unknownStatement(bind.statement()));
            return;
        }
        GatewayError full = names.noRoomForPortal(bind.portal());
        if (full != null) {
            refuse(full);
            return;
        }
        if (bind.portal().isEmpty()) {
            names.dropPortal("");
        }
        String handle = prepared.handle();
        List<Parameter> parameters = parameters(bind.parameterFormats(), bind.parameters(), prepared.types());
        flow.open(new Opening(
                prepared,
                handle == null ? bind : bind.to(handle),
                new Asked(null, parameters),
                () -> session.seriesEnds(bind.portal()),
                portal -> {
                    portal.parameters(parameters);
                    names.bound(bind.portal(), portal);
                    BackendWriter.bindComplete(session.outbox().buffer());
                    session.next();
                },
                session::failedUntilSync));
    }

    void describe(Describe describe) {
        if (describe.target() == Target.STATEMENT) {
            describeStatement(describe.name());
            return;
        }
        Portal portal = names.portal(describe.name());
        if (portal == null && names.cursor(describe.name()) != null) {
            describeCursor(describe.name());
            return;
        }
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

    /** Names and types of columns are no values; the cursor may be gone, as the server then says. */
    private void describeCursor(String name) {
        link.ask(
                out -> {
                    FrontendWriter.describe(out, Target.PORTAL, name);
                    FrontendWriter.flush(out);
                },
                "TnE",
                "TnE",
                message -> {
                    if (message.tag() == 'E') {
                        session.upstreamError(Report.read(message.body()), Prepared.REWRITTEN);
                        session.failedUntilSync();
                        return;
                    }
                    session.outbox().buffer().writeBytes(ByteBufUtil.getBytes(message.content()));
                    session.next();
                });
    }

    private void describeStatement(String name) {
        Prepared prepared = names.statement(name);
        if (prepared == null) {
            refuse(GatewayError.unknownStatement(name));
            return;
        }
        String handle = prepared.handle();
        link.takeTrees();
        session.reports().parsing(true);
        link.ask(
                out -> {
                    FrontendWriter.describe(out, Target.STATEMENT, handle == null ? name : handle);
                    FrontendWriter.flush(out);
                },
                "tTnE",
                "TnE",
                message -> {
                    // The server may have analysed it anew; later it would not say so again.
                    flow.noteTrees(prepared, false);
                    if (message.tag() == 'E') {
                        session.parseError(Report.read(message.body()), prepared.sentAt());
                        session.failedUntilSync();
                        return;
                    }
                    if (message.tag() != 't') {
                        session.reports().parsing(false);
                    }
                    byte[] told = ByteBufUtil.getBytes(message.content());
                    if (message.tag() == 'T') {
                        RowDescription described = RowDescription.read(message.body());
                        prepared.delivers(described);
                        told = ClientMessages.description(prepared.statement(), described, told);
                    }
                    session.outbox().buffer().writeBytes(told);
                    if (message.tag() != 't') {
                        session.next();
                    }
                });
    }

    void execute(Execute execute) {
        Portal portal = names.portal(execute.portal());
        Cursor cursor = portal == null ? names.cursor(execute.portal()) : null;
        if (portal != null) {
            flow.run(portal, execute.maxRows(), session::next, session::failedUntilSync);
        } else if (cursor != null) {
            flow.openCursor(
                    execute.portal(),
                    cursor,
                    opened -> flow.run(opened, execute.maxRows(), session::next, session::failedUntilSync),
                    session::failedUntilSync);
        } else {
            refuse(unknownPortal(execute.portal()));
        }
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
                        names.dropStatement(close.name());
                    } else {
                        names.dropPortal(close.name());
                    }
                    BackendWriter.closeComplete(session.outbox().buffer());
                    session.next();
                });
    }

    private boolean reserved(String name) {
        GatewayError refusal = NameChecks.refusal(name);
        if (refusal != null) {
            refuse(refusal);
        }
        return refusal != null;
    }

    private void refuse(GatewayError error) {
        flow.refuse(error, session::failedUntilSync);
    }

    private static GatewayError unknownPortal(String name) {
        return new GatewayError(
                SqlState.INVALID_PORTAL_NAME,
                ErrorCode.PROTOCOL_VIOLATION,
                "portal \"" + name + "\" does not exist",
                "",
                "");
    }

    /**
     * What a client has bound, for the record.
     *
     * @param types that the client has named; none for those that it has left to the server
     */
    static List<Parameter> parameters(List<Integer> formats, List<BoundParameter> values, List<Integer> types) {
        List<Parameter> parameters = new ArrayList<>(values.size());
        for (int i = 0; i < values.size(); i++) {
            boolean binary = !formats.isEmpty() && formats.get(formats.size() == 1 ? 0 : i) == 1;
            parameters.add(parameter(values.get(i), binary, i < types.size() ? types.get(i) : 0));
        }
        return parameters;
    }

    private static Parameter parameter(BoundParameter bound, boolean binary, int type) {
        byte @Nullable [] value = bound.value();
        Parameter.Builder parameter = Parameter.newBuilder().setBinary(binary).setType(type);
        return value == null
                ? parameter.setIsNull(true).build()
                : parameter.setValue(UnsafeByteOperations.unsafeWrap(value)).build();
    }
}
