package dev.chaperone.enforcer.detect;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A text as detectors see it: one ASCII character for each character of the text. Digits of any script are digits, dashes are
 * hyphens, spaces are spaces, and what shows nothing (zero-width characters, combining marks) is not there at all; other
 * letters and other characters are no more than that. {@link Folding} makes it; a text that is ASCII already is its own.
 */
final class FoldedText {

    /** Stands for a letter that is not ASCII. */
    static final byte LETTER = 1;

    /** Stands for any other character that is not ASCII. */
    static final byte OTHER = 2;

    private static final byte[] KINDS = new byte[128];
    private static final int IS_DIGIT = 1;
    private static final int IS_LETTER = 2;

    static {
        for (int c = '0'; c <= '9'; c++) {
            KINDS[c] = IS_DIGIT;
        }
        for (int c = 'a'; c <= 'z'; c++) {
            KINDS[c] = IS_LETTER;
            KINDS[c - 'a' + 'A'] = IS_LETTER;
        }
        KINDS[LETTER] = IS_LETTER;
    }

    private final byte[] characters;
    private final int from;
    private final int to;
    private final int @Nullable [] starts;
    private final int @Nullable [] ends;

    /**
     * @param starts where each character begins in the source; null when the characters are the source
     * @param ends where each ends
     */
    FoldedText(byte[] characters, int from, int to, int @Nullable [] starts, int @Nullable [] ends) {
        this.characters = characters;
        this.from = from;
        this.to = to;
        this.starts = starts;
        this.ends = ends;
    }

    static boolean isDigit(byte c) {
        return c >= 0 && KINDS[c] == IS_DIGIT;
    }

    static boolean isLetter(byte c) {
        return c >= 0 && KINDS[c] == IS_LETTER;
    }

    static boolean isUpper(byte c) {
        return c >= 'A' && c <= 'Z';
    }

    static boolean isLower(byte c) {
        return c >= 'a' && c <= 'z';
    }

    static byte lower(byte c) {
        return isUpper(c) ? (byte) (c + ('a' - 'A')) : c;
    }

    int from() {
        return from;
    }

    int to() {
        return to;
    }

    /** The character there; 0 outside of the text. */
    byte at(int index) {
        return index >= from && index < to ? characters[index] : 0;
    }

    boolean digitAt(int index) {
        return isDigit(at(index));
    }

    boolean letterAt(int index) {
        return isLetter(at(index));
    }

    /** The end of the digits that begin there, looking at so many at most. */
    int digitsEnd(int index, int most) {
        int end = index;
        int last = most > to - index ? to : index + most;
        while (end < last && isDigit(characters[end])) {
            end++;
        }
        return end;
    }

    /** The number that those digits, nine at most, are. */
    int number(int start, int end) {
        int number = 0;
        for (int i = start; i < end; i++) {
            number = number * 10 + characters[i] - '0';
        }
        return number;
    }

    /** Where in the source the character begins. */
    int sourceStart(int index) {
        return starts == null ? index : starts[index];
    }

    /** Where in the source the character before ends. */
    int sourceEnd(int index) {
        return ends == null ? index : ends[index - 1];
    }

    /** Holds the characters, from {@link #from} to {@link #to}. */
    byte[] characters() {
        return characters;
    }

    /** The characters. */
    byte[] copy() {
        return Arrays.copyOfRange(characters, from, to);
    }
}
