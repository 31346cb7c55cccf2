package dev.chaperone.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.postgres.wire.BackendMessage;
import dev.chaperone.postgres.wire.FrontendMessage;
import dev.chaperone.postgres.wire.Report;
import io.netty.buffer.ByteBuf;
import io.netty.channel.embedded.EmbeddedChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class CopyInTest {

    /** Keeps what is to be called back, so that a test says in which order that happens. */
    private static final class TestingEvents implements CopyIn.Events {

        private final List<Runnable> callbacks = new ArrayList<>();

        @Override
        public CompletableFuture<Void> record(AuditEvent.Builder event) {
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public void whenDurable(CompletableFuture<Void> recorded, Runnable then) {
            callbacks.add(then);
        }

        @Override
        public void roomChanged() {}
    }

    private static final class NoEvents implements UpstreamLink.Events {

        @Override
        public void notice(Report notice) {}

        @Override
        public void parameterStatus(BackendMessage message) {}

        @Override
        public void notification(BackendMessage message) {}

        @Override
        public void fatal(Report report) {}

        @Override
        public void closed() {}

        @Override
        public void failed(Throwable cause) {}

        @Override
        public void readComplete() {}

        @Override
        public void writabilityChanged() {}
    }

    @Test
    void dataStaysInOrderWhenALaterRecordIsHeardOfFirst() {
        EmbeddedChannel channel = new EmbeddedChannel();
        TestingEvents events = new TestingEvents();
        CopyIn copy = new CopyIn(new UpstreamLink(channel, new NoEvents()), 1, events);
        for (String line : List.of("one", "two")) {
            copy.accept(new FrontendMessage.CopyData(line.getBytes(StandardCharsets.UTF_8)));
            copy.cut();
        }
        copy.accept(new FrontendMessage.CopyDone());
        assertThat(events.callbacks).hasSize(3);
        events.callbacks.get(2).run();
        events.callbacks.get(0).run();
        events.callbacks.get(1).run();
        channel.flushOutbound();
        StringBuilder sent = new StringBuilder();
        for (ByteBuf out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
            while (out.isReadable()) {
                sent.append((char) out.readByte());
                sent.append(out.readCharSequence(out.readInt() - 4, StandardCharsets.UTF_8));
            }
            out.release();
        }
        assertThat(sent).hasToString("d" + "one" + "d" + "two" + "c" + "H");
        assertThat(channel.finish()).isFalse();
    }
}
