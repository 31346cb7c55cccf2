package dev.chaperone.enforcer.detect;

import java.nio.charset.StandardCharsets;

/** Words that say what the number after them is. */
final class Labels {

    private final byte[][] labels;
    private final boolean[] firsts = new boolean[128];
    private final int window;
    private final int[] letters;

    /**
     * @param window characters before a number in which a label counts
     * @param labels in lower case
     */
    Labels(int window, String... labels) {
        this.window = window;
        this.labels = new byte[labels.length][];
        this.letters = new int[labels.length];
        for (int i = 0; i < labels.length; i++) {
            this.labels[i] = labels[i].getBytes(StandardCharsets.US_ASCII);
            firsts[this.labels[i][0]] = true;
            firsts[Character.toUpperCase(this.labels[i][0])] = true;
            for (byte c : this.labels[i]) {
                letters[i] |= c == ' ' ? 0 : 1 << c;
            }
        }
    }

    /** False when none of them can be written with those letters, one bit each by the last five bits of its code. */
    boolean isPossibleOf(int those) {
        for (int label : letters) {
            if ((label & ~those) == 0) {
                return true;
            }
        }
        return false;
    }

    /** True when one of them stands before. */
    boolean before(FoldedText text, int at) {
        for (int i = Math.max(text.from(), at - window); i < at; i++) {
            byte first = text.at(i);
            if (first > 0 && firsts[first] && beginsWord(text, i) && anyIs(text, i, at)) {
                return true;
            }
        }
        return false;
    }

    private boolean anyIs(FoldedText text, int start, int most) {
        for (byte[] label : labels) {
            if (is(label, text, start, most)) {
                return true;
            }
        }
        return false;
    }

    /** Where the one of them begins that ends right there; -1 when there is none. */
    int startOf(FoldedText text, int end) {
        byte last = FoldedText.lower(text.at(end - 1));
        for (byte[] label : labels) {
            int start = end - label.length;
            if (last == label[label.length - 1]
                    && start >= text.from()
                    && beginsWord(text, start)
                    && is(label, text, start, end)) {
                return start;
            }
        }
        return -1;
    }

    /** A word that begins there is the label, and ends with it. */
    private static boolean is(byte[] label, FoldedText text, int start, int most) {
        int end = start + label.length;
        if (end > most) {
            return false;
        }
        for (int i = 0; i < label.length; i++) {
            byte c = FoldedText.lower(text.at(start + i));
            // `date_of_birth`, `date-of-birth`
            if (c != label[i] && !(label[i] == ' ' && (c == '_' || c == '-'))) {
                return false;
            }
        }
        return endsWord(text, end);
    }

    /** A word also begins at the hump of {@code patientDob}. */
    private static boolean beginsWord(FoldedText text, int at) {
        byte before = text.at(at - 1);
        return !FoldedText.isLetter(before)
                || !FoldedText.isLetter(text.at(at))
                || FoldedText.isLower(before) && FoldedText.isUpper(text.at(at));
    }

    private static boolean endsWord(FoldedText text, int end) {
        byte next = text.at(end);
        byte last = text.at(end - 1);
        return !FoldedText.isLetter(next)
                || !FoldedText.isLetter(last)
                || FoldedText.isLower(last) && FoldedText.isUpper(next)
                || next == 's' && !FoldedText.isLetter(text.at(end + 1));
    }
}
