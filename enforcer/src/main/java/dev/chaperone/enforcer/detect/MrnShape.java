package dev.chaperone.enforcer.detect;

/** Record numbers that a label says to be such: {@code MRN 0012345}, {@code medical record no. A-123456}, {@code MR#12345}. */
final class MrnShape implements Shape {

    private static final int LONGEST = 24;
    private static final int FEWEST_DIGITS = 4;
    private static final int LONGEST_PREFIX = 4;
    private static final int MOST_SEPARATORS = 6;
    private static final int MOST_WORDS = 3;

    private static final Labels LABELS = new Labels(0, "mrn", "medical record", "med rec", "medrec", "health record");

    /** Labels where the words after them, or a number sign, say that a number follows. */
    private static final Labels WEAK = new Labels(0, "mr", "chart", "record", "hospital", "patient");

    private static final Labels NUMBER = new Labels(0, "number", "num", "no", "nr", "id");

    private static final Labels FILLERS = new Labels(0, "is", "was", "of");

    @Override
    public boolean isPossibleAfter(int letters) {
        return LABELS.isPossibleOf(letters) || WEAK.isPossibleOf(letters);
    }

    @Override
    public boolean find(FoldedText text, int at, int end, int floor, Span found) {
        int stop = numberEnd(text, at);
        if (stop < 0) {
            return false;
        }
        // The number may begin with letters: A12345, A-12345. If those are the label, MRN-12345, it begins after them.
        int start = at;
        for (int part = 0; part < 3; part++) {
            if (isLabelled(text, start, floor)) {
                return found.of(start, stop);
            }
            int letters = part == 1 && start > floor && text.at(start - 1) == '-' ? start - 1 : start;
            int before = lettersStart(text, letters, floor);
            if (before == letters && part > 0 || letters - before > LONGEST_PREFIX) {
                return false;
            }
            start = before;
        }
        return false;
    }

    /** Letters, digits, and hyphens before digits, with enough digits; -1 when there are not. */
    private static int numberEnd(FoldedText text, int at) {
        int digits = 0;
        int end = at;
        while (end - at <= LONGEST) {
            byte c = text.at(end);
            if (FoldedText.isDigit(c)) {
                digits++;
            } else if (!FoldedText.isLetter(c) && !(c == '-' && text.digitAt(end + 1))) {
                break;
            }
            end++;
        }
        return digits >= FEWEST_DIGITS && end - at <= LONGEST ? end : -1;
    }

    private static int lettersStart(FoldedText text, int end, int floor) {
        int start = end;
        while (start > floor && end - start <= LONGEST_PREFIX && text.letterAt(start - 1)) {
            start--;
        }
        return start;
    }

    private static boolean isLabelled(FoldedText text, int at, int floor) {
        int end = at;
        boolean number = false;
        for (int words = 0; words < MOST_WORDS; words++) {
            int least = Math.max(floor, end - MOST_SEPARATORS);
            while (end > least && isSeparator(text.at(end - 1))) {
                number |= text.at(end - 1) == '#';
                end--;
            }
            if (LABELS.startOf(text, end) >= 0 || number && WEAK.startOf(text, end) >= 0) {
                return true;
            }
            int word = NUMBER.startOf(text, end);
            number |= word >= 0;
            end = word >= 0 ? word : FILLERS.startOf(text, end);
            if (end < 0) {
                return false;
            }
        }
        return false;
    }

    private static boolean isSeparator(byte c) {
        return c > 0 && " :#-=._\"'()/\n\t>".indexOf(c) >= 0;
    }
}
