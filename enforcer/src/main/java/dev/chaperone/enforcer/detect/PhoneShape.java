package dev.chaperone.enforcer.detect;

/**
 * Telephone numbers. Of the North American Numbering Plan: area and exchange begin with 2 to 9 and do not end with 11; in
 * groups with separators, or in one piece after a label. Of elsewhere: with a plus sign and the country code (ITU-T E.164).
 */
final class PhoneShape implements Shape {

    private static final int MOST_INTERNATIONAL = 15;
    private static final int FEWEST_INTERNATIONAL = 8;

    private static final Labels LABELS = new Labels(
            24,
            "phone",
            "telephone",
            "tel",
            "mobile",
            "cell",
            "cellphone",
            "fax",
            "pager",
            "call",
            "ph",
            "contact",
            "homephone",
            "workphone",
            "callback");

    @Override
    public boolean find(FoldedText text, int at, int end, int floor, Span found) {
        int plus = plusBefore(text, at);
        if (plus >= floor) {
            int stop = internationalEnd(text, at);
            return stop > 0 && found.of(plus, stop);
        }
        int start = at;
        int area = at;
        if (end - at == 1 && text.at(at) == '1') {
            area = skip(text, end, 2);
            if (area == end) {
                return false;
            }
        } else if (text.at(at - 1) == '(' && at - 1 >= floor) {
            start = at - 1;
        }
        int stop = domesticEnd(text, start, area);
        return stop > 0 && !Shape.joinedBefore(text, start) && !Shape.joinedAfter(text, stop) && found.of(start, stop);
    }

    /** The plus sign before the digits; -1 when there is none. */
    private static int plusBefore(FoldedText text, int at) {
        int plus = text.at(at - 1) == '(' ? at - 2 : at - 1;
        return text.at(plus) == '+' && !text.letterAt(plus - 1) && !text.digitAt(plus - 1) ? plus : -1;
    }

    private static int internationalEnd(FoldedText text, int at) {
        if (text.at(at) == '0') {
            return -1;
        }
        int most = text.at(at) == '1' ? 11 : MOST_INTERNATIONAL;
        int count = 0;
        int start = at;
        int stop = -1;
        while (true) {
            int end = text.digitsEnd(start, MOST_INTERNATIONAL + 1);
            if (end == start || count + end - start > most) {
                break;
            }
            count += end - start;
            stop = end;
            start = skip(text, end, 3);
            if (start == end) {
                break;
            }
        }
        boolean enough = text.at(at) == '1' ? count == 11 : count >= FEWEST_INTERNATIONAL;
        return enough && !text.digitAt(stop) ? stop : -1;
    }

    private static int domesticEnd(FoldedText text, int start, int area) {
        int digits = text.digitsEnd(area, 12) - area;
        switch (digits) {
            case 3:
                return separated(text, start, area);
            case 7:
                return isCode(text, area) && LABELS.before(text, start) ? area + 7 : -1;
            case 10:
                return inOnePiece(text, area, start) ? area + 10 : -1;
            case 11:
                return text.at(area) == '1' && inOnePiece(text, area + 1, start) ? area + 11 : -1;
            default:
                return -1;
        }
    }

    private static boolean inOnePiece(FoldedText text, int area, int start) {
        return isCode(text, area) && isCode(text, area + 3) && LABELS.before(text, start);
    }

    private static int separated(FoldedText text, int start, int area) {
        boolean parentheses = text.at(area - 1) == '(' && text.at(area + 3) == ')';
        int exchange = skip(text, area + 3, 2);
        if (exchange == area + 3 || !isCode(text, area)) {
            return -1;
        }
        switch (text.digitsEnd(exchange, 8) - exchange) {
            case 3:
                int line = skip(text, exchange + 3, 2);
                boolean blanks = text.at(area + 3) == ' ' && text.at(exchange + 3) == ' ';
                return line > exchange + 3
                                && text.digitsEnd(line, 5) - line == 4
                                && isCode(text, exchange)
                                && (parentheses || !blanks || LABELS.before(text, start))
                        ? line + 4
                        : -1;
            case 7:
                return isCode(text, exchange) ? exchange + 7 : -1;
            case 4:
                // A number without its area: 555-0199.
                return LABELS.before(text, start) ? exchange + 4 : -1;
            default:
                return -1;
        }
    }

    /** Past the separators that begin there, so many at most; the same place when no digit or parenthesis follows them. */
    private static int skip(FoldedText text, int at, int most) {
        int next = at;
        while (next - at < most && isSeparator(text.at(next))) {
            next++;
        }
        return text.digitAt(next) ? next : at;
    }

    private static boolean isSeparator(byte c) {
        return c == ' ' || c == '-' || c == '.' || c == '(' || c == ')' || c == '/';
    }

    private static boolean isCode(FoldedText text, int at) {
        return text.at(at) >= '2' && !(text.at(at + 1) == '1' && text.at(at + 2) == '1');
    }
}
