package dev.chaperone.enforcer.detect;

/** One form that a text is searched for. Stateless. */
interface Shape {

    /** Most digits in a row that any form has. */
    int MOST_DIGITS = 19;

    /** Where a form was found. */
    final class Span {
        private int start;
        private int end;

        int start() {
            return start;
        }

        int end() {
            return end;
        }

        boolean of(int from, int to) {
            start = from;
            end = to;
            return true;
        }
    }

    /**
     * Whether the form is there.
     *
     * @param at the first of some digits, or an at sign: whatever the form is found by
     * @param end the end of those digits
     * @param floor what is before was found already, and may be looked at but not found again
     * @param found takes where the form is
     */
    boolean find(FoldedText text, int at, int end, int floor, Span found);

    /**
     * False when the form is not found after a text that has no other letters than those.
     *
     * @param letters from A to Z in either case, one bit each by the last five bits of its code
     */
    default boolean isPossibleAfter(int letters) {
        return true;
    }

    /** True when a longer number goes on to the left of a hyphen, a full stop or a slash. */
    static boolean joinedBefore(FoldedText text, int at) {
        return isJoint(text.at(at - 1)) && text.digitAt(at - 2);
    }

    /** True when a longer number goes on to the right of a hyphen, a full stop or a slash. */
    static boolean joinedAfter(FoldedText text, int end) {
        return isJoint(text.at(end)) && text.digitAt(end + 1);
    }

    private static boolean isJoint(byte c) {
        return c == '-' || c == '.' || c == '/';
    }
}
