package dev.chaperone.pdp.console;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.DefaultHttpContent;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells one page that something has changed, in a word that holds nothing. However much changes while the page does not read, it
 * is told once: there is nothing to keep for it.
 */
final class EventStream implements Runnable {

    private static final Logger LOG = LoggerFactory.getLogger(EventStream.class);
    private static final long BEAT_SECONDS = 10;
    private static final ByteBuf CHANGED = fixed("event: changed\ndata: look\n\n");
    private static final ByteBuf BEAT = fixed(": still here\n\n");

    private final Channel channel;
    private final BooleanSupplier goesOn;
    private final Executor workers;
    private final AtomicBoolean changed = new AtomicBoolean();
    private boolean beatUnread;

    /**
     * A stream on a channel that has sent its head.
     *
     * @param goesOn whether the session does; asked on one of the workers, because it may wait
     */
    EventStream(Channel channel, BooleanSupplier goesOn, Executor workers) {
        this.channel = channel;
        this.goesOn = goesOn;
        this.workers = workers;
        var beats =
                channel.eventLoop().scheduleWithFixedDelay(this::beat, BEAT_SECONDS, BEAT_SECONDS, TimeUnit.SECONDS);
        channel.closeFuture().addListener(closed -> beats.cancel(false));
    }

    /** Something has changed; any thread. */
    @Override
    public void run() {
        if (!changed.getAndSet(true)) {
            channel.eventLoop().execute(this::flush);
        }
    }

    /** Tells it, if the page reads. */
    void flush() {
        if (channel.isWritable() && changed.getAndSet(false)) {
            channel.writeAndFlush(new DefaultHttpContent(CHANGED.duplicate()), channel.voidPromise());
        }
    }

    private void beat() {
        boolean stuck = !channel.isWritable();
        if (stuck && beatUnread) {
            channel.close();
            return;
        }
        try {
            workers.execute(this::look);
        } catch (RejectedExecutionException e) {
            LOG.debug("it is asked at the next beat whether a session goes on");
        }
        beatUnread = stuck;
        if (!stuck) {
            channel.writeAndFlush(new DefaultHttpContent(BEAT.duplicate()), channel.voidPromise());
        }
    }

    /** Ends with the session, and when nobody can say that it goes on: the page then asks again by itself. */
    private void look() {
        try {
            if (goesOn.getAsBoolean()) {
                return;
            }
        } catch (DeskException e) {
            LOG.debug("whether a session goes on cannot be found out: {}", e.getMessage());
        }
        channel.close();
    }

    private static ByteBuf fixed(String text) {
        return Unpooled.unreleasableBuffer(
                Unpooled.copiedBuffer(text, StandardCharsets.UTF_8).asReadOnly());
    }
}
