package dev.chaperone.enforcer.detect;

/** Email addresses as people have them: no quoted local parts, no address literals, a domain of two labels at least. */
final class EmailShape implements Shape {

    private static final int LONGEST_LOCAL = 64;
    private static final int LONGEST_DOMAIN = 253;

    @Override
    public boolean find(FoldedText text, int at, int end, int floor, Span found) {
        int least = Math.max(floor, at - LONGEST_LOCAL);
        int start = at;
        while (start > least && isLocal(text.at(start - 1))) {
            start--;
        }
        while (start < at && text.at(start) == '.') {
            start++;
        }
        int stop = start == at ? -1 : domainEnd(text, end);
        return stop > 0 && found.of(start, stop);
    }

    /** The end of the longest domain that begins there; -1 when there is none. */
    private static int domainEnd(FoldedText text, int start) {
        int best = -1;
        int label = start;
        int most = start + LONGEST_DOMAIN;
        for (int i = start; i <= most; i++) {
            byte c = text.at(i);
            if (FoldedText.isLetter(c) || FoldedText.isDigit(c) || c == '-' && i > label) {
                continue;
            }
            if (i == label) {
                return best;
            }
            if (label > start && isTop(text, label, i)) {
                best = i;
            }
            if (c != '.') {
                return best;
            }
            label = i + 1;
        }
        return best;
    }

    private static boolean isTop(FoldedText text, int start, int end) {
        return end - start >= 2 && text.letterAt(start);
    }

    private static boolean isLocal(byte c) {
        return FoldedText.isLetter(c) || FoldedText.isDigit(c) || c > 0 && "._%+-~!$&*".indexOf(c) >= 0;
    }
}
