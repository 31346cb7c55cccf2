package dev.chaperone.enforcer.detect;

import java.util.Arrays;

/** Makes {@link FoldedText} of UTF-8. What is not UTF-8 counts as characters that are nothing. */
final class Folding {

    private static final int NOTHING = -1;

    private final byte[] source;
    private final int to;
    private final Syntax syntax;
    private byte[] characters;
    private int[] starts;
    private int[] ends;
    private int length;
    private int at;

    private Folding(byte[] source, int from, int to, Syntax syntax) {
        this.source = source;
        this.to = to;
        this.syntax = syntax;
        this.at = from;
        characters = new byte[to - from];
        starts = new int[to - from];
        ends = new int[to - from];
    }

    static FoldedText fold(byte[] source, int from, int to, Syntax syntax) {
        Folding folding = new Folding(source, from, to, syntax);
        while (folding.at < to) {
            int start = folding.at;
            int folded = fold(folding.next());
            if (folded != NOTHING) {
                folding.add((byte) folded, start);
            }
        }
        return new FoldedText(
                Arrays.copyOf(folding.characters, folding.length), 0, folding.length, folding.starts, folding.ends);
    }

    private void add(byte c, int start) {
        characters[length] = c;
        starts[length] = start;
        ends[length++] = at;
    }

    /** The code point that begins here, and past it. */
    private int next() {
        int c = source[at++] & 0xff;
        if (c < 0x80) {
            if (c == '\\' && syntax == Syntax.JSON) {
                return jsonEscape();
            }
            return c == '&' && syntax == Syntax.XML ? xmlReference() : c;
        }
        int more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc2 ? 1 : 0;
        int point = c & (0x3f >> more);
        if (more == 0 || at + more > to) {
            return FoldedText.OTHER;
        }
        for (int i = 0; i < more; i++) {
            int b = source[at + i] & 0xff;
            if ((b & 0xc0) != 0x80) {
                return FoldedText.OTHER;
            }
            point = point << 6 | b & 0x3f;
        }
        at += more;
        return point;
    }

    private int jsonEscape() {
        if (at == to) {
            return '\\';
        }
        int c = source[at++];
        switch (c) {
            case 'b', 'f', 'n', 'r', 't':
                return '\n';
            case 'u':
                int unit = hex(at, 4);
                if (unit < 0) {
                    return c;
                }
                at += 4;
                return Character.isHighSurrogate((char) unit) ? lowSurrogate((char) unit) : unit;
            default:
                return c;
        }
    }

    private int lowSurrogate(char high) {
        if (at + 6 <= to && source[at] == '\\' && source[at + 1] == 'u') {
            int low = hex(at + 2, 4);
            if (low >= 0 && Character.isLowSurrogate((char) low)) {
                at += 6;
                return Character.toCodePoint(high, (char) low);
            }
        }
        return FoldedText.OTHER;
    }

    private int xmlReference() {
        int end = at;
        while (end < to && end - at < 10 && source[end] != ';') {
            end++;
        }
        if (end == to || source[end] != ';') {
            return '&';
        }
        int point = referenced(end);
        if (point < 0) {
            return '&';
        }
        at = end + 1;
        return point;
    }

    private int referenced(int end) {
        if (source[at] != '#') {
            return '&'; // of the five named characters none is part of what is looked for
        }
        boolean hex = at + 1 < end && source[at + 1] == 'x';
        int start = at + (hex ? 2 : 1);
        int digits = end - start;
        if (digits < 1 || digits > 7) {
            return NOTHING;
        }
        int point = hex ? hex(start, digits) : decimal(start, digits);
        return point <= Character.MAX_CODE_POINT ? point : NOTHING;
    }

    private int hex(int start, int digits) {
        return number(start, digits, 16);
    }

    private int decimal(int start, int digits) {
        return number(start, digits, 10);
    }

    private int number(int start, int digits, int radix) {
        if (start + digits > to) {
            return NOTHING;
        }
        int number = 0;
        for (int i = start; i < start + digits; i++) {
            int digit = Character.digit((char) (source[i] & 0xff), radix);
            if (digit < 0) {
                return NOTHING;
            }
            number = number * radix + digit;
        }
        return number;
    }

    private static int fold(int point) {
        if (point < 0x80) {
            return point;
        }
        if (point > 0xff00 && point < 0xff5f) {
            return point - 0xfee0; // the full-width forms of ASCII
        }
        switch (point) {
            case 0xb7, 0x2022, 0x2024, 0x2219, 0x22c5:
                return '.';
            case 0x2212, 0x2043:
                return '-';
            case 0x2044, 0x2215:
                return '/';
            default:
                return byCategory(point);
        }
    }

    private static int byCategory(int point) {
        switch (Character.getType(point)) {
            case Character.DECIMAL_DIGIT_NUMBER:
                return '0' + Character.digit(point, 10);
            case Character.DASH_PUNCTUATION:
                return '-';
            case Character.SPACE_SEPARATOR, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR:
                return ' ';
            case Character.FORMAT, Character.NON_SPACING_MARK, Character.ENCLOSING_MARK:
                return NOTHING;
            default:
                return Character.isLetter(point) ? FoldedText.LETTER : FoldedText.OTHER;
        }
    }
}
