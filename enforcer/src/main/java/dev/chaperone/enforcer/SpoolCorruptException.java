package dev.chaperone.enforcer;

import java.nio.file.Path;

/** The spool does not hold what was written to it; starting would hide that records are lost or were tampered with. */
final class SpoolCorruptException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    SpoolCorruptException(Path file, String what) {
        super("`" + file + "` " + what
                + "; keep a copy of the spool directory as evidence, then restore it from a backup or"
                + " move it away and start with an empty one (the ledger will show the gap)");
    }
}
