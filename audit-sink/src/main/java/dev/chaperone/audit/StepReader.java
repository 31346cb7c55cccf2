package dev.chaperone.audit;

import dev.chaperone.audit.PostgresTranscript.Reading;
import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.Delivered;
import dev.chaperone.audit.v1.HoldEnded;
import dev.chaperone.audit.v1.OperationCompleted;
import dev.chaperone.audit.v1.OperationDecided;
import dev.chaperone.audit.v1.OperationRepeated;
import dev.chaperone.audit.v1.Parameter;
import dev.chaperone.audit.v1.Received;
import dev.chaperone.audit.v1.SessionOpened;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.decision.v1.Detect;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.decision.v1.Obligation;
import dev.chaperone.decision.v1.Principal;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Reads a session's events as steps, one after the other. It keeps what later events refer to, and that bounded. */
final class StepReader {

    /** Bytes of data that a client sent which are shown of each event. */
    private static final int MAX_SENT_BYTES = 512;

    private static final int MAX_REMEMBERED = 10_000;

    private final PostgresTranscript transcript = new PostgresTranscript();
    /** What was decided first, by sequence, for what repeats it. */
    private final Map<Long, ReplayStep.Asked> asked = new HashMap<>();

    private final int maxRows;
    private final long maxPayload;
    private @Nullable Instant began;
    private long payloadBytes;
    private boolean rowsOmitted;

    /**
     * A reader at a session's beginning.
     *
     * @param maxRows most rows to list of each delivery
     * @param maxPayload most bytes of deliveries of which rows are listed
     */
    StepReader(int maxRows, long maxPayload) {
        this.maxRows = maxRows;
        this.maxPayload = maxPayload;
    }

    /** Whether rows were delivered that no step lists. */
    boolean rowsOmitted() {
        return rowsOmitted;
    }

    /** The steps of the next event: one, or up to three. */
    List<ReplayStep> read(AuditEvent event) {
        if (began == null) {
            began = SummaryBuilder.instant(event.getTime());
        }
        return event.getBodyCase() == AuditEvent.BodyCase.OPERATION_REPEATED ? repeated(event) : List.of(step(event));
    }

    /** One event that stands for up to three. */
    private List<ReplayStep> repeated(AuditEvent event) {
        OperationRepeated repeated = event.getOperationRepeated();
        long sequence = event.getSequence();
        long at = at(event);
        long request = event.getRequestNumber();
        List<ReplayStep> steps = new ArrayList<>();
        steps.add(again(sequence, at, request, repeated));
        if (repeated.hasDelivered()) {
            steps.add(saw(sequence, at, request, "delivered", repeated.getDelivered()));
        }
        if (repeated.hasCompleted()) {
            steps.add(completed(sequence, at, request, "operation_completed", repeated.getCompleted()));
        }
        return steps;
    }

    private ReplayStep again(long sequence, long at, long request, OperationRepeated repeated) {
        ReplayStep.Asked first = asked.get(repeated.getDecidedSequence());
        if (first == null) {
            return new ReplayStep.Other(sequence, at, request, "operation_repeated");
        }
        return new ReplayStep.Asked(
                sequence,
                at,
                request,
                "operation_decided",
                repeated.getOperation().isEmpty() ? first.operation() : SummaryBuilder.text(repeated.getOperation()),
                parameters(repeated.getParametersList()),
                first.effect(),
                first.decided(),
                first.reasons(),
                first.masks(),
                first.detectors(),
                first.policyVersion(),
                true,
                0,
                null);
    }

    private long at(AuditEvent event) {
        Instant time = SummaryBuilder.instant(event.getTime());
        return ChronoUnit.MICROS.between(began == null ? time : began, time);
    }

    private ReplayStep step(AuditEvent event) {
        long sequence = event.getSequence();
        long at = at(event);
        long request = event.getRequestNumber();
        String kind = event.getBodyCase().name().toLowerCase(Locale.ROOT);
        return switch (event.getBodyCase()) {
            case SESSION_OPENED -> {
                SessionOpened opened = event.getSessionOpened();
                yield new ReplayStep.Opened(
                        sequence, at, request, kind, opened.getClientAddress(), opened.getClientTransport());
            }
            case AUTHENTICATED -> {
                Principal principal = event.getAuthenticated().getPrincipal();
                yield new ReplayStep.Authenticated(
                        sequence,
                        at,
                        request,
                        kind,
                        principal.getSubject(),
                        principal.getAgent(),
                        principal.getDelegationList(),
                        principal.getGroupsList(),
                        principal.getIssuer());
            }
            case AUTHENTICATION_FAILED ->
                new ReplayStep.Refused(
                        sequence,
                        at,
                        request,
                        kind,
                        event.getAuthenticationFailed().getCode(),
                        event.getAuthenticationFailed().getMessage());
            case OPERATION_DECIDED -> {
                ReplayStep.Asked step = asked(sequence, at, request, kind, event.getOperationDecided());
                if (asked.size() < MAX_REMEMBERED) {
                    asked.put(sequence, step);
                }
                yield step;
            }
            case DELIVERED -> saw(sequence, at, request, kind, event.getDelivered());
            case RECEIVED -> sent(sequence, at, request, kind, event.getReceived());
            case OPERATION_COMPLETED -> completed(sequence, at, request, kind, event.getOperationCompleted());
            case OPERATION_HELD ->
                new ReplayStep.Held(
                        sequence,
                        at,
                        request,
                        kind,
                        event.getOperationHeld().getApprovalId(),
                        event.getOperationHeld().getLimit());
            case HOLD_ENDED -> holdEnded(sequence, at, request, kind, event.getHoldEnded());
            case SESSION_CLOSED ->
                new ReplayStep.Closed(
                        sequence, at, request, kind, event.getSessionClosed().getCause());
            case HEARTBEAT, SESSION_STARTED, SESSION_ENDED, RECORDING_CHANGED, OPERATION_REPEATED, BODY_NOT_SET ->
                new ReplayStep.Other(sequence, at, request, kind);
        };
    }

