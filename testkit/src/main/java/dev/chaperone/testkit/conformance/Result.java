package dev.chaperone.testkit.conformance;

import java.util.Locale;

/**
 * What came of one case in one mode.
 *
 * @param test the case
 * @param mode the mode
 * @param outcome how it is judged
 * @param evidence what was received that says so
 */
public record Result(BypassCase test, Mode mode, Outcome outcome, String evidence) {

    /** How a case is judged. */
    public enum Outcome {
        /** The attack was refused. */
        REFUSED(true),
        /** It was answered, and what it was after was held back: nothing was learned. */
        HELD(true),
        /** A secret was received, in whatever form. */
        LEAKED(false),
        /** What was received depends on the secrets. */
        DEPENDS(false),
        /** What has to work does not. */
        USELESS(false),
        /** The gateway did not answer in time. */
        SILENT(false);

        private final boolean good;

        Outcome(boolean good) {
            this.good = good;
        }

        /** True when nothing is wrong. */
        public boolean good() {
            return good;
        }
    }

    @Override
    public String toString() {
        return test.name() + " [" + mode.name().toLowerCase(Locale.ROOT) + "] " + outcome + ": " + evidence;
    }
}
