package dev.chaperone.postgres;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.Received;
import dev.chaperone.postgres.wire.FrontendMessage;
import dev.chaperone.postgres.wire.FrontendWriter;
import dev.chaperone.postgres.wire.ProtocolException;
import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * The data of one COPY FROM STDIN on its way to the database (chapter "COPY Operations"). It is gathered into pieces, a piece is
 * recorded, and only when its record is durable does the database get it. As in a server, Flush and Sync mean nothing until the
 * client says that it is done, and what comes when the database has failed already is dropped.
 */
final class CopyIn {

    /** What the recorded payload is: the contents of CopyData messages, put together. */
    static final String MEDIA_TYPE = "application/vnd.postgresql.copy";

    private static final int PIECE = 256 << 10;
    private static final long MOST_PENDING = 1 << 20;

    /** How the session goes on. */
    interface Events {

        /** Records an event of the request; the record is durable when the future completes. */
        CompletableFuture<Void> record(AuditEvent.Builder event);

        /** Calls back on the event loop once the record is durable, if the session still goes on. */
        void whenDurable(CompletableFuture<Void> recorded, Runnable then);

        /** There may be room for more of what the client sends. */
        void roomChanged();
    }

    private final UpstreamLink link;
    private final long request;
    private final Events events;
    private final List<ByteString> gathered = new ArrayList<>();
    private final ArrayDeque<Runnable> unsent = new ArrayDeque<>();
    private int gatheredBytes;
    private long pendingBytes;
    private long totalBytes;
    private boolean ended;

    CopyIn(UpstreamLink link, long request, Events events) {
        this.link = link;
        this.request = request;
        this.events = events;
    }

    /** True when the client has said that it is done, or that it gives up: what it sends next is no data. */
    boolean ended() {
        return ended;
    }

    /** Bytes of data so far. */
    long bytes() {
        return totalBytes;
    }

    /** False when so much is on its way that the client should be read no further. */
    boolean hasRoom() {
        return pendingBytes < MOST_PENDING && link.writable();
    }

    /** Takes what the client sends. */
    void accept(FrontendMessage message) {
        switch (message.kind()) {
            case COPY_DATA -> data(((FrontendMessage.CopyData) message).data());
            case COPY_DONE -> end(FrontendWriter::copyDone);
            case COPY_FAIL -> end(out -> FrontendWriter.copyFail(out, ((FrontendMessage.CopyFail) message).message()));
            case FLUSH, SYNC -> {}
            default -> throw new ProtocolException("unexpected message during COPY from stdin");
        }
    }

    private void data(byte[] data) {
        gathered.add(UnsafeByteOperations.unsafeWrap(data));
        gatheredBytes += data.length;
        pendingBytes += data.length;
        totalBytes += data.length;
        if (gatheredBytes >= PIECE) {
            cut();
        }
    }

    /** Sends off what has been gathered. */
    void cut() {
        if (gatheredBytes == 0) {
            return;
        }
        ByteString piece = ByteString.copyFrom(gathered);
        gathered.clear();
        gatheredBytes = 0;
        AuditEvent.Builder event = AuditEvent.newBuilder()
                .setRequestNumber(request)
                .setReceived(Received.newBuilder().setMediaType(MEDIA_TYPE).setPayload(piece));
        whenDurable(events.record(event), () -> {
            ByteBuf out = link.buffer();
            FrontendWriter.copyData(out, piece.size());
            piece.asReadOnlyByteBufferList().forEach(out::writeBytes);
            link.send(out);
            pendingBytes -= piece.size();
            events.roomChanged();
        });
    }

    /** Records become durable in order, but who calls back of them may not: one that is durable at once is heard of at once. */
    private void whenDurable(CompletableFuture<Void> recorded, Runnable send) {
        unsent.add(send);
        events.whenDurable(recorded, () -> {
            while (unsent.contains(send)) {
                unsent.remove().run();
            }
        });
    }

    private void end(Consumer<ByteBuf> message) {
        ended = true;
        cut();
        whenDurable(
                events.record(AuditEvent.newBuilder()
                        .setRequestNumber(request)
                        .setReceived(
                                Received.newBuilder().setMediaType(MEDIA_TYPE).setLast(true))),
                () -> {
                    ByteBuf out = link.buffer();
                    message.accept(out);
                    // The Flush that came with Execute was lost on a server that waits for data.
                    FrontendWriter.flush(out);
                    link.send(out);
                });
    }
}
