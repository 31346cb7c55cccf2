package dev.chaperone.postgres;

import dev.chaperone.postgres.wire.FrontendMessage.Bind;
import dev.chaperone.postgres.wire.FrontendMessage.Target;
import dev.chaperone.postgres.wire.FrontendWriter;
import dev.chaperone.postgres.wire.Report;
import dev.chaperone.proto.ErrorCode;
import io.netty.buffer.ByteBuf;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Has the server read a query string of several statements before the first of them runs. A server reads such a string as a
 * whole, and carries out nothing of one that it cannot read.
 *
 * <p>To Parse several statements always fails: with what is wrong with them or, when nothing is, because they are several.
 * Within a transaction block a savepoint undoes the failure.
 */
final class SyntaxCheck {

    private static final String SAVEPOINT = StatementFlow.RESERVED + "read";
    static final String STATEMENT = StatementFlow.RESERVED + "savepoint";
    private static final String SEVERAL = "exec_parse_message";

    private final Session session;
    private final UpstreamLink link;
    private final StatementFlow flow;
    private final String sql;
    private @Nullable Report report;

    SyntaxCheck(Session session, UpstreamLink link, StatementFlow flow, String sql) {
        this.session = session;
        this.link = link;
        this.flow = flow;
        this.sql = sql;
    }

    /**
     * Reads the string.
     *
     * @param readable called when its statements can be carried out one by one
     * @param failed called when they cannot, and the client has been told
     */
    void start(Runnable readable, Runnable failed) {
        boolean block = session.transaction().inBlock();
        session.quiet(true);
        link.ask(
                out -> {
                    if (block) {
                        command(out, "savepoint \"" + SAVEPOINT + '"');
                    }
                    FrontendWriter.close(out, Target.STATEMENT, STATEMENT);
                    FrontendWriter.parse(out, STATEMENT, sql, List.of());
                    FrontendWriter.sync(out);
                },
                "312CEZ",
                "Z",
                message -> {
                    if (message.tag() == 'E') {
                        report = Report.read(message.body());
                    } else if (message.tag() == 'Z') {
                        link.takeTrees();
                        session.quiet(false);
                        read(block, readable, failed);
                    }
                });
    }

    private void read(boolean block, Runnable readable, Runnable failed) {
        Report said = report;
        if (said == null) {
            flow.refuse(
                    GatewayError.of(
                            ErrorCode.UNANALYSABLE,
                            "the database takes the statements of the query for a single one; send them one by one"),
                    failed);
        } else if (!said.field('R').equals(SEVERAL)) {
            session.reports().parsing(true);
            session.clientError(session.reports().forClient(said, 0));
            session.reports().parsing(false);
            failed.run();
        } else if (block) {
            undo(readable);
        } else {
            readable.run();
        }
    }

    private void undo(Runnable readable) {
        link.ask(
                out -> {
                    command(out, "rollback to savepoint \"" + SAVEPOINT + '"');
                    command(out, "release savepoint \"" + SAVEPOINT + '"');
                    FrontendWriter.sync(out);
                },
                "312CZ",
                "Z",
                message -> {
                    if (message.tag() == 'Z') {
                        link.takeTrees();
                        readable.run();
                    }
                });
    }

    private static void command(ByteBuf out, String text) {
        FrontendWriter.close(out, Target.PORTAL, STATEMENT);
        FrontendWriter.close(out, Target.STATEMENT, STATEMENT);
        FrontendWriter.parse(out, STATEMENT, text, List.of());
        FrontendWriter.bind(out, new Bind(STATEMENT, STATEMENT, List.of(), List.of(), List.of()));
        FrontendWriter.execute(out, STATEMENT, 0);
    }
}
