package dev.chaperone.audit;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.Delivered;
import dev.chaperone.audit.v1.OperationDecided;
import dev.chaperone.audit.v1.OperationRepeated;
import dev.chaperone.audit.v1.SessionOpened;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.decision.v1.ObjectRef;
import dev.chaperone.decision.v1.Principal;
import dev.chaperone.decision.v1.Resource;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Sums a session up while its events go by. */
final class SummaryBuilder {

    private static final int MAX_RESOURCES = 32;
    private static final int MAX_RECENT = 8;
    private static final int MAX_RECENT_RESOURCES = 4;

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
    private final Set<String> resources = new LinkedHashSet<>();
    private final Deque<Operation> recent = new ArrayDeque<>();

    /** Starts a summary that also watches for a text in operations. */
    SummaryBuilder(String session, @Nullable String wanted) {
        this.session = session;
        this.wanted = wanted == null ? null : wanted.toLowerCase(Locale.ROOT);
        this.textFound = wanted == null;
    }

    /** An operation without what it said. */
    record Operation(Instant at, String name, List<String> resources, Effect effect) {}

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
            case OPERATION_DECIDED -> decided(event.getOperationDecided(), lastSeen);
            case OPERATION_REPEATED -> repeated(event.getOperationRepeated());
            case DELIVERED -> delivered(event.getDelivered());
            case SESSION_CLOSED -> end = event.getSessionClosed().getCause();
            default -> {}
        }
    }

    private void decided(OperationDecided decided, Instant at) {
        List<String> touched = names(decided.getRequest().getResource());
        for (String name : touched) {
            if (resources.size() < MAX_RESOURCES) {
                resources.add(name);
            }
        }
        if (recent.size() == MAX_RECENT) {
            recent.removeLast();
        }
        recent.addFirst(new Operation(
                at,
                decided.getRequest().getAction().getOperation(),
                touched.stream().limit(MAX_RECENT_RESOURCES).toList(),
                decided.getEnforced()));
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

    /** What a resource is called, without anything that could name a patient: no object keys, no arguments. */
    private static List<String> names(Resource resource) {
        return Stream.of(
                        resource.getRelationsList().stream()
                                .filter(relation -> !relation.getSystem())
                                .map(relation -> relation.getSchema() + "." + relation.getName()),
                        resource.getObjectsList().stream().map(ObjectRef::getBucket),
                        resource.hasEndpoint()
                                ? Stream.of(resource.getEndpoint().getHost()
                                        + resource.getEndpoint().getRoute())
                                : Stream.<String>empty(),
                        resource.hasTool()
                                ? Stream.of(resource.getTool().getServer() + "/"
                                        + resource.getTool().getName())
                                : Stream.<String>empty())
                .flatMap(names -> names)
                .distinct()
                .limit(MAX_RESOURCES)
                .toList();
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

    /** Names of what operations touched, the first of them. */
    Set<String> resources() {
        return Collections.unmodifiableSet(resources);
    }

    /** The last operations, newest first; repetitions of earlier ones are not among them. */
    List<Operation> recent() {
        return List.copyOf(recent);
    }

    String session() {
        return session;
    }

    Principal principal() {
        return principal;
    }

    String upstream() {
        return opened.getUpstream();
    }

    Instant began() {
        return began;
    }

    /** The sequence behind the last event that was taken. */
    long nextSequence() {
        return nextSequence;
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
