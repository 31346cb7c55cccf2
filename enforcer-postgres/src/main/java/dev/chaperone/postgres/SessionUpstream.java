package dev.chaperone.postgres;

import dev.chaperone.postgres.wire.BackendMessage;
import dev.chaperone.postgres.wire.Report;

/** Hands what the database says unasked to its session. */
record SessionUpstream(Session session) implements UpstreamLink.Events {

    @Override
    public void notice(Report notice) {
        session.notice(notice);
    }

    @Override
    public void parameterStatus(BackendMessage message) {
        session.parameterStatus(message);
    }

    @Override
    public void notification(BackendMessage message) {
        session.notification(message);
    }

    @Override
    public void fatal(Report report) {
        session.upstreamFatal(report);
    }

    @Override
    public void closed() {
        session.upstreamClosed();
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
        session.adjustClientReading();
    }
}
