package dev.chaperone.audit;

import com.google.protobuf.Timestamp;
import dev.chaperone.audit.Ledger.Place;
import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.Scope;
import dev.chaperone.audit.v1.SearchSessionsRequest;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.decision.v1.Principal;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What can be found without reading the whole ledger: a summary of each of its newest sessions, and where the session begins.
 * Follows the ledger on a thread of its own; the number of sessions is bounded by forgetting those that began first.
 */
final class SessionIndex implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(SessionIndex.class);
    private static final long LOOK_MILLIS = 250;

    private final LedgerFollower follower;
    private final int most;
    private final CountDownLatch closing = new CountDownLatch(1);
    private final Thread thread = new Thread(this::run, "audit-sink-index");

    // Guarded by itself; in the order in which sessions began.
    private final Map<String, Indexed> sessions = new LinkedHashMap<>();
    private boolean forgotten;
    private boolean complete;

    private volatile String failure = "";

    SessionIndex(Path ledger, int most) {
        this.follower = new LedgerFollower(ledger);
        this.most = most;
        thread.setDaemon(true);
    }

    /** A session, and where its first event is. */
    private record Indexed(SummaryBuilder summary, Place place) {}

    /** What was found of one session at one moment. */
    record Found(
            SessionSummary summary,
            Principal principal,
            List<SummaryBuilder.Operation> recent,
            List<String> resources,
            Place place,
            long lastSequence) {}

    /** A page of what was found. */
    record Page(
            List<Found> sessions,
            boolean more,
            boolean complete,
            @Nullable Instant oldest) {}

    /** Why the ledger cannot be followed at the moment; empty when it can. */
    String failure() {
        return failure;
    }

    void start() {
        thread.start();
    }

    @Override
    public void close() {
        closing.countDown();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean stops() {
        return closing.getCount() == 0;
    }

    private void run() {
        do {
            try {
                follower.follow(this::take, this::stops);
                synchronized (sessions) {
                    complete = !stops();
                }
                failure = "";
            } catch (IOException | RuntimeException e) {
                if (!failure.equals(e.toString())) {
                    failure = e.toString();
                    log.error("the ledger cannot be followed for who searches it; trying again", e);
                }
            }
        } while (!closed());
    }

    private boolean closed() {
        try {
            return closing.await(LOOK_MILLIS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    private void take(Place place, AuditEvent event) {
        synchronized (sessions) {
            Indexed session = sessions.get(event.getSessionId());
            if (session == null) {
                if (forgotten && event.getSequence() > 0) {
                    return;
                }
                session = new Indexed(new SummaryBuilder(event.getSessionId(), null), place);
                sessions.put(event.getSessionId(), session);
                forget();
            }
            session.summary().add(event);
        }
    }

    private void forget() {
        Iterator<Indexed> oldest = sessions.values().iterator();
        while (sessions.size() > most && oldest.hasNext()) {
            oldest.next();
            oldest.remove();
            forgotten = true;
        }
    }

    /** How many sessions can be found. */
    long size() {
        synchronized (sessions) {
            return sessions.values().stream()
                    .filter(session -> session.summary().matches(SessionQuery.all()))
                    .count();
        }
    }

    /** Sessions of clients that match, newest first. */
    Page find(SearchSessionsRequest request, int pageSize) {
        @Nullable After after = After.of(request.getPageToken());
        synchronized (sessions) {
            List<Found> found = sessions.values().stream()
                    .filter(session -> matches(session.summary(), request))
                    .filter(session -> after == null || after.precedes(session.summary()))
                    .sorted(Comparator.comparing(
                                    (Indexed session) -> session.summary().began())
                            .reversed()
                            .thenComparing(session -> session.summary().session()))
                    .limit(pageSize + 1L)
                    .map(SessionIndex::found)
                    .toList();
            Instant oldest = !forgotten || sessions.isEmpty()
                    ? null
                    : sessions.values().iterator().next().summary().began();
            return new Page(
                    found.size() > pageSize ? found.subList(0, pageSize) : found,
                    found.size() > pageSize,
                    complete,
                    oldest);
        }
    }

    /** One session; null when there is none in scope. */
    @Nullable
    Found find(String id, @Nullable Scope scope) {
        synchronized (sessions) {
            Indexed session = sessions.get(id);
            return session == null
                            || !session.summary().matches(SessionQuery.all())
                            || !inScope(session.summary(), scope)
                    ? null
                    : found(session);
        }
    }

    private static Found found(Indexed session) {
        SummaryBuilder summary = session.summary();
        return new Found(
                summary.build(),
                summary.principal(),
                summary.recent(),
                List.copyOf(summary.resources()),
                session.place(),
                summary.nextSequence() - 1);
    }

    private static boolean inScope(SummaryBuilder session, @Nullable Scope scope) {
        return scope == null
                || !scope.getSubject().isEmpty()
                        && session.principal().getIssuer().equals(scope.getIssuer())
                        && session.principal().getSubject().equals(scope.getSubject());
    }

    private static boolean matches(SummaryBuilder session, SearchSessionsRequest request) {
        SessionQuery query = new SessionQuery(
                text(request.getSubject()),
                text(request.getAgent()),
                null,
                request.getEffect() == Effect.EFFECT_UNSPECIFIED ? null : request.getEffect(),
                request.hasFrom() ? instant(request.getFrom()) : null,
                request.hasTo() ? instant(request.getTo()) : null,
                1);
        return session.matches(query)
                && inScope(session, request.hasScope() ? request.getScope() : null)
                && touches(session, request.getResource().toLowerCase(Locale.ROOT));
    }

    private static boolean touches(SummaryBuilder session, String part) {
        return part.isEmpty()
                || session.upstream().toLowerCase(Locale.ROOT).contains(part)
                || session.resources().stream()
                        .anyMatch(name -> name.toLowerCase(Locale.ROOT).contains(part));
    }

    private static @Nullable String text(String given) {
        return given.isEmpty() ? null : given;
    }

    private static Instant instant(Timestamp time) {
        return SummaryBuilder.instant(time);
    }

    /** Where a page ended: the same words mean the same at every sink, so that several can be asked at once. */
    private record After(Instant began, String session) {

        static String token(Found last) {
            Instant began = last.summary().began();
            return began.getEpochSecond() + "." + began.getNano() + "."
                    + last.summary().session();
        }

        static @Nullable After of(String token) {
            if (token.isEmpty()) {
                return null;
            }
            String[] parts = token.split("\\.", 3);
            try {
                if (parts.length == 3) {
                    return new After(
                            Instant.ofEpochSecond(Long.parseLong(parts[0]), Long.parseLong(parts[1])), parts[2]);
                }
            } catch (NumberFormatException | java.time.DateTimeException | ArithmeticException e) {
                log.debug("a page token cannot be read: {}", e.getMessage());
            }
            throw new IllegalArgumentException("`page_token` is not one of a previous response");
        }

        boolean precedes(SummaryBuilder session) {
            int order = session.began().compareTo(began);
            return order < 0 || order == 0 && session.session().compareTo(this.session) > 0;
        }
    }

    /** What asks for the page behind a session. */
    static String tokenAfter(Found last) {
        return After.token(last);
    }
}
