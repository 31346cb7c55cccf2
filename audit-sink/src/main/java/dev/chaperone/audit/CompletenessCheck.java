package dev.chaperone.audit;

import com.google.protobuf.ByteString;
import dev.chaperone.audit.SessionState.ControlFacts;
import dev.chaperone.audit.VerificationReport.OpenProcess;
import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.SessionEnded;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Whether anything is missing. Control sessions say which sessions there were and how each ended; each names the control
 * session of the process before it. What a running process has announced behind its last signature is still on its way, and
 * is no failure.
 */
final class CompletenessCheck {

    private final Map<String, SessionState> sessions;
    private final Findings findings;
    private final Map<String, Announced> announced = new HashMap<>();

    /** What a control session says about one session. */
    private static final class Announced {
        final String id;
        final String control;
        final long at;
        boolean ended;
        long endedAt;
        long lastSequence;
        ByteString lastHash = ByteString.EMPTY;

        Announced(String id, LedgerItem.Entry entry) {
            this.id = id;
            this.control = entry.event().getSessionId();
            this.at = entry.event().getSequence();
        }
    }

    CompletenessCheck(Map<String, SessionState> sessions, Findings findings) {
        this.sessions = sessions;
        this.findings = findings;
    }

    /** Takes note of what a control session says. */
    void observe(LedgerItem.Entry entry) {
        AuditEvent event = entry.event();
        switch (event.getBodyCase()) {
            case SESSION_STARTED -> announce(entry, event.getSessionStarted().getSessionId());
            case SESSION_ENDED -> {
                SessionEnded ended = event.getSessionEnded();
                Announced said = announce(entry, ended.getSessionId());
                said.ended = true;
                said.endedAt = event.getSequence();
                said.lastSequence = ended.getLastSequence();
                said.lastHash = ended.getLastHash();
            }
            default -> {}
        }
    }

    private Announced announce(LedgerItem.Entry entry, String session) {
        return announced.computeIfAbsent(session, id -> new Announced(id, entry));
    }

    /** Draws the conclusions, once everything was observed. */
    List<OpenProcess> conclude() {
        Map<String, SessionState> successors = successors();
        List<OpenProcess> open = new ArrayList<>();
        sessions.values().stream()
                .filter(session -> session.facts != null)
                .sorted(Comparator.comparing(session -> session.id))
                .forEach(control -> {
                    OpenProcess process = concludeControl(control, successors.get(control.id));
                    if (process != null) {
                        open.add(process);
                    }
                });
        announced.values().stream()
                .sorted(Comparator.comparing(session -> session.id))
                .forEach(said -> concludeAnnounced(said, successors));
        sessions.values().stream()
                .filter(session -> session.facts == null && !announced.containsKey(session.id))
                .sorted(Comparator.comparing(session -> session.id))
                .forEach(this::concludeUnannounced);
        return open;
    }

    private Map<String, SessionState> successors() {
        Map<String, SessionState> successors = new HashMap<>();
        Set<String> beginners = new HashSet<>();
        for (SessionState session : sessions.values()) {
            ControlFacts facts = session.facts;
            if (facts == null) {
                continue;
            }
            if (facts.previous.isEmpty()) {
                if (!beginners.add(facts.enforcer)) {
                    findings.note(Finding.of(
                            session.id,
                            "the history of enforcer `" + facts.enforcer + "` begins more than once; "
                                    + "it has several instances, or its state was replaced"));
                }
                continue;
            }
            SessionState other = successors.put(facts.previous, session);
            if (other != null) {
                findings.fail(Finding.of(
                        session.id,
                        "control sessions `" + other.id + "` and `" + session.id + "` both name `" + facts.previous
                                + "` as the one before; a process has one successor"));
            }
        }
        return successors;
    }

