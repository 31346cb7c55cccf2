package dev.chaperone.enforcer.detect;

/**
 * {@code AAA-GG-SSSS}: no number has an area of 000 or 666, a group of 00 or a serial of 0000 (Social Security Administration,
 * "Randomization"). Areas from 900 are never social security numbers; the Internal Revenue Service gives them to taxpayers who
 * have none, so they count.
 */
final class SsnShape implements Shape {

    private static final Labels LABELS =
            new Labels(32, "ssn", "ss", "social security", "soc sec", "social", "itin", "taxpayer id", "tax id", "tin");

    @Override
    public boolean find(FoldedText text, int at, int end, int floor, Span found) {
        switch (end - at) {
            case 3:
                return separated(text, at, end, found);
            case 9:
                return valid(text.number(at, at + 3), text.number(at + 3, at + 5), text.number(at + 5, end))
                        && !Shape.joinedBefore(text, at)
                        && !Shape.joinedAfter(text, end)
                        && LABELS.before(text, at)
                        && found.of(at, end);
            default:
                return false;
        }
    }

    private static boolean separated(FoldedText text, int at, int end, Span found) {
        int group = afterSeparator(text, end);
        byte separator = separator(text, end);
        if (group < 0 || text.digitsEnd(group, 3) - group != 2) {
            return false;
        }
        int serial = afterSeparator(text, group + 2);
        if (serial < 0 || separator(text, group + 2) != separator || text.digitsEnd(serial, 5) - serial != 4) {
            return false;
        }
        int last = serial + 4;
        return valid(text.number(at, end), text.number(group, group + 2), text.number(serial, last))
                && !Shape.joinedBefore(text, at)
                && !Shape.joinedAfter(text, last)
                && (separator != '.' || LABELS.before(text, at))
                && found.of(at, last);
    }

    /** Hyphen, blank or full stop; a hyphen may have blanks around it. */
    private static byte separator(FoldedText text, int at) {
        byte c = text.at(at);
        return c == ' ' && text.at(at + 1) == '-' ? (byte) '-' : c;
    }

    private static int afterSeparator(FoldedText text, int at) {
        int next = at;
        if (text.at(next) == ' ' && text.at(next + 1) == '-') {
            next++;
        }
        byte separator = text.at(next);
        if (separator != '-' && separator != ' ' && separator != '.') {
            return -1;
        }
        next++;
        return separator == '-' && text.at(next) == ' ' ? next + 1 : next;
    }

    private static boolean valid(int area, int group, int serial) {
        return area != 0 && area != 666 && group != 0 && serial != 0;
    }
}
