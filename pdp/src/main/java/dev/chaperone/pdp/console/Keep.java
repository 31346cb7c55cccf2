package dev.chaperone.pdp.console;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Where the console keeps who is signed in, so that any replica knows them. Names are random and secret. Calls may block, and
 * throw a {@link DeskException} when nothing can be kept or found at the moment.
 */
public interface Keep {

    /** What is kept. */
    enum Kind {
        /** Sign-ins that have begun. */
        SIGN_IN,
        /** People who are signed in. */
        SESSION
    }

    /** Keeps a value for so long after it was last asked for, and no longer than its lifetime. */
    void put(Kind kind, String name, byte[] value, Duration idle, Duration lifetime, int most);

    /** The value of that name; null when there is none any more. Looking counts unless {@code idle} is null. */
    byte @Nullable [] find(Kind kind, String name, @Nullable Duration idle);

    /** The value of that name, for the first who takes it. */
    byte @Nullable [] take(Kind kind, String name);

    /** Forgets the value of that name. */
    void remove(Kind kind, String name);
}
