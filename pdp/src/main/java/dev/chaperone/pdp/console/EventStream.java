package dev.chaperone.pdp.console;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.DefaultHttpContent;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;

/**
 * Tells one page that something has changed, in a word that holds nothing. However much changes while the page does not read, it
 * is told once: there is nothing to keep for it.
 */
final class EventStream implements Runnable {

    private static final long BEAT_SECONDS = 10;
    private static final ByteBuf CHANGED = fixed("event: changed\ndata: look\n\n");
    private static final ByteBuf BEAT = fixed(": still here\n\n");

    private final Channel channel;
    private final BooleanSupplier goesOn;
    private final AtomicBoolean changed = new AtomicBoolean();
    private boolean beatUnread;

    /** A stream on a channel that has sent its head. */
    EventStream(Channel channel, BooleanSupplier goesOn) {
        this.channel = channel;
        this.goesOn = goesOn;
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
        if (!goesOn.getAsBoolean() || (stuck && beatUnread)) {
            channel.close();
            return;
        }
        beatUnread = stuck;
        if (!stuck) {
            channel.writeAndFlush(new DefaultHttpContent(BEAT.duplicate()), channel.voidPromise());
        }
    }

    private static ByteBuf fixed(String text) {
        return Unpooled.unreleasableBuffer(
                Unpooled.copiedBuffer(text, StandardCharsets.UTF_8).asReadOnly());
    }
}
