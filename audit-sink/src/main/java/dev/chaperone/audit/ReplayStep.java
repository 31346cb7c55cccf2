package dev.chaperone.audit;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One thing that happened in a session. */
public sealed interface ReplayStep {

    /** Sequence of the event. */
    long sequence();

    /** Microseconds since the session's first event. */
    long atMicros();

    /** Request that it belongs to, from 1; 0 for the session itself. */
    long request();

    /** What kind of step this is, for machine readers. */
    String kind();

    /** The session began. */
    record Opened(long sequence, long atMicros, long request, String kind, String clientAddress, String transport)
            implements ReplayStep {}

    /** Who the client is was established. */
    record Authenticated(
            long sequence,
            long atMicros,
            long request,
            String kind,
            String subject,
            String agent,
            List<String> delegation,
            List<String> groups,
            String issuer)
            implements ReplayStep {}

    /** Who the client is could not be established. */
    record Refused(long sequence, long atMicros, long request, String kind, String code, String message)
            implements ReplayStep {}

    /**
     * An operation was asked for and decided.
     *
     * @param operation its text as received
     * @param parameters its parameters as text, or hex with a leading {@code \x}; null is SQL NULL
     * @param effect what the enforcer did: "permit", "hold" or "deny"
     * @param decided what the policy said
     * @param reasons the rules that spoke
     * @param masks masking function by field
     * @param detectors what becomes of what detectors find, by detector: "mask", "redact" or "deny"
     * @param policyVersion the policy that decided
     * @param cached whether the decision came from the enforcer's cache
     * @param decisionMicros how long deciding took
     * @param message error code and message that the client got; null when it was not refused
     */
    record Asked(
            long sequence,
            long atMicros,
            long request,
            String kind,
            String operation,
            List<@Nullable String> parameters,
            String effect,
            String decided,
            List<Reason> reasons,
            Map<String, String> masks,
            Map<String, String> detectors,
            String policyVersion,
            boolean cached,
            long decisionMicros,
            @Nullable String message)
            implements ReplayStep {}

    /** A rule that spoke, with what it rests on. */
    record Reason(String rule, String text, String citation) {}

    /**
     * Something was delivered.
     *
     * @param mediaType of the payload
     * @param bytes length of the payload
     * @param rows rows in it
     * @param maskedValues values masked in it
     * @param detected what detectors found and replaced in it, by detector
     * @param masked where it is known that something was replaced, by row of this delivery
     * @param table the rows; null when there are none, or the media type is not known
     * @param messages what else the client was told: command tags, errors, notices
     */
    record Saw(
            long sequence,
            long atMicros,
            long request,
            String kind,
            String mediaType,
            long bytes,
            long rows,
            long maskedValues,
            Map<String, Long> detected,
            List<MaskedCell> masked,
            @Nullable TableView table,
            List<String> messages)
            implements ReplayStep {}

    /** A cell by its row and its column, both from 0. */
    record MaskedCell(int row, int column) {}

    /**
     * The client sent data along with an operation.
     *
     * @param mediaType of the data
     * @param bytes length of this part of it
     * @param start how it begins, as text or hex
     * @param last true when no more came
     */
    record Sent(
            long sequence,
            long atMicros,
            long request,
            String kind,
            String mediaType,
            long bytes,
            String start,
            boolean last)
            implements ReplayStep {}

    /** An operation ended. */
    record Completed(
            long sequence,
            long atMicros,
            long request,
            String kind,
            String outcome,
            String code,
            long rows,
            long bytes,
            long durationMicros)
            implements ReplayStep {}

    /**
     * An operation waits for people.
     *
     * @param approval id of the approval
     * @param limit the limit that was met; empty for an operation that is held before it runs
     */
    record Held(long sequence, long atMicros, long request, String kind, String approval, String limit)
            implements ReplayStep {}

    /**
     * An operation waits no longer.
     *
     * @param approval id of the approval
     * @param outcome how it ended: "granted", "denied", "expired", "withdrawn" or "unavailable"
     * @param words what people said about it
     * @param waitedMicros how long it waited
     * @param votes who decided what, as far as the enforcer was told
     * @param breakGlass granted by one person's break-glass rights
     */
    record HoldEnded(
            long sequence,
            long atMicros,
            long request,
            String kind,
            String approval,
            String outcome,
            String words,
            long waitedMicros,
            List<Vote> votes,
            boolean breakGlass)
            implements ReplayStep {}

    /** What somebody said about an operation that waited. */
    record Vote(String subject, boolean approve, String justification, boolean breakGlass) {}

    /** The session ended. */
    record Closed(long sequence, long atMicros, long request, String kind, String cause) implements ReplayStep {}

    /** Anything else, by the name of its event. */
    record Other(long sequence, long atMicros, long request, String kind) implements ReplayStep {}
}
