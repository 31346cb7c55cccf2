package dev.chaperone.audit;

import com.google.protobuf.ByteString;
import dev.chaperone.audit.v1.SessionOpened;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/** What a verifier has learned about one session: as little as the verdicts need, since it is kept for every session. */
final class SessionState {

    final String id;
    long nextSequence;
    ByteString lastHash = ByteString.EMPTY;
    boolean opened;
    boolean closed;
    boolean control;
    String controlSession = "";
    long lastSigned = -1;
    long lastSeconds;

    /** Only in a control session. */
    @Nullable
    ControlFacts facts;

    private final BitSet decided = new BitSet();

    SessionState(String id) {
        this.id = id;
    }

    /** The event at this sequence permits an operation, which later ones may repeat. */
    void decidedAt(long sequence) {
        if (sequence <= Integer.MAX_VALUE) {
            decided.set((int) sequence);
        }
    }

    /** True when the event at this sequence permitted an operation. */
    boolean decided(long sequence) {
        return sequence >= 0 && sequence <= Integer.MAX_VALUE && decided.get((int) sequence);
    }

    /** What only control sessions have. */
    static final class ControlFacts {
        final String enforcer;
        final String previous;
        final boolean previousUnclean;
        long lastSignedSeconds;

        ControlFacts(String enforcer, SessionOpened opened) {
            this.enforcer = enforcer;
            this.previous = opened.getPreviousControlSession();
            this.previousUnclean = opened.getPreviousUnclean();
        }
    }
}
