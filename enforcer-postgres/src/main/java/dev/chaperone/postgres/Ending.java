package dev.chaperone.postgres;

import dev.chaperone.postgres.wire.BackendWriter;
import dev.chaperone.proto.ErrorCode;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** How one session ends. Used on its event loop only. */
final class Ending {

    private enum State {
        /** Messages are carried out. */
        OPEN,
        /** What has been said is still being recorded and sent; nothing else happens. */
        CLOSING,
        /** Over. */
        CLOSED
    }

    private final Session session;
    private final Channel client;
    private final UpstreamLink link;
    private final Requests requests;
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private State state = State.OPEN;
    private String cause = "client";
    private boolean draining;

    Ending(Session session, Channel client, UpstreamLink link, Requests requests) {
        this.session = session;
        this.client = client;
        this.link = link;
        this.requests = requests;
    }

    /** True as long as messages are carried out. */
    boolean open() {
        return state == State.OPEN;
    }

    /** Completes when the session is over and that is on record. */
    CompletableFuture<Void> ended() {
        return ended;
    }

    /** Ends the session as soon as it waits for a request. */
    void drain() {
        draining = true;
        if (requests.idle()) {
            shutDown();
        }
    }

    /** Ends the session between two requests if it was to be drained, and says whether it did. */
    boolean due() {
        if (draining) {
            shutDown();
        }
        return draining;
    }

    /** Ends the session because the gateway stops. */
    void shutDown() {
        end(
                "shutdown",
                GatewayError.connectAgain(
                        SqlState.ADMIN_SHUTDOWN, ErrorCode.OVERLOADED, "the gateway is shutting down"));
    }

    /** Ends the session: the client still gets what has been said, then the error. */
    void end(String why, @Nullable GatewayError error) {
        if (state != State.OPEN) {
            if (!client.isActive()) {
                close();
            }
            return;
        }
        state = State.CLOSING;
        cause = why;
        requests.clear();
        link.mute();
        Running running = session.running();
        if (requests.busy() && running.busy()) {
            // The server would go on with it for as long as it takes.
            running.cancel();
        }
        running.aborted(error == null ? "" : error.sqlState());
        session.names().forgetPortals();
        Outbox outbox = session.outbox();
        if (error != null && client.isActive() && !outbox.withinMessage()) {
            session.clientError(error.fatal());
        }
        outbox.cut();
        if (!client.isActive() || outbox.empty()) {
            close();
        }
    }

    /**
     * Ends the session because it cannot be recorded: nothing more of it is delivered.
     *
     * @return false when it was over before
     */
    boolean unrecorded() {
        if (state == State.CLOSED) {
            return false;
        }
        Outbox outbox = session.outbox();
        outbox.discard();
        link.mute();
        state = State.CLOSING;
        ByteBuf out = client.alloc().buffer();
        if (!outbox.releasedWithinMessage()) {
            BackendWriter.errorResponse(
                    out,
                    GatewayError.of(
                                    ErrorCode.RECORDING_UNAVAILABLE,
                                    "the exchange cannot be recorded, so nothing of it is delivered",
                                    "try again later")
                            .fatal());
        }
        client.writeAndFlush(out).addListener(ChannelFutureListener.CLOSE);
        cause = "error";
        close();
        return true;
    }

    /** Something of what was said has been sent. */
    void released() {
        if (state == State.CLOSING && session.outbox().empty()) {
            close();
        }
    }

    private void close() {
        if (state == State.CLOSED) {
            return;
        }
        state = State.CLOSED;
        session.over(cause).whenComplete((done, failure) -> ended.complete(null));
    }
}
