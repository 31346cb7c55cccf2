package dev.chaperone.enforcer;

import com.google.crypto.tink.Aead;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a process leaves behind about its control session, for the one after it: one line, {@code PHASE SESSION
 * PREVIOUS-SESSION PREVIOUS-UNCLEAN SEGMENT FRAME SEAL}. The seal is made with the spool key.
 *
 * @param phase how far the session had come
 * @param session its id; empty when there was none
 * @param previous id of the session before; empty when there was none
 * @param previousUnclean whether that one was never closed
 * @param end behind the last frame when the session was closed; before that the beginning of everything
 */
record ControlState(Phase phase, String session, String previous, boolean previousUnclean, SpoolPosition end) {

    /** Before the first process. */
    static final ControlState NONE = new ControlState(Phase.CLOSED, "", "", false, SpoolPosition.BEGINNING);

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
            return new ControlState(Phase.OPENING, newSession, previous, previousUnclean, SpoolPosition.BEGINNING);
        }
        return new ControlState(Phase.OPENING, newSession, session, phase != Phase.CLOSED, SpoolPosition.BEGINNING);
    }

    /** Its first event is durable. */
    ControlState open() {
        return new ControlState(Phase.OPEN, session, previous, previousUnclean, SpoolPosition.BEGINNING);
    }

    /** Its last event is durable, and lies before that position. */
    ControlState closed(SpoolPosition closedAt) {
        return new ControlState(Phase.CLOSED, session, previous, previousUnclean, closedAt);
    }

    void write(Path directory, Aead spoolKey) throws IOException {
        String line = String.join(
                " ",
                phase.name(),
                word(session),
                word(previous),
                Boolean.toString(previousUnclean),
                Long.toString(end.segment()),
                Long.toString(end.frame()));
        try {
            byte[] seal = spoolKey.encrypt(new byte[0], purpose(line));
            DurableFiles.replace(
                    SpoolFiles.control(directory), line + " " + HexFormat.of().formatHex(seal) + "\n");
        } catch (GeneralSecurityException e) {
            throw new IOException("the spool key cannot encrypt", e);
        }
    }

    /** What the process before left; a file that cannot be believed counts as an unclean end of an unknown session. */
    static ControlState read(Path directory, Aead spoolKey) throws IOException {
        String text = DurableFiles.read(SpoolFiles.control(directory));
        if (text == null) {
            return NONE;
        }
        String line = text.substring(0, Math.max(0, text.lastIndexOf(' ')));
        try {
            spoolKey.decrypt(
                    HexFormat.of().parseHex(text.substring(line.length()).strip()), purpose(line));
            List<String> words = List.of(line.split(" ", -1));
            return new ControlState(
                    Phase.valueOf(words.get(0)),
                    id(words.get(1)),
                    id(words.get(2)),
                    Boolean.parseBoolean(words.get(3)),
                    new SpoolPosition(Long.parseLong(words.get(4)), Long.parseLong(words.get(5))));
        } catch (GeneralSecurityException | IllegalArgumentException | IndexOutOfBoundsException e) {
            log.warn(
                    "`{}` is not what was written to it; recording an unclean end of the process before",
                    SpoolFiles.control(directory));
            return new ControlState(Phase.OPEN, "", "", false, SpoolPosition.BEGINNING);
        }
    }

    private static byte[] purpose(String line) {
        return ("chaperone control state " + line).getBytes(StandardCharsets.UTF_8);
    }

    private static String word(String id) {
        return id.isEmpty() ? "-" : id;
    }

    private static String id(String word) {
        return word.equals("-") ? "" : UUID.fromString(word).toString();
    }
}
