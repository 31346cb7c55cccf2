package dev.chaperone.postgres;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.HoldEnded;
import dev.chaperone.audit.v1.OperationHeld;
import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.enforcer.Hold;
import dev.chaperone.enforcer.HoldAnswer;
import dev.chaperone.enforcer.HoldGate;
import dev.chaperone.enforcer.HoldRequest;
import dev.chaperone.postgres.wire.BackendWriter;
import io.netty.util.concurrent.ScheduledFuture;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One statement that waits for people. The client gets what was delivered so far and a notice that says what it waits for;
 * what it sends meanwhile waits too, but for a cancellation, which takes the request back. Used on the session's event loop.
 *
 * <pre>{@code
 * ask        OperationHeld is recorded, the notice goes to the client
 * answered   HoldEnded is recorded; a grant counts once that is durable
 * }</pre>
 */
final class Holding {

    private final Session session;
    private final HoldGate gate;
    private final Ruling ruling;
    private final HoldRequest request;
    private final Tally delivered;
    private final Consumer<Result> then;
    private final long began = System.nanoTime();
    private @Nullable Hold hold;
    private @Nullable ScheduledFuture<?> expiry;
    private boolean ended;

    /**
     * What became of it.
     *
     * @param answer what people said
     * @param id of the approval; empty when there was none
     */
    record Result(HoldAnswer answer, String id) {

        /** For the client: what was held is not to be, and why. */
        String refusal() {
            String approval = id.isEmpty() ? "approval" : "approval `" + id + "`";
            String words = answer.words().isEmpty() ? "" : " (" + answer.words() + ")";
            return switch (answer.outcome()) {
                case GRANTED -> throw new IllegalStateException("a grant refuses nothing");
                case DENIED -> approval + " was denied" + words;
                case EXPIRED -> "nobody decided on " + approval + " in time" + words;
                case WITHDRAWN -> approval + " was taken back" + words;
                case UNAVAILABLE -> "nobody could be asked for approval" + words;
            };
        }
    }

    /**
     * @param ruling on the statement
     * @param delivered what it has delivered so far
     * @param then gets the answer, unless the session ends before
     */
    Holding(
            Session session,
            HoldGate gate,
            Ruling ruling,
            HoldRequest request,
            Tally delivered,
            Consumer<Result> then) {
        this.session = session;
        this.gate = gate;
        this.ruling = ruling;
        this.request = request;
        this.delivered = delivered;
        this.then = then;
    }

    void start() {
        session.running().holding(this);
        session.outbox().cut();
        CompletionStage<Hold> asked;
        try {
            asked = gate.ask(request);
        } catch (RuntimeException e) {
            asked = CompletableFuture.failedFuture(e);
        }
        asked.whenComplete((opened, failure) -> session.inLoop(() -> opened(opened, failure)));
    }

    private void opened(@Nullable Hold opened, @Nullable Throwable failure) {
        if (opened == null) {
            conclude(new HoldAnswer(HoldAnswer.Outcome.UNAVAILABLE, why(failure)));
            return;
        }
        if (ended) {
            opened.withdraw();
            return;
        }
        hold = opened;
        Instant lapses = opened.expiresAt();
        session.failOn(session.record(AuditEvent.newBuilder()
                .setRequestNumber(ruling.request())
                .setOperationHeld(OperationHeld.newBuilder()
                        .setApprovalId(opened.id())
                        .setDigest(ByteString.copyFrom(request.digest()))
                        .setExpiresAt(Timestamp.newBuilder()
                                .setSeconds(lapses.getEpochSecond())
                                .setNanos(lapses.getNano()))
                        .setLimit(request.limit() == null ? "" : request.limit())
                        .setRows(delivered.rows())
                        .setBytes(delivered.bytes()))));
        if (session.wantsNotices("NOTICE")) {
            BackendWriter.noticeResponse(session.outbox().buffer(), notice(opened));
            session.outbox().cut();
        }
        Duration left = Duration.between(Instant.now(), lapses);
        expiry = session.schedule(
                () -> conclude(HoldAnswer.of(HoldAnswer.Outcome.EXPIRED)), left.isNegative() ? Duration.ZERO : left);
        opened.answer()
                .whenComplete((answer, none) -> session.inLoop(
                        () -> conclude(answer == null ? HoldAnswer.of(HoldAnswer.Outcome.UNAVAILABLE) : answer)));
    }

    private static String why(@Nullable Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        String safe = cause instanceof EnforcementException refused ? refused.getMessage() : null;
        return safe == null ? "the approval service gave no valid answer; try again later" : safe;
    }

    private Map<Character, String> notice(Hold opened) {
        Instant until = opened.expiresAt().truncatedTo(ChronoUnit.SECONDS);
        Map<Character, String> fields = new LinkedHashMap<>();
        fields.put('S', "NOTICE");
        fields.put('V', "NOTICE");
        fields.put('C', "00000");
        if (opened.grantedBefore()) {
            String what = request.limit() == null ? "the statement runs" : request.limit() + " are delivered";
            fields.put('M', what + " by the grant `" + opened.id() + "`, which may be used until " + until);
            return fields;
        }
        String what = request.limit() == null ? "the statement is held" : request.limit() + " are held";
        fields.put('M', what + " for approval `" + opened.id() + "`, until " + until);
        String where = opened.url().isEmpty() ? "" : "; people decide at " + opened.url();
        fields.put('H', "wait, or cancel the statement to take the request back" + where);
        return fields;
    }

    /** The client takes the statement back, or the session ends. */
    void withdraw() {
        conclude(HoldAnswer.of(HoldAnswer.Outcome.WITHDRAWN));
    }

    private void conclude(HoldAnswer answer) {
        if (ended) {
            return;
        }
        ended = true;
        session.running().holding(null);
        if (expiry != null) {
            expiry.cancel(false);
        }
        Hold asked = hold;
        CompletableFuture<Void> recorded = CompletableFuture.completedFuture(null);
        if (asked != null) {
            if (answer.outcome() != HoldAnswer.Outcome.GRANTED && answer.outcome() != HoldAnswer.Outcome.DENIED) {
                asked.withdraw();
            }
            recorded = session.record(AuditEvent.newBuilder()
                    .setRequestNumber(ruling.request())
                    .setHoldEnded(HoldEnded.newBuilder()
                            .setApprovalId(asked.id())
                            .setOutcome(outcome(answer))
                            .setWords(answer.words())
                            .addAllVotes(answer.votes())
                            .setBreakGlass(answer.breakGlass())
                            .setWaitedMicros((System.nanoTime() - began) / 1000)));
        }
        Result result = new Result(answer, asked == null ? "" : asked.id());
        session.whenDurable(recorded, () -> then.accept(result));
    }

    private static HoldEnded.Outcome outcome(HoldAnswer answer) {
        return switch (answer.outcome()) {
            case GRANTED -> HoldEnded.Outcome.OUTCOME_GRANTED;
            case DENIED -> HoldEnded.Outcome.OUTCOME_DENIED;
            case EXPIRED -> HoldEnded.Outcome.OUTCOME_EXPIRED;
            case WITHDRAWN -> HoldEnded.Outcome.OUTCOME_WITHDRAWN;
            case UNAVAILABLE -> HoldEnded.Outcome.OUTCOME_UNAVAILABLE;
        };
    }
}
