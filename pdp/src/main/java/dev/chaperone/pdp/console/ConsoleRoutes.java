package dev.chaperone.pdp.console;

import dev.chaperone.pdp.console.ApprovalDesk.Ballot;
import dev.chaperone.pdp.console.DeskException.Problem;
import dev.chaperone.pdp.console.Sessions.Session;
import io.micrometer.core.instrument.Counter;
import java.net.URI;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Every path of the console.
 *
 * <pre>
 *   GET  /, /app.js, …                       pages, for anybody: they hold nothing
 *   GET  /sign-in                            to the provider
 *   GET  /sign-in/callback                   back from it
 *   POST /sign-out                           {"goOn": where the provider is left, too, or null}
 *   GET  /api/me                             who is signed in, what they may look at, and the word that changes must say
 *   GET  /api/approvals, /api/approvals/ID
 *   GET  /api/approvals/ID/before            what its requester did before
 *   POST /api/approvals/ID/approve, …/deny   {"justification": …, "revision": …, "breakGlass": …}
 *   GET  /api/events                         server-sent events: something has changed, look again
 * </pre>
 *
 * <p>and those of {@link EvidenceRoutes} and {@link FactsRoutes}.
 *
 * <p>A change counts only from our own pages: their origin, their session's cookie, and the word in a header, which no form and
 * no other site can send.
 */
final class ConsoleRoutes {

    private static final Logger LOG = LoggerFactory.getLogger(ConsoleRoutes.class);
    private static final Pattern APPROVAL =
            Pattern.compile("/api/approvals/([A-Za-z0-9_-]{1,128})(/approve|/deny|/before)?");
    private static final String CSRF = "x-chaperone-csrf";

    private final URI origin;
    private final Provider provider;
    private final Sessions sessions;
    private final ApprovalDesk desk;
    private final EvidenceRoutes evidence;
    private final FactsRoutes facts;
    private final Assets assets;
    private final Cookies cookies;
    private final Counter signIns;

    /** The paths below an origin, which is scheme, host and port. */
    ConsoleRoutes(
            URI origin,
            Provider provider,
            Sessions sessions,
            ApprovalDesk desk,
            EvidenceRoutes evidence,
            FactsRoutes facts,
            Assets assets,
            Counter signIns) {
        this.origin = origin;
        this.provider = provider;
        this.sessions = sessions;
        this.desk = desk;
        this.evidence = evidence;
        this.facts = facts;
        this.assets = assets;
        this.signIns = signIns;
        this.cookies = new Cookies("https".equals(origin.getScheme()));
    }

    private record Me(String subject, String name, Set<Role> roles, List<String> pages, String csrf, Instant ends) {}

    private record Said(
            @Nullable String justification,
            @Nullable Long revision,
            @Nullable Boolean breakGlass) {}

    /** Answers; may block. */
    Answer answer(WebRequest request) {
        if (!origin.getRawAuthority().equalsIgnoreCase(request.header("host"))) {
            return Answer.text(421, "the console is at " + origin);
        }
        boolean api = request.path().startsWith("/api/");
        try {
            return switch (request.method()) {
                case "GET" -> get(request);
                case "POST" -> post(request);
                default -> Answer.text(405, "only GET and POST").withHeader("allow", "GET, POST");
            };
        } catch (DeskException e) {
            int status = e.problem().status();
            return api ? json(status, Map.of("message", words(e))) : Answer.text(status, words(e));
        }
    }

    private static String words(DeskException e) {
        return String.valueOf(e.getMessage());
    }

    private Answer get(WebRequest request) {
        return switch (request.path()) {
            case "/sign-in" -> signIn();
            case "/sign-in/callback" -> callback(request);
            case "/api/me" -> me(session(request));
            case "/api/approvals" -> json(200, desk.list(session(request).person()));
            case "/api/events" -> new Answer.Events(session(request));
            default -> request.path().startsWith("/api/") ? page(request, session(request)) : asset(request);
        };
    }

    private Answer page(WebRequest request, Session session) {
        Matcher approval = APPROVAL.matcher(request.path());
        if (approval.matches() && approval.group(2) == null) {
            return json(200, desk.find(session.person(), approval.group(1)));
        }
        if (approval.matches() && "/before".equals(approval.group(2))) {
            return before(session.person(), approval.group(1));
        }
        Answer answer = facts.get(request, session.person());
        if (answer == null) {
            answer = evidence.get(request, session);
        }
        return found(answer);
    }

    private Answer before(Person person, String id) {
        HeldOperation held = desk.find(person, id);
        return Json.written("{\"approvals\":" + Json.of((Object) desk.before(person, held)) + ",\"sessions\":"
                + evidence.before(person, held) + "}");
    }

