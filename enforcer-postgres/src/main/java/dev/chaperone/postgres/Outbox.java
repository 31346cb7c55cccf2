package dev.chaperone.postgres;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.Delivered;
import dev.chaperone.audit.v1.MaskedOriginal;
import dev.chaperone.audit.v1.MaskedOriginals;
import dev.chaperone.audit.v1.OperationCompleted;
import dev.chaperone.audit.v1.OperationRepeated;
import dev.chaperone.enforcer.SessionRecorder;
import dev.chaperone.enforcer.detect.FindCounts;
import dev.chaperone.enforcer.detect.Hit;
import dev.chaperone.postgres.wire.BackendFragment;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What is on its way to one client. Bytes are gathered into a piece, the piece is recorded, and only when its record is
 * durable is it written to the client; pieces keep their order. Used on the session's event loop only.
 */
final class Outbox {

    private static final String MEDIA_TYPE = "application/vnd.postgresql.v3";

    /** Most bytes in a piece, but for one message that is larger by itself. */
    static final int PIECE = 256 << 10;

    /** A server, too, sends what it has when it has 8 KiB. */
    private static final int WORTH_SENDING = 8 << 10;

    private static final long MOST_UNRELEASED = 1 << 20;

    /**
     * @param whole false when it ends within a message
     * @param rows in it
     * @param maskedValues in it
     */
    private record Piece(
            ByteBuf bytes, boolean whole, long rows, long maskedValues, CompletableFuture<Void> recorded) {}

    private final Channel client;
    private final SessionRecorder recorder;
    private final DeliveryMeters meters;
    private final Consumer<Throwable> failed;
    private final Runnable released;
    private final ArrayDeque<Piece> unreleased = new ArrayDeque<>();
    private final List<AuditEvent.Builder> completions = new ArrayList<>();
    private OperationRepeated.@Nullable Builder repeated;
    private long repeatedAt;
    private @Nullable ByteBuf piece;
    private final FindCounts found = new FindCounts();
    private MaskedOriginals.Builder originals = MaskedOriginals.newBuilder();
    private long originalBytes;
    private long request;
    private long rows;
    private long maskedValues;
    private boolean holdsResults;
    private long unreleasedBytes;
    private long totalRows;
    private boolean broken;
    /** True while a message has been begun and not ended: in what is gathered, at the last cut, in what was released. */
    private boolean within;

    private boolean cutWithin;
    private boolean releasedWithin;

    /**
     * @param failed called once when a record cannot be written: nothing is released any more
     * @param released called each time something was released
     */
    Outbox(
            Channel client,
            SessionRecorder recorder,
            PostgresMeters meters,
            Consumer<Throwable> failed,
            Runnable released) {
        this.client = client;
        this.recorder = recorder;
        this.meters = new DeliveryMeters(meters);
        this.failed = failed;
        this.released = released;
    }

    /** Takes what is written next; valid until something else is called here. */
    ByteBuf buffer() {
        if (piece == null) {
            piece = client.alloc().buffer(1024);
        }
        return piece;
    }

    /** From now on everything belongs to that request. */
    void request(long number) {
        if (holdsResults || !completions.isEmpty() || repeated != null && number != request) {
            cut();
        }
        request = number;
    }

    /**
     * From now on everything belongs to that request.
     *
     * @param asked the beginning of its record, which is written with the first piece of its answer; null when it is recorded
     */
    void request(long number, OperationRepeated.@Nullable Builder asked) {
        request(number);
        if (asked != null) {
            repeated = asked;
            repeatedAt = System.nanoTime();
        }
    }

    /** Nanoseconds that the record of a request has been waiting for its answer; negative when none is. */
    long waiting() {
        return repeated == null ? -1 : System.nanoTime() - repeatedAt;
    }

    /** Records the request at hand without waiting for its answer any longer. */
    void recordRequest() {
        OperationRepeated.Builder asked = repeated;
        repeated = null;
        if (asked != null && !broken) {
            failOn(recorder.record(event(asked)));
        }
    }

    /** Number of the row about to be written, within its piece. */
    long row() {
        return rows;
    }

    /** A row was written. */
    void countRow(int masked) {
        rows++;
        totalRows++;
        maskedValues += masked;
        holdsResults = true;
    }

    /** Passes a part of a row on that is too long to be kept as a whole. */
    void part(BackendFragment fragment) {
        buffer().writeBytes(
                        fragment.content(),
                        fragment.content().readerIndex(),
                        fragment.content().readableBytes());
        holdsResults = true;
        within = !fragment.last();
        if (fragment.last()) {
            countRow(0);
        }
    }

    /** True when a message has been begun that is not ended yet: nothing else can be said to the client. */
    boolean withinMessage() {
        return within;
    }

    /** True when what has been released ends within a message. */
    boolean releasedWithinMessage() {
        return releasedWithin;
    }

    /** Rows were written that a counter of their own knows of. */
    void countRows(long more, long masked) {
        rows += more;
        totalRows += more;
        maskedValues += masked;
        holdsResults = true;
    }

    /** Keeps what a mask is about to replace. */
    void original(long row, int column, String field, ByteBuf source, int index, int length) {
        originals.addValues(MaskedOriginal.newBuilder()
                .setRow(row)
                .setColumn(column)
                .setField(field)
                .setValue(ByteString.copyFrom(ByteBufUtil.getBytes(source, index, length))));
        originalBytes += length + field.length() + 16L;
    }

    /** Detectors have found something in what is about to be written, and replaced it. */
    void found(List<Hit> finds) {
        found.add(finds);
    }

