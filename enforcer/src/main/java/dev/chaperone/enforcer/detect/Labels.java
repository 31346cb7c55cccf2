package dev.chaperone.enforcer.detect;

import java.nio.charset.StandardCharsets;

/** Words that say what the number after them is. */
final class Labels {

    private final byte[][] labels;
    private final int window;

    /**
     * @param window characters before a number in which a label counts
     * @param labels in lower case
     */
    Labels(int window, String... labels) {
        this.window = window;
        this.labels = new byte[labels.length][];
        for (int i = 0; i < labels.length; i++) {
            this.labels[i] = labels[i].getBytes(StandardCharsets.US_ASCII);
        }
    }

    /** True when one of them stands before. */
    boolean before(FoldedText text, int at) {
        for (int i = Math.max(text.from(), at - window); i < at; i++) {
            byte first = FoldedText.lower(text.at(i));
            for (byte[] label : labels) {
                if (first == label[0] && is(label, text, i, at)) {
                    return true;
                }
            }
        }
        return false;
    }

    /** True when one of them stands there, with any letters around it, and ends right at the end. */
    int startOf(FoldedText text, int end) {
        for (byte[] label : labels) {
            int start = end - label.length;
            if (start >= text.from() && is(label, text, start, end)) {
                return start;
            }
        }
        return -1;
    }

    private static boolean is(byte[] label, FoldedText text, int start, int most) {
        int end = start + label.length;
        if (end > most || !beginsWord(text, start)) {
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
