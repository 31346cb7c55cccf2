package dev.chaperone.audit;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.Delivered;
import dev.chaperone.audit.v1.OperationDecided;
import dev.chaperone.audit.v1.OperationRepeated;
import dev.chaperone.audit.v1.SessionOpened;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.decision.v1.Principal;
import java.time.Instant;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Sums a session up while its events go by. */
final class SummaryBuilder {

    private final String session;
    private final @Nullable String wanted;
    private long nextSequence;
    private SessionOpened opened = SessionOpened.getDefaultInstance();
    private Principal principal = Principal.getDefaultInstance();
    private String enforcer = "";
    private Instant began = Instant.EPOCH;
    private Instant lastSeen = Instant.EPOCH;
    private String end = "";
    private long statements;
    private long rows;
    private long maskedValues;
    private boolean textFound;
    private final Map<String, Long> detected = new TreeMap<>();
    private final Map<Effect, Long> effects = new EnumMap<>(Effect.class);

    /** Starts a summary that also watches for a text in operations. */
    SummaryBuilder(String session, @Nullable String wanted) {
        this.session = session;
        this.wanted = wanted == null ? null : wanted.toLowerCase(Locale.ROOT);
        this.textFound = wanted == null;
    }

    /** Takes the next event; one that was taken already is skipped. */
    void add(AuditEvent event) {
        if (event.getSequence() < nextSequence) {
            return;
        }
        if (nextSequence == 0) {
            began = instant(event.getTime());
        }
        nextSequence = event.getSequence() + 1;
        lastSeen = instant(event.getTime());
        enforcer = event.getEnforcer();
        switch (event.getBodyCase()) {
            case SESSION_OPENED -> opened = event.getSessionOpened();
            case AUTHENTICATED -> principal = event.getAuthenticated().getPrincipal();
            case OPERATION_DECIDED -> decided(event.getOperationDecided());
            case OPERATION_REPEATED -> repeated(event.getOperationRepeated());
            case DELIVERED -> delivered(event.getDelivered());
            case SESSION_CLOSED -> end = event.getSessionClosed().getCause();
            default -> {}
        }
    }

    private void decided(OperationDecided decided) {
        statements++;
        effects.merge(decided.getEnforced(), 1L, Long::sum);
        lookInto(decided.getOperation());
    }

    /** Only what was permitted is repeated. */
    private void repeated(OperationRepeated repeated) {
        statements++;
        effects.merge(Effect.EFFECT_PERMIT, 1L, Long::sum);
        lookInto(repeated.getOperation());
        delivered(repeated.getDelivered());
    }

    private void delivered(Delivered delivered) {
        rows += delivered.getRows();
        maskedValues += delivered.getMaskedValues();
        delivered.getDetectedMap().forEach((name, finds) -> detected.merge(name, finds, Long::sum));
    }

    private void lookInto(ByteString operation) {
        if (!textFound && wanted != null) {
            textFound = text(operation).toLowerCase(Locale.ROOT).contains(wanted);
        }
    }

    static String text(ByteString operation) {
        return operation.toStringUtf8();
    }

    static Instant instant(Timestamp time) {
        return Instant.ofEpochSecond(time.getSeconds(), time.getNanos());
    }

    boolean matches(SessionQuery query) {
        return opened.getKind() != SessionOpened.Kind.KIND_CONTROL
                && textFound
                && (query.subject() == null || query.subject().equals(principal.getSubject()))
                && (query.agent() == null || query.agent().equals(principal.getAgent()))
                && (query.effect() == null || effects.containsKey(query.effect()))
                && (query.from() == null || !lastSeen.isBefore(query.from()))
                && (query.to() == null || began.isBefore(query.to()));
    }

    boolean isEmpty() {
        return nextSequence == 0;
    }

    SessionSummary build() {
        return new SessionSummary(
                session,
                enforcer,
                opened.getProtocol(),
                opened.getUpstream(),
                opened.getClientAddress(),
                opened.getClientTransport(),
                opened.getDurability(),
                principal.getSubject(),
                principal.getAgent(),
                principal.getGroupsList(),
                began,
                lastSeen,
                end,
                statements,
                rows,
                maskedValues,
                detected,
                effects);
    }
}