    private static Answer found(@Nullable Answer answer) {
        if (answer == null) {
            throw new DeskException(Problem.NOT_FOUND, "there is nothing here");
        }
        return answer;
    }

    private Answer asset(WebRequest request) {
        Answer asset = assets.answer(request.path(), request.header("if-none-match"));
        return found(asset);
    }

    private Answer post(WebRequest request) {
        Session session = sessionForChange(request);
        if (request.path().equals("/sign-out")) {
            sessions.end(session);
            LOG.info("`{}` has signed out", session.person().subject());
            return json(200, new SignedOut(provider.leaving(origin.resolve("/"))))
                    .withCookies(cookies.noSession());
        }
        Matcher approval = APPROVAL.matcher(request.path());
        if (!approval.matches()
                || approval.group(2) == null
                || approval.group(2).equals("/before")) {
            return found(evidence.post(request, session));
        }
        Said said = Json.read(request, Said.class, "an object with `justification` and `revision`");
        Long revision = said.revision();
        if (revision == null || revision < 1) {
            throw new DeskException(Problem.INVALID, "`revision` is missing: the one that was decided on");
        }
        String justification = said.justification();
        return json(
                200,
                desk.vote(
                        provider.now(session.signedIn()),
                        new Ballot(
                                approval.group(1),
                                revision,
                                approval.group(2).equals("/approve"),
                                justification == null ? "" : justification,
                                Boolean.TRUE.equals(said.breakGlass()))));
    }

    private record SignedOut(@Nullable URI goOn) {}

    private Answer signIn() {
        Provider.Attempt attempt = Provider.Attempt.begin();
        URI to = provider.authorization(attempt, callback());
        return Answer.redirect(to).withCookies(cookies.attempt(sessions.begin(attempt)));
    }

    private Answer callback(WebRequest request) {
        Provider.Attempt attempt = sessions.resume(request.cookie(cookies.attemptName()));
        String state = request.parameter("state");
        if (attempt == null || state == null || !attempt.state().getValue().equals(state)) {
            throw new DeskException(
                    Problem.UNKNOWN_PERSON,
                    "this sign-in was not begun here, or too long ago; begin again at " + origin);
        }
        String issuer = request.parameter("iss");
        if (issuer != null && !issuer.equals(provider.issuer())) {
            throw new DeskException(Problem.UNKNOWN_PERSON, "another provider has answered than was asked");
        }
        String code = request.parameter("code");
        if (code == null) {
            throw new DeskException(
                    Problem.UNKNOWN_PERSON, "the provider has refused the sign-in; begin again at " + origin);
        }
        Session session = sessions.open(provider.redeem(code, attempt, callback()));
        Person person = session.person();
        signIns.increment();
        LOG.info("`{}` has signed in as {}", person.subject(), new TreeSet<>(person.roles()));
        return Answer.redirect(origin.resolve("/")).withCookies(cookies.session(session.id()), cookies.noAttempt());
    }

    private URI callback() {
        return origin.resolve("/sign-in/callback");
    }

    private Answer me(Session session) {
        Person person = session.person();
        return json(
                200,
                new Me(
                        person.subject(),
                        person.name(),
                        new TreeSet<>(person.roles()),
                        pages(person),
                        session.csrf(),
                        session.ends()));
    }

    /** The pages that say something to that person. Each is refused by itself to who has no business there. */
    private List<String> pages(Person person) {
        List<String> pages = new ArrayList<>();
        pages.add("approvals");
        if (evidence.exist()) {
            pages.add("sessions");
        }
        boolean oversees = person.is(Role.AUDITOR) || person.is(Role.ADMIN);
        if (oversees || person.is(Role.APPROVER)) {
            pages.add("policies");
        }
        if (oversees) {
            pages.add("enforcers");
        }
        if (oversees && evidence.exist()) {
            pages.add("evidence");
        }
        return pages;
    }

    private Session session(WebRequest request) {
        Session session = sessions.find(request.cookie(cookies.sessionName()));
        if (session == null) {
            throw new DeskException(Problem.UNKNOWN_PERSON, "sign in first");
        }
        return session;
    }

    private Session sessionForChange(WebRequest request) {
        Session session = session(request);
        if (!origin.toString().equals(request.header("origin")) || !session.vouches(request.header(CSRF))) {
            throw new DeskException(Problem.FORBIDDEN, "this does not come from the console's own page; load it again");
        }
        return session;
    }

    private static Answer.Content json(int status, Object value) {
        return Json.answer(status, value);
    }
}
