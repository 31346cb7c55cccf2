package dev.chaperone.enforcer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a process leaves behind about its control session, for the one after it: one line, {@code PHASE SESSION
 * PREVIOUS-SESSION PREVIOUS-UNCLEAN}.
 *
 * @param phase how far the session had come
 * @param session its id; empty when there was none
 * @param previous id of the session before; empty when there was none
 * @param previousUnclean whether that one was never closed
 */
record ControlState(Phase phase, String session, String previous, boolean previousUnclean) {

    /** Before the first process. */
    static final ControlState NONE = new ControlState(Phase.CLOSED, "", "", false);

    private static final Logger log = LoggerFactory.getLogger(ControlState.class);

    /** Stages of a control session. */
    enum Phase {
        /** Its first event may or may not be durable. */
        OPENING,
        /** Its first event is durable. */
        OPEN,
        /** Its last event is durable. */
        CLOSED
    }

    /** The state of a new session that follows this one. */
    ControlState successor(String newSession, boolean openingSeen) {
        if (phase == Phase.OPENING && !openingSeen) {
            return new ControlState(Phase.OPENING, newSession, previous, previousUnclean);
        }
        return new ControlState(Phase.OPENING, newSession, session, phase != Phase.CLOSED);
    }

    ControlState in(Phase newPhase) {
        return new ControlState(newPhase, session, previous, previousUnclean);
    }

    void write(Path directory) throws IOException {
        String line = String.join(" ", phase.name(), word(session), word(previous), Boolean.toString(previousUnclean));
        DurableFiles.replace(SpoolFiles.control(directory), line + "\n");
    }

    /** What the process before left; a file that cannot be read counts as an unclean end of an unknown session. */
    static ControlState read(Path directory) throws IOException {
        String text = DurableFiles.read(SpoolFiles.control(directory));
        if (text == null) {
            return NONE;
        }
        List<String> words = List.of(text.strip().split(" ", -1));
        try {
            return new ControlState(
                    Phase.valueOf(words.get(0)),
                    id(words.get(1)),
                    id(words.get(2)),
                    Boolean.parseBoolean(words.get(3)));
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            log.warn(
                    "`{}` cannot be read; recording an unclean end of the process before",
                    SpoolFiles.control(directory));
            return new ControlState(Phase.OPEN, "", "", false);
        }
    }

    private static String word(String id) {
        return id.isEmpty() ? "-" : id;
    }

    private static String id(String word) {
        return word.equals("-") ? "" : UUID.fromString(word).toString();
    }
}