    private static ReplayStep.Asked asked(long sequence, long at, long request, String kind, OperationDecided decided) {
        Decision decision = decided.getDecision();
        Map<String, String> masks = new LinkedHashMap<>();
        Map<String, String> detectors = new LinkedHashMap<>();
        for (Obligation obligation : decision.getObligationsList()) {
            if (obligation.hasMask()) {
                masks.put(obligation.getMask().getField(), obligation.getMask().getFunction());
            }
            Detect detect = obligation.getDetect();
            detect.getDetectorsList().forEach(name -> detectors.put(name, action(detect)));
        }
        String refusal = decided.getEnforcerMessage();
        if (!decided.getEnforcerCode().isEmpty()) {
            refusal = decided.getEnforcerCode() + ": " + refusal;
        }
        return new ReplayStep.Asked(
                sequence,
                at,
                request,
                kind,
                SummaryBuilder.text(decided.getOperation()),
                parameters(decided.getParametersList()),
                effect(decided.getEnforced()),
                effect(decision.getEffect()),
                decision.getReasonsList().stream()
                        .map(reason -> new ReplayStep.Reason(reason.getRule(), reason.getText(), reason.getCitation()))
                        .toList(),
                masks,
                detectors,
                decision.getPolicyVersion(),
                decided.getCached(),
                decided.getDecisionMicros(),
                refusal.isEmpty() ? null : refusal);
    }

    private static List<@Nullable String> parameters(List<Parameter> recorded) {
        List<@Nullable String> parameters = new ArrayList<>();
        recorded.forEach(parameter -> parameters.add(parameter(parameter)));
        return parameters;
    }

    private static @Nullable String parameter(Parameter parameter) {
        if (parameter.getIsNull()) {
            return null;
        }
        byte[] value = parameter.getValue().toByteArray();
        return parameter.getBinary() ? CellText.hex(value) : CellText.text(value);
    }

    private static String effect(Effect effect) {
        return effect.name().replace("EFFECT_", "").toLowerCase(Locale.ROOT);
    }

    private static ReplayStep sent(long sequence, long at, long request, String kind, Received received) {
        int shown = Math.min(received.getPayload().size(), MAX_SENT_BYTES);
        return new ReplayStep.Sent(
                sequence,
                at,
                request,
                kind,
                received.getMediaType(),
                received.getPayload().size(),
                CellText.text(received.getPayload().substring(0, shown).toByteArray()),
                received.getLast());
    }

    private static String action(Detect detect) {
        return detect.getAction() == Detect.Action.ACTION_UNSPECIFIED
                ? "mask"
                : detect.getAction().name().replace("ACTION_", "").toLowerCase(Locale.ROOT);
    }

    private ReplayStep saw(long sequence, long at, long request, String kind, Delivered delivered) {
        Reading reading = new Reading(null, List.of());
        payloadBytes += delivered.getPayload().size();
        if (delivered.getMediaType().equals(PostgresTranscript.MEDIA_TYPE)) {
            boolean room = payloadBytes <= maxPayload;
            reading = transcript.read(delivered.getPayload().toByteArray(), room ? maxRows : 0);
            TableView table = reading.table();
            rowsOmitted |= table != null && table.omitted() > 0;
        }
        return new ReplayStep.Saw(
                sequence,
                at,
                request,
                kind,
                delivered.getMediaType(),
                delivered.getPayload().size(),
                delivered.getRows(),
                delivered.getMaskedValues(),
                new TreeMap<>(delivered.getDetectedMap()),
                masked(delivered),
                reading.table(),
                reading.messages());
    }

    private static List<ReplayStep.MaskedCell> masked(Delivered delivered) {
        List<ReplayStep.MaskedCell> cells = new ArrayList<>(delivered.getMaskedCellsCount() / 2);
        int row = 0;
        for (int i = 0; i + 1 < delivered.getMaskedCellsCount(); i += 2) {
            row += delivered.getMaskedCells(i);
            cells.add(new ReplayStep.MaskedCell(row, delivered.getMaskedCells(i + 1)));
        }
        return cells;
    }

    private static ReplayStep holdEnded(long sequence, long at, long request, String kind, HoldEnded ended) {
        return new ReplayStep.HoldEnded(
                sequence,
                at,
                request,
                kind,
                ended.getApprovalId(),
                ended.getOutcome().name().replace("OUTCOME_", "").toLowerCase(Locale.ROOT),
                ended.getWords(),
                ended.getWaitedMicros(),
                ended.getVotesList().stream()
                        .map(vote -> new ReplayStep.Vote(
                                vote.getVoter().getSubject(),
                                vote.getApprove(),
                                vote.getJustification(),
                                vote.getBreakGlass()))
                        .toList(),
                ended.getBreakGlass());
    }

    private static ReplayStep completed(
            long sequence, long at, long request, String kind, OperationCompleted completed) {
        return new ReplayStep.Completed(
                sequence,
                at,
                request,
                kind,
                completed.getOutcome().name().replace("OUTCOME_", "").toLowerCase(Locale.ROOT),
                completed.getCode(),
                completed.getRows(),
                completed.getBytes(),
                completed.getDurationMicros());
    }
}