    private @Nullable OpenProcess concludeControl(SessionState control, @Nullable SessionState successor) {
        ControlFacts facts = control.facts;
        if (facts == null) {
            return null;
        }
        if (!facts.previous.isEmpty()) {
            SessionState previous = sessions.get(facts.previous);
            if (previous == null || previous.facts == null) {
                findings.fail(Finding.of(
                        control.id,
                        "it names `" + facts.previous + "` as the control session before it, which is missing"));
            }
        }
        if (control.closed) {
            return null;
        }
        if (successor == null) {
            Instant seen = Instant.ofEpochSecond(facts.lastSignedSeconds);
            return new OpenProcess(control.id, facts.enforcer, seen);
        }
        ControlFacts next = successor.facts;
        if (next != null && next.previousUnclean) {
            findings.note(Finding.of(
                    control.id, "its process ended uncleanly, as control session `" + successor.id + "` says"));
        } else {
            findings.fail(Finding.of(
                    control.id,
                    "its end is cut off: control session `" + successor.id
                            + "` says that it was closed, but `session_closed` is missing"));
        }
        return null;
    }

    private void concludeAnnounced(Announced said, Map<String, SessionState> successors) {
        SessionState control = sessions.get(said.control);
        if (control == null || control.facts == null) {
            return;
        }
        boolean running = !control.closed && !successors.containsKey(control.id);
        SessionState found = sessions.get(said.id);
        if (found == null) {
            concludeAbsent(said, control, running);
            return;
        }
        if (said.ended) {
            concludeEnded(said, found, running && said.endedAt > control.lastSigned);
        } else if (running) {
            findings.note(Finding.of(said.id, found.closed ? "its end is not listed yet" : "the session is open"));
        } else if (control.closed) {
            findings.fail(Finding.of(
                    said.id, "control session `" + control.id + "` was closed, but does not list the session's end"));
        } else {
            findings.note(Finding.of(
                    said.id,
                    found.closed
                            ? "its process ended uncleanly before listing the session's end"
                            : "the session ended with its process, uncleanly"));
        }
    }

    private void concludeAbsent(Announced said, SessionState control, boolean running) {
        if (said.ended && said.lastSequence < 0) {
            findings.note(Finding.of(said.id, "the session was refused before anything of it was recorded"));
        } else if (!control.closed && !running && !said.ended && said.at > control.lastSigned) {
            // Announced first, opened next: a process can end in between, and nothing was released to anybody.
            findings.note(Finding.of(
                    said.id, "the session began just before its process ended uncleanly; nothing of it is there"));
        } else {
            missing(
                    said.id,
                    running && said.at > control.lastSigned,
                    "the session is missing; control session `" + said.control + "` lists it");
        }
    }

    private void concludeEnded(Announced said, SessionState found, boolean pending) {
        long last = found.nextSequence - 1;
        if (last < said.lastSequence) {
            missing(
                    found.id,
                    pending,
                    "the session ends at sequence " + last + "; its control session lists it up to "
                            + said.lastSequence);
        } else if (last > said.lastSequence) {
            findings.fail(Finding.of(
                    found.id,
                    "the session goes on to sequence " + last + "; its control session lists it up to "
                            + said.lastSequence));
        } else if (!found.lastHash.equals(said.lastHash)) {
            findings.fail(Finding.of(
                    found.id, "the session's last event is not the one whose hash its control session lists"));
        } else if (!found.closed) {
            findings.note(Finding.of(
                    found.id, "the session ended as listed, but without `session_closed`: recording had failed"));
        }
    }

    private void missing(String session, boolean pending, String message) {
        if (pending) {
            findings.note(Finding.of(session, message + "; it may be on its way"));
        } else {
            findings.fail(Finding.of(session, message));
        }
    }

    private void concludeUnannounced(SessionState session) {
        SessionState control = sessions.get(session.controlSession);
        if (!session.opened) {
            findings.fail(Finding.of(session.id, "the session's beginning is missing"));
        } else if (control == null || control.facts == null) {
            findings.fail(Finding.of(
                    session.id, "its control session `" + session.controlSession + "` is missing from the ledger"));
        } else if (control.closed) {
            findings.fail(Finding.of(
                    session.id, "control session `" + control.id + "` was closed without listing the session"));
        } else {
            findings.note(Finding.of(session.id, "its control session `" + control.id + "` does not list it yet"));
        }
    }
}
