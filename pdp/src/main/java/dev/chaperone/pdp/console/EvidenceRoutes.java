package dev.chaperone.pdp.console;

import dev.chaperone.audit.v1.Reader;
import dev.chaperone.audit.v1.ReplaySessionRequest;
import dev.chaperone.audit.v1.Scope;
import dev.chaperone.audit.v1.SearchSessionsRequest;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.pdp.console.DeskException.Problem;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The paths below which sessions and the ledger are looked at.
 *
 * <pre>
 *   POST /api/sessions/search         {"subject", "agent", "resource", "effect", "from", "to", "page"}: conditions may name people,
 *                                     so they are not in an address
 *   GET  /api/sessions/ID/steps       ?after=SEQUENCE: the session and its next steps
 *   GET  /api/ledger
 *   POST /api/ledger/verify
 * </pre>
 *
 * <p>Auditors see every session; others their own, and those of agents that act for them. Whoever begins a replay is looked up
 * at the provider at that moment, as for a decision.
 */
final class EvidenceRoutes {

    private static final Pattern STEPS = Pattern.compile("/api/sessions/([A-Za-z0-9_-]{1,128})/steps");
    private static final int PAGE = 50;
    private static final int MOST_BEFORE = 5;

    private final @Nullable Evidence evidence;
    private final Provider provider;

    EvidenceRoutes(@Nullable Evidence evidence, Provider provider) {
        this.evidence = evidence;
        this.provider = provider;
    }

    /** Whether there is anything to look at. */
    boolean exist() {
        return evidence != null;
    }

    private record Search(
            @Nullable String subject,
            @Nullable String agent,
            @Nullable String resource,
            @Nullable String effect,
            @Nullable String from,
            @Nullable String to,
            @Nullable String page) {}

    /** Answers what is asked with GET; null when the path is none of these. */
    @Nullable
    Answer get(WebRequest request, Sessions.Session session) {
        Matcher steps = STEPS.matcher(request.path());
        if (steps.matches()) {
            return steps(request, session, steps.group(1));
        }
        return request.path().equals("/api/ledger") ? ledger(session.person()) : null;
    }

    /** Answers what is asked with POST; null when the path is none of these. */
    @Nullable
    Answer post(WebRequest request, Sessions.Session session) {
        return switch (request.path()) {
            case "/api/sessions/search" -> search(request, session.person());
            case "/api/ledger/verify" -> verify(session.person());
            default -> null;
        };
    }

    private Answer search(WebRequest request, Person person) {
        Search search = Json.read(request, Search.class, "an object with conditions");
        SearchSessionsRequest.Builder conditions = SearchSessionsRequest.newBuilder()
                .setReader(reader(person, "sessions"))
                .setPageSize(PAGE)
                .setSubject(text(search.subject()))
                .setAgent(text(search.agent()))
                .setResource(text(search.resource()))
                .setEffect(effect(text(search.effect())))
                .setPageToken(text(search.page()));
        if (!text(search.from()).isEmpty()) {
            conditions.setFrom(HeldOperations.timestamp(time(text(search.from()))));
        }
        if (!text(search.to()).isEmpty()) {
            conditions.setTo(HeldOperations.timestamp(time(text(search.to()))));
        }
        if (!person.is(Role.AUDITOR)) {
            conditions.setScope(own(person));
        }
        return Json.written(Json.of(evidence().search(conditions.build())));
    }

    private Answer steps(WebRequest request, Sessions.Session session, String id) {
        long after = after(request.parameter("after"));
        Person person = provider.now(session.signedIn());
        ReplaySessionRequest.Builder replay = ReplaySessionRequest.newBuilder()
                .setReader(reader(person, "replay"))
                .setSessionId(id)
                .setAfterSequence(after);
        if (!person.is(Role.AUDITOR)) {
            replay.setScope(own(person));
        }
        Evidence.Steps steps = evidence().steps(replay.build());
        return Json.written("{\"session\":" + Json.of(steps.session()) + ",\"steps\":["
                + steps.steps().stream().map(Json::of).collect(Collectors.joining(",")) + "],\"next\":" + steps.next()
                + "}");
    }

    private Answer ledger(Person person) {
        RoleGuard.require(person, Role.AUDITOR, Role.ADMIN);
        List<Evidence.Part> parts = evidence().ledger(reader(person, "ledger"));
        return Json.written("[" + parts.stream().map(EvidenceRoutes::part).collect(Collectors.joining(",")) + "]");
    }

    private static String part(Evidence.Part part) {
        return "{\"target\":" + Json.of((Object) part.target()) + ",\"problem\":" + Json.of((Object) part.problem())
                + ",\"status\":" + (part.status() == null ? "null" : Json.of(part.status()))
                + ",\"running\":" + (part.running() == null ? "null" : Json.of(part.running())) + "}";
    }

    private Answer verify(Person person) {
        RoleGuard.require(person, Role.AUDITOR, Role.ADMIN);
        evidence().verify(reader(person, "ledger"));
        return Json.answer(200, Map.of());
    }

    /** What a requester did of late, without what their operations said: for who is to decide on another one. */
    String before(Person person, HeldOperation held) {
        if (evidence == null) {
            return "null";
        }
        return Json.of(evidence.search(SearchSessionsRequest.newBuilder()
                .setReader(reader(person, "approval " + held.id()))
                .setScope(Scope.newBuilder()
                        .setIssuer(held.requester().issuer())
                        .setSubject(held.requester().subject()))
                .setPageSize(MOST_BEFORE)
                .build()));
    }

    private Evidence evidence() {
        Evidence there = evidence;
        if (there == null) {
            throw new DeskException(
                    Problem.CONFLICT, "this console knows of no audit sink; see `approvals.console.evidence`");
        }
        return there;
    }

    private static Reader reader(Person person, String purpose) {
        return Reader.newBuilder()
                .setPrincipal(ServiceDesk.principal(person))
                .setPurpose(purpose)
                .build();
    }

    private static Scope own(Person person) {
        return Scope.newBuilder()
                .setIssuer(person.issuer())
                .setSubject(person.subject())
                .build();
    }

    private static String text(@Nullable String given) {
        return given == null ? "" : given.strip();
    }

    private static Effect effect(String given) {
        return switch (given) {
            case "" -> Effect.EFFECT_UNSPECIFIED;
            case "permit" -> Effect.EFFECT_PERMIT;
            case "hold" -> Effect.EFFECT_HOLD;
            case "deny" -> Effect.EFFECT_DENY;
            default -> throw new DeskException(Problem.INVALID, "`effect` is `permit`, `hold` or `deny`");
        };
    }

    private static Instant time(String given) {
        try {
            return Instant.parse(given);
        } catch (DateTimeParseException e) {
            throw new DeskException(Problem.INVALID, "a time is written as `2026-01-31T12:00:00Z`");
        }
    }

    private static long after(@Nullable String given) {
        if (given == null) {
            return -1;
        }
        if (!given.matches("\\d{1,18}")) {
            throw new DeskException(Problem.INVALID, "`after` is the sequence of a step");
        }
        return Long.parseLong(given);
    }
}
