package dev.chaperone.postgres;

import dev.chaperone.postgres.wire.BackendMessage;
import dev.chaperone.postgres.wire.BackendWriter;
import dev.chaperone.postgres.wire.FrontendWriter;
import dev.chaperone.postgres.wire.Report;
import io.netty.buffer.ByteBuf;

/**
 * How the session's transaction stands upstream, and what has become of the series of messages since the last Sync, which is a
 * transaction of its own outside of transaction blocks. Used on the session's event loop only.
 */
final class Transaction {

    private final Session session;
    private final UpstreamLink link;
    private char status = 'I';
    private boolean failed;
    private boolean cancelled;
    private boolean ran;

    Transaction(Session session, UpstreamLink link) {
        this.session = session;
        this.link = link;
    }

    /** Ends a series of messages: commits what is not in a transaction block, and asks how the transaction stands. */
    void sync(Runnable then) {
        link.ask(UpstreamLink.Step.SYNC, FrontendWriter::sync, "EZ", "Z", message -> {
            if (message.tag() == 'E') {
                session.upstreamError(Report.read(message.body()), 0);
                return;
            }
            ready(message, then);
        });
    }

    /** The same, and then comes the next message. */
    void sync() {
        sync(session::next);
    }

    /** The server says that the next request may come, and how the transaction stands. */
    void ready(BackendMessage message, Runnable then) {
        ByteBuf body = message.body();
        status = body.isReadable() ? (char) body.readUnsignedByte() : 'I';
        failed = false;
        ran = false;
        session.synced();
        if (status != 'I') {
            readyForQuery(then);
            return;
        }
        session.reports().transactionEnded();
        session.names().transactionEnded();
        session.messages().settled(link, () -> session.pins().settle(link, () -> readyForQuery(then)));
    }

    private void readyForQuery(Runnable then) {
        cancelled = false; // what comes too late for a request is not for the next one
        BackendWriter.readyForQuery(session.outbox().buffer(), status);
        session.outbox().cut();
        session.handles().ready(status);
        session.ready(then);
    }

    /** The server has failed this series: it skips everything up to the next Sync. */
    void fail() {
        failed = true;
    }

    /** True when the server skips everything up to the next Sync. */
    boolean failed() {
        return failed;
    }

    /** Something of this series runs. */
    void runs() {
        ran = true;
    }

    /** True when something has run since the last Sync, or failed. */
    boolean touched() {
        return ran || failed;
    }

    /** The client has taken back what it has sent up to its next Sync. */
    void cancel() {
        cancelled = true;
    }

    /** True when the client has taken back the request at hand: what is not running yet is not to run. */
    boolean cancelled() {
        return cancelled;
    }

    /** True outside of transaction blocks. */
    boolean idle() {
        return status == 'I';
    }

    /** True within a transaction block that has not failed. */
    boolean inBlock() {
        return status == 'T' && !failed;
    }

    /** True when what is asked of the server now is carried out: no error stands in its way. */
    boolean good() {
        return !failed && status != 'E';
    }

    /** True when a text may be taken for a statement that is prepared already: the server would accept the text, too. */
    boolean mayUseHandles() {
        return good() && !cancelled;
    }
}
