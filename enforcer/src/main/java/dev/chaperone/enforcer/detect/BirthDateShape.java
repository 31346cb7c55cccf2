package dev.chaperone.enforcer.detect;

import java.nio.charset.StandardCharsets;

/** Dates, to the day, after a label that says whose they are: {@code DOB 3/12/56}, {@code born on 12 March 1956}. */
final class BirthDateShape implements Shape {

    private static final Labels LABELS = new Labels(
            40, "dob", "d.o.b", "born", "birth date", "birthdate", "date of birth", "birthday", "birth day", "birth");

    private static final byte[] MONTHS = "janfebmaraprmayjunjulaugsepoctnovdec".getBytes(StandardCharsets.US_ASCII);
    private static final int LONGEST_MONTH = 9;

    @Override
    public boolean find(FoldedText text, int at, int end, int floor, Span found) {
        int start = at;
        int stop;
        switch (end - at) {
            case 1, 2:
                stop = dayOrMonthFirst(text, at, end);
                if (stop < 0) {
                    start = monthBefore(text, at, floor);
                    stop = start < 0 ? -1 : yearAfter(text, afterDay(text, end));
                }
                break;
            case 4:
                stop = yearFirst(text, at, end);
                break;
            case 8:
                boolean year =
                        isYear(text.number(at, at + 4)) && isDay(text, at + 4, at + 6) && isDay(text, at + 6, end);
                boolean day =
                        isYear(text.number(at + 4, end)) && isDay(text, at, at + 2) && isDay(text, at + 2, at + 4);
                stop = year || day ? end : -1;
                break;
            default:
                stop = -1;
        }
        return stop > 0 && LABELS.before(text, start) && found.of(start, stop);
    }

    /** {@code 1956-03-12} */
    private static int yearFirst(FoldedText text, int at, int end) {
        byte separator = text.at(end);
        int month = end + 1;
        int day = secondEnd(text, separator, month);
        if (!isYear(text.number(at, end)) || day < 0) {
            return -1;
        }
        int stop = text.digitsEnd(day, 3);
        return isDay(text, day, stop) && isDay(text, month, day - 1) ? stop : -1;
    }

    /** {@code 3/12/1956}, {@code 12.3.56}, {@code 12 March 1956} */
    private static int dayOrMonthFirst(FoldedText text, int at, int end) {
        if (!isDay(text, at, end)) {
            return -1;
        }
        byte separator = text.at(end);
        int last = secondEnd(text, separator, end + 1);
        if (last > 0) {
            return isDay(text, end + 1, last - 1) ? yearEnd(text, last) : -1;
        }
        int month = afterDay(text, end);
        int letters = lettersEnd(text, month);
        return isMonth(text, month, letters) ? yearAfter(text, letters) : -1;
    }

    /** Past the second number of a date and the separator after it; -1 when they are not there. */
    private static int secondEnd(FoldedText text, byte separator, int at) {
        if (separator != '/' && separator != '-' && separator != '.' && separator != ' ') {
            return -1;
        }
        int end = text.digitsEnd(at, 3);
        return end - at >= 1 && end - at <= 2 && text.at(end) == separator ? end + 1 : -1;
    }

    private static int afterDay(FoldedText text, int end) {
        int next = end;
        if (text.letterAt(next) && text.letterAt(next + 1) && !text.letterAt(next + 2)) {
            next += 2; // 1st, 2nd, 3rd, 4th
        }
        next = afterSeparators(text, next);
        if (text.at(next) == 'o' && text.at(next + 1) == 'f' && text.at(next + 2) == ' ') {
            next += 3;
        }
        return next;
    }

    private static int yearAfter(FoldedText text, int at) {
        return yearEnd(text, afterSeparators(text, at));
    }

    private static int afterSeparators(FoldedText text, int at) {
        int next = at;
        while (next - at < 3 && isSeparator(text.at(next))) {
            next++;
        }
        return next;
    }

    private static boolean isSeparator(byte c) {
        return c == ' ' || c == ',' || c == '.' || c == '-' || c == '/' || c == '\'';
    }

    private static int yearEnd(FoldedText text, int at) {
        int end = text.digitsEnd(at, 5);
        switch (end - at) {
            case 2:
                return end;
            case 4:
                return isYear(text.number(at, end)) ? end : -1;
            default:
                return -1;
        }
    }

    /** Where the name of a month that stands before a day begins. */
    private static int monthBefore(FoldedText text, int at, int floor) {
        int end = at;
        while (end > floor && at - end < 2 && (text.at(end - 1) == ' ' || text.at(end - 1) == '.')) {
            end--;
        }
        int start = end;
        while (start > floor && end - start <= LONGEST_MONTH && text.letterAt(start - 1)) {
            start--;
        }
        return isMonth(text, start, end) ? start : -1;
    }

    private static int lettersEnd(FoldedText text, int at) {
        int end = at;
        while (end - at <= LONGEST_MONTH && text.letterAt(end)) {
            end++;
        }
        return end;
    }

    /** Three letters and more that begin as a month does. */
    private static boolean isMonth(FoldedText text, int start, int end) {
        if (end - start < 3 || end - start > LONGEST_MONTH) {
            return false;
        }
        for (int i = 0; i < MONTHS.length; i += 3) {
            if (FoldedText.lower(text.at(start)) == MONTHS[i]
                    && FoldedText.lower(text.at(start + 1)) == MONTHS[i + 1]
                    && FoldedText.lower(text.at(start + 2)) == MONTHS[i + 2]) {
                return true;
            }
        }
        return false;
    }

    private static boolean isDay(FoldedText text, int start, int end) {
        if (end - start < 1 || end - start > 2) {
            return false;
        }
        int number = text.number(start, end);
        return number >= 1 && number <= 31;
    }

    private static boolean isYear(int number) {
        return number >= 1800 && number < 2150;
    }
}