    /** Keeps a text outside of rows as it was before it was sanitised. */
    void original(String field, byte[] value) {
        originals.addValues(
                MaskedOriginal.newBuilder().setRow(-1).setField(field).setValue(ByteString.copyFrom(value)));
        originalBytes += value.length + 32L;
    }

    /** The request has ended; recorded after what was delivered of it. */
    void complete(AuditEvent.Builder completed) {
        completions.add(completed);
    }

    /** Rows of the whole session. */
    long totalRows() {
        return totalRows;
    }

    /** True when so much waits that the database should be read no further. */
    boolean congested() {
        return unreleasedBytes > MOST_UNRELEASED || !client.isWritable();
    }

    /** Sends the piece off if it is full. */
    void cutIfFull() {
        if (piece != null && piece.readableBytes() + originalBytes >= PIECE) {
            cut();
        }
    }

    /** Sends the piece off if it is worth it. */
    void cutIfWorthIt() {
        if (piece != null && piece.readableBytes() + originalBytes >= WORTH_SENDING) {
            cut();
        }
    }

    /** Sends the piece off. */
    void cut() {
        ByteBuf bytes = piece;
        piece = null;
        if (bytes != null && (broken || !bytes.isReadable())) {
            bytes.release();
            bytes = null;
        }
        if (bytes != null) {
            CompletableFuture<Void> recorded = record(bytes);
            unreleasedBytes += bytes.readableBytes();
            unreleased.add(new Piece(bytes, !within, rows, maskedValues, recorded));
            cutWithin = within;
            recorded.whenComplete((done, failure) -> {
                if (client.eventLoop().inEventLoop()) {
                    release();
                } else {
                    client.eventLoop().execute(this::release);
                }
            });
        } else if (repeated != null) {
            recordRequest();
        }
        rows = 0;
        maskedValues = 0;
        found.clear();
        holdsResults = false;
        if (!broken) {
            completions.forEach(completion -> failOn(recorder.record(completion)));
        }
        completions.clear();
    }

    private CompletableFuture<Void> record(ByteBuf bytes) {
        Delivered.Builder delivered = Delivered.newBuilder()
                .setMediaType(MEDIA_TYPE)
                .setPayload(UnsafeByteOperations.unsafeWrap(ByteBufUtil.getBytes(bytes)))
                .setRows(rows)
                .setMaskedValues(maskedValues)
                .putAllDetected(found.byName());
        OperationRepeated.Builder asked = repeated;
        AuditEvent.Builder event;
        if (asked == null) {
            event = AuditEvent.newBuilder().setRequestNumber(request).setDelivered(delivered);
        } else {
            repeated = null;
            asked.setDelivered(delivered);
            if (completions.size() == 1 && completions.get(0).getRequestNumber() == request) {
                asked.setCompleted(completions.remove(0).getOperationCompleted());
            }
            event = event(asked);
        }
        if (originals.getValuesCount() == 0) {
            return recorder.record(event);
        }
        MaskedOriginals replaced = originals.build();
        originals = MaskedOriginals.newBuilder();
        originalBytes = 0;
        return recorder.record(event, replaced);
    }

    private AuditEvent.Builder event(OperationRepeated.Builder asked) {
        return AuditEvent.newBuilder().setRequestNumber(request).setOperationRepeated(asked);
    }

    private void failOn(CompletableFuture<Void> recorded) {
        recorded.whenComplete((done, failure) -> {
            if (failure != null) {
                client.eventLoop().execute(() -> fail(failure));
            }
        });
    }

    private void release() {
        boolean wrote = false;
        while (!unreleased.isEmpty() && unreleased.peek().recorded().isDone()) {
            Piece next = unreleased.remove();
            unreleasedBytes -= next.bytes().readableBytes();
            if (broken || next.recorded().isCompletedExceptionally()) {
                next.bytes().release();
                next.recorded().whenComplete((done, failure) -> fail(failure));
            } else {
                releasedWithin = !next.whole();
                meters.delivered(next.rows(), next.maskedValues(), next.bytes().readableBytes());
                client.write(next.bytes());
                wrote = true;
            }
        }
        if (wrote) {
            client.flush();
        }
        released.run();
    }

    private void fail(@Nullable Throwable failure) {
        if (broken || failure == null) {
            return;
        }
        broken = true;
        failed.accept(failure);
    }

    /** True when nothing waits: neither for its record nor for being sent off. */
    boolean empty() {
        return piece == null && unreleased.isEmpty();
    }

    /** Throws away what has not been released, and whatever comes. */
    void discard() {
        broken = true;
        repeated = null;
        discardPiece();
        completions.clear();
    }

    /** Throws away the piece that is being gathered. */
    void discardPiece() {
        if (piece != null) {
            piece.release();
            piece = null;
        }
        within = cutWithin;
        originals = MaskedOriginals.newBuilder();
        originalBytes = 0;
        rows = 0;
        maskedValues = 0;
        found.clear();
        holdsResults = false;
    }

    /** The end of one request, for the record. */
    static AuditEvent.Builder completion(
            long request, OperationCompleted.Outcome outcome, String code, long rows, long bytes, long began) {
        return AuditEvent.newBuilder()
                .setRequestNumber(request)
                .setOperationCompleted(OperationCompleted.newBuilder()
                        .setOutcome(outcome)
                        .setCode(code)
                        .setRows(rows)
                        .setBytes(bytes)
                        .setDurationMicros((System.nanoTime() - began) / 1000));
    }
}
