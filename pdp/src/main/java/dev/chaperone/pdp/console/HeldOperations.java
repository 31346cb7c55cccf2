package dev.chaperone.pdp.console;

import com.google.protobuf.Timestamp;
import dev.chaperone.approval.v1.Approval;
import dev.chaperone.audit.v1.Parameter;
import dev.chaperone.decision.v1.Column;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.decision.v1.FieldClass;
import dev.chaperone.decision.v1.GrantMode;
import dev.chaperone.decision.v1.Obligation;
import dev.chaperone.decision.v1.Principal;
import dev.chaperone.decision.v1.Relation;
import dev.chaperone.decision.v1.Use;
import dev.chaperone.pdp.console.HeldOperation.Field;
import dev.chaperone.pdp.console.HeldOperation.Operation;
import dev.chaperone.pdp.console.HeldOperation.Origin;
import dev.chaperone.pdp.console.HeldOperation.Reason;
import dev.chaperone.pdp.console.HeldOperation.Requester;
import dev.chaperone.pdp.console.HeldOperation.State;
import dev.chaperone.pdp.console.HeldOperation.Terms;
import dev.chaperone.pdp.console.HeldOperation.Vote;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/** Reads approvals of the contract for people to look at. */
final class HeldOperations {

    private HeldOperations() {}

    static HeldOperation of(Approval approval) {
        return new HeldOperation(
                approval.getId(),
                approval.getRevision(),
                state(approval.getState()),
                instant(approval.getCreatedAt()),
                instant(approval.getExpiresAt()),
                requester(approval.getRequest().getPrincipal()),
                origin(approval),
                operation(approval),
                approval.getDecision().getReasonsList().stream()
                        .map(HeldOperations::reason)
                        .toList(),
                terms(approval),
                approval.getVotesList().stream()
                        .map(vote -> new Vote(
                                vote.getVoter().getSubject(),
                                vote.getApprove(),
                                vote.getJustification(),
                                instant(vote.getAt()),
                                vote.getBreakGlass()))
                        .toList(),
                HeldOperation.Powers.NONE);
    }

    /** As one among many: without the statement and its values, which whoever decides reads by itself. */
    static HeldOperation listed(Approval approval) {
        return of(approval.toBuilder().clearOperationText().clearParameters().build());
    }

    /** What is not known by its name is over: nobody decides on it. */
    private static State state(dev.chaperone.approval.v1.State state) {
        return switch (state) {
            case STATE_PENDING -> State.PENDING;
            case STATE_APPROVED -> State.APPROVED;
            case STATE_DENIED -> State.DENIED;
            case STATE_CONSUMED -> State.CONSUMED;
            case STATE_CANCELLED -> State.CANCELLED;
            default -> State.EXPIRED;
        };
    }

    private static Requester requester(Principal principal) {
        return new Requester(
                principal.getIssuer(),
                principal.getSubject(),
                principal.getAgent(),
                principal.getDelegationList(),
                principal.getGroupsList());
    }

    private static Origin origin(Approval approval) {
        var context = approval.getRequest().getContext();
        return new Origin(
                context.getEnforcer(),
                context.getSessionId(),
                context.getClientAddress(),
                context.getClientName(),
                context.getClientTls(),
                context.getDestinationZone(),
                context.getPurpose());
    }

    private static Operation operation(Approval approval) {
        var request = approval.getRequest();
        return new Operation(
                request.getAction().getProtocol(),
                request.getAction().getOperation(),
                request.getResource().getUpstream(),
                approval.getOperationText(),
                approval.getParametersList().stream()
                        .map(HeldOperations::parameter)
                        .toList(),
                fields(approval),
                request.getResource().getEstimatedRows(),
                approval.getLimit());
    }

    /** As text where it is text, else its bytes: nobody approves what they were not shown. */
    private static String parameter(Parameter parameter) {
        if (parameter.getIsNull()) {
            return "NULL";
        }
        ByteBuffer bytes = parameter.getValue().asReadOnlyByteBuffer();
        if (!parameter.getBinary()) {
            try {
                return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
            } catch (CharacterCodingException e) {
                // Shown as bytes.
            }
        }
        String type = parameter.getType() == 0 ? "" : " (type " + Integer.toUnsignedString(parameter.getType()) + ")";
        return "0x" + HexFormat.of().formatHex(parameter.getValue().toByteArray()) + type;
    }

    /** Every column that is touched, and every field that the decision classified. */
    private static List<Field> fields(Approval approval) {
        Decision decision = approval.getDecision();
        Map<String, String> masks = new HashMap<>();
        decision.getObligationsList().stream()
                .filter(Obligation::hasMask)
                .map(Obligation::getMask)
                .forEach(mask -> masks.put(mask.getField(), mask.getFunction()));
        Map<String, List<String>> uses = new LinkedHashMap<>();
        for (Relation relation : approval.getRequest().getResource().getRelationsList()) {
            for (Column column : relation.getColumnsList()) {
                uses.put(
                        String.join(
                                ".",
                                relation.getDatabase(),
                                relation.getSchema(),
                                relation.getName(),
                                column.getName()),
                        column.getUsesList().stream().map(HeldOperations::use).toList());
            }
        }
        Map<String, String> classes = new HashMap<>();
        for (FieldClass field : decision.getFieldClassesList()) {
            classes.put(field.getField(), field.getPhiClass());
            uses.putIfAbsent(field.getField(), List.of());
        }
        return uses.entrySet().stream()
                .map(field -> new Field(
                        field.getKey(),
                        classes.getOrDefault(field.getKey(), "UNKNOWN"),
                        field.getValue(),
                        masks.getOrDefault(field.getKey(), "")))
                .toList();
    }

    private static String use(Use use) {
        return switch (use) {
            case USE_OUTPUT -> "output";
            case USE_PREDICATE -> "predicate";
            case USE_WRITE -> "write";
            default -> "derived";
        };
    }

    private static Reason reason(dev.chaperone.decision.v1.Reason reason) {
        String effect = reason.getEffect().name().replaceFirst("^EFFECT_", "").toLowerCase(Locale.ROOT);
        return new Reason(reason.getRule(), reason.getPack(), reason.getText(), reason.getCitation(), effect);
    }

    private static Terms terms(Approval approval) {
        var terms = approval.getTerms();
        return new Terms(
                Math.max(1, terms.getApprovalsNeeded()),
                Stream.concat(terms.getApproverGroupsList().stream(), terms.getRequiredGroupsList().stream())
                        .distinct()
                        .toList(),
                mode(terms.getMode()),
                approval.getDecision().getPolicyVersion(),
                terms.getBreakGlassGroupsList());
    }

    private static String mode(GrantMode mode) {
        return switch (mode) {
            case GRANT_MODE_SESSION -> "session";
            case GRANT_MODE_WINDOW -> "window";
            default -> "once";
        };
    }

    static Timestamp timestamp(Instant time) {
        return Timestamp.newBuilder()
                .setSeconds(time.getEpochSecond())
                .setNanos(time.getNano())
                .build();
    }

    private static Instant instant(Timestamp time) {
        return Instant.ofEpochSecond(time.getSeconds(), time.getNanos());
    }
}
