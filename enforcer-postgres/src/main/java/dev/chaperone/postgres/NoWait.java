package dev.chaperone.postgres;

import dev.chaperone.postgres.analysis.StatementDetail;
import dev.chaperone.postgres.wire.BackendMessage;
import dev.chaperone.postgres.wire.FrontendMessage.Bind;
import dev.chaperone.postgres.wire.FrontendMessage.Target;
import dev.chaperone.postgres.wire.FrontendWriter;
import dev.chaperone.postgres.wire.Report;
import dev.chaperone.proto.ErrorCode;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Whether relations that are to be locked at once or not at all (LOCK ... NOWAIT) can be looked at without waiting. To say what
 * they are the server locks them, too, and would wait for that as long as it takes; here it gives up after a millisecond:
 *
 * <pre>{@code
 * SHOW lock_timeout; SET LOCAL lock_timeout = 1
 * Parse "SELECT FROM relation", for each of them in turn       <- an error: so the LOCK would have failed
 * (what is to be looked at)
 * SET LOCAL lock_timeout = as before
 * }</pre>
 *
 * What fails on the way fails the transaction, which takes the setting back.
 */
final class NoWait {

    static final String OWN = StatementFlow.RESERVED + "no-wait";
    private static final String LOCK_NOT_AVAILABLE = "55P03";

    private final Session session;
    private final UpstreamLink link;
    private final StatementFlow flow;
    private final StatementDetail.Lock lock;
    private final Runnable failed;
    private String before = "0";
    private int next;

    /** @param failed called when one is locked by somebody else, or cannot be locked, and the client has been told */
    NoWait(Session session, UpstreamLink link, StatementFlow flow, StatementDetail.Lock lock, Runnable failed) {
        this.session = session;
        this.link = link;
        this.flow = flow;
        this.lock = lock;
        this.failed = failed;
    }

    /** Goes on when all of them can be looked at, with a short time for locks; {@link #end} gives back the client's own. */
    void begin(Runnable then) {
        run("SHOW lock_timeout", () -> run("SET LOCAL lock_timeout = 1", () -> look(then)));
    }

    /** What was to be looked at has been. */
    void end(Runnable then) {
        run("SET LOCAL lock_timeout = '" + before + "'", then);
    }

    private void look(Runnable then) {
        if (next == lock.relations().size()) {
            then.run();
            return;
        }
        int at = next++;
        Prepared query = Prepared.ofTheGateway("SELECT FROM " + lock.relations().get(at));
        flow.parseOwn(Meanings.INNER, query, () -> look(then), report -> {
            if (report.sqlState().equals(LOCK_NOT_AVAILABLE)) {
                session.transaction().fail();
                session.clientError(locked(lock.names().get(at)).error());
            } else {
                session.parseError(report, Prepared.REWRITTEN);
            }
            failed.run();
        });
    }

    /** In the words of the server. */
    private static GatewayError locked(String relation) {
        return new GatewayError(
                LOCK_NOT_AVAILABLE,
                ErrorCode.PROTOCOL_VIOLATION,
                "could not obtain lock on relation \"" + relation + '"',
                "",
                "");
    }

    private void run(String command, Runnable then) {
        session.quiet(true);
        link.ask(
                out -> {
                    FrontendWriter.close(out, Target.PORTAL, OWN);
                    FrontendWriter.close(out, Target.STATEMENT, OWN);
                    FrontendWriter.parse(out, OWN, command, List.of());
                    FrontendWriter.bind(out, new Bind(OWN, OWN, List.of(), List.of(), List.of()));
                    FrontendWriter.execute(out, OWN, 0);
                    FrontendWriter.flush(out);
                },
                "312DCE",
                "CE",
                message -> {
                    switch (message.tag()) {
                        case 'D' -> before = value(message);
                        case 'C' -> {
                            link.takeTrees();
                            session.quiet(false);
                            then.run();
                        }
                        case 'E' -> {
                            session.quiet(false);
                            session.upstreamError(Report.read(message.body()), Prepared.REWRITTEN);
                            failed.run();
                        }
                        default -> {}
                    }
                });
    }

    /** One column: its number and length come first. */
    private static String value(BackendMessage row) {
        ByteBuf body = row.body();
        int start = body.readerIndex() + Short.BYTES + Integer.BYTES;
        return body.toString(start, body.writerIndex() - start, StandardCharsets.UTF_8);
    }
}
