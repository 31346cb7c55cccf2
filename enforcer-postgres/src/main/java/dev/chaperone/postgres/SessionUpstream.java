package dev.chaperone.postgres;

import dev.chaperone.postgres.wire.BackendMessage;
import dev.chaperone.postgres.wire.BackendWriter;
import dev.chaperone.postgres.wire.Report;
import dev.chaperone.proto.ErrorCode;

/** What the database says unasked: passed on to the client, or the end of the session. */
record SessionUpstream(Session session) implements UpstreamLink.Events {

    @Override
    public void notice(Report notice) {
        if (session.wantsNotices(notice.severity()) && !session.messages().untrue(notice)) {
            BackendWriter.noticeResponse(
                    session.outbox().buffer(), session.reports().forClient(notice, 0));
        }
    }

    @Override
    public void parameterStatus(BackendMessage message) {
        Pins.require(message.body());
        pass(message);
    }

    /** What somebody notified on a channel that a statement of this session listens on. */
    @Override
    public void notification(BackendMessage message) {
        pass(message);
    }

    private void pass(BackendMessage message) {
        session.outbox()
                .buffer()
                .writeBytes(message.content(), message.content().readerIndex(), message.length());
    }

    @Override
    public void fatal(Report report) {
        BackendWriter.errorResponse(session.outbox().buffer(), session.reports().forClient(report, 0));
        session.end("upstream", null);
    }

    @Override
    public void closed() {
        session.end(
                "upstream",
                GatewayError.connectAgain(
                        SqlState.CONNECTION_FAILURE,
                        ErrorCode.UPSTREAM_UNAVAILABLE,
                        "database `" + session.database() + "` closed the connection"));
    }

    @Override
    public void failed(Throwable cause) {
        session.failed(cause);
    }

    @Override
    public void readComplete() {
        session.readComplete();
    }

    @Override
    public void writabilityChanged() {
        session.roomChanged();
    }
}
