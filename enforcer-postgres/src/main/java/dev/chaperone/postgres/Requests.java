package dev.chaperone.postgres;

import dev.chaperone.postgres.wire.FrontendMessage;
import dev.chaperone.postgres.wire.ProtocolException;
import io.netty.channel.Channel;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * What one client has sent and waits to be carried out, strictly in order, one message at a time. After an error everything up
 * to the next Sync is skipped. While a COPY takes data, what comes belongs to it. Used on the session's event loop only.
 */
final class Requests {

    /** Carries out what waits here. */
    interface Handler {

        /** True while messages are carried out at all. */
        boolean open();

        /** Carries one message out, and calls {@link #next()} when the next one may come. */
        void handle(FrontendMessage message);

        /** The client takes its leave. */
        void terminated();

        /** The client broke the protocol. */
        void clientFailed(Throwable failure);

        /** Something else went wrong. */
        void failed(Throwable failure);

        /** Nothing waits any more and nothing is going on. */
        void caughtUp();
    }

    private final Channel client;
    private final Handler handler;
    private final int most;
    private final ArrayDeque<FrontendMessage> queue = new ArrayDeque<>();
    private boolean busy;
    private boolean pumping;
    private boolean skipping;
    private @Nullable CopyIn copyIn;
    private long lastActive = System.nanoTime();

    /** @param most the number of waiting messages from which on the client is read no further */
    Requests(Channel client, Handler handler, int most) {
        this.client = client;
        this.handler = handler;
        this.most = most;
    }

    /** Takes one message of the client. */
    void accept(FrontendMessage message) {
        lastActive = System.nanoTime();
        queue.add(message);
        adjustReading();
    }

    /** Carries out what the client has sent; it comes in packets, and what is in one belongs together. */
    void acceptedAll() {
        pump();
        CopyIn data = copyIn;
        if (data != null) {
            data.cut();
        }
        adjustReading();
    }

    private void pump() {
        if (pumping) {
            return;
        }
        pumping = true;
        try {
            while (handler.open() && !queue.isEmpty()) {
                CopyIn data = copyIn;
                if (data != null && !data.ended()) {
                    copying(data, queue.remove());
                } else if (busy) {
                    break;
                } else {
                    begin(queue.remove());
                }
            }
        } finally {
            pumping = false;
        }
    }

    private void copying(CopyIn data, FrontendMessage message) {
        lastActive = System.nanoTime();
        if (message.kind() == FrontendMessage.Kind.TERMINATE) {
            handler.terminated();
            return;
        }
        try {
            data.accept(message);
        } catch (ProtocolException e) {
            handler.clientFailed(e);
        } catch (RuntimeException e) {
            handler.failed(e);
        }
    }

    private void begin(FrontendMessage message) {
        if (message.kind() == FrontendMessage.Kind.TERMINATE) {
            handler.terminated();
            return;
        }
        if (skipping && message.kind() != FrontendMessage.Kind.SYNC) {
            return;
        }
        busy = true;
        try {
            handler.handle(message);
        } catch (RuntimeException e) {
            handler.failed(e);
        }
    }

    /** The message at hand is done; the next one may come. */
    void next() {
        busy = false;
        pump();
        adjustReading();
        if (idle()) {
            handler.caughtUp();
        }
    }

    /** The message at hand has failed: everything up to the next Sync is skipped. */
    void skipUntilSync() {
        skipping = true;
    }

    /** A Sync has been carried out. */
    void synced() {
        skipping = false;
    }

    /** The COPY that takes what the client sends from now on; null when none does any more. */
    void copyIn(@Nullable CopyIn data) {
        copyIn = data;
        if (data != null) {
            // Not now: its caller is in the middle of an answer of the database.
            client.eventLoop().execute(() -> {
                if (handler.open()) {
                    acceptedAll();
                }
            });
        }
        adjustReading();
    }

    /** Stops or resumes reading from the client, by how much of it waits. */
    void adjustReading() {
        CopyIn data = copyIn;
        boolean room = queue.size() < most && (data == null || data.hasRoom());
        if (client.config().isAutoRead() != room) {
            client.config().setAutoRead(room);
        }
    }

    /** True when nothing waits and nothing is going on. */
    boolean idle() {
        return !busy && queue.isEmpty();
    }

    /** True when something waits for its turn. */
    boolean waiting() {
        return !queue.isEmpty();
    }

    /** True while a message is being carried out. */
    boolean busy() {
        return busy;
    }

    /** When the client last sent something, by {@link System#nanoTime}. */
    long lastActive() {
        return lastActive;
    }

    /** Forgets what waits. */
    void clear() {
        queue.clear();
    }

    /** True when the client has sent already that this portal is to run to its end, and then a Sync. */
    boolean endsWith(String portal) {
        boolean executed = false;
        for (FrontendMessage message : queue) {
            if (message instanceof FrontendMessage.Describe describe && !executed) {
                if (describe.target() != FrontendMessage.Target.PORTAL
                        || !describe.name().equals(portal)) {
                    return false;
                }
            } else if (message instanceof FrontendMessage.Execute execute && !executed) {
                if (!execute.portal().equals(portal) || execute.maxRows() > 0) {
                    return false;
                }
                executed = true;
            } else {
                return executed && message.kind() == FrontendMessage.Kind.SYNC;
            }
        }
        return false;
    }
}
