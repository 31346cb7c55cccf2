package dev.chaperone.enforcer.detect;

import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One search of one folded text. */
final class Scan {

    /** A form and what it is a form of. */
    record Kind(Detector detector, Shape shape) {}

    private final FoldedText text;
    private final Kind[] kinds;
    private final boolean emails;
    private final @Nullable Pattern mrn;
    private final List<Hit> hits = new ArrayList<>();
    private final Shape.Span found = new Shape.Span();
    /** Which of the letters from A to Z have been passed, one bit each, whatever their case. */
    private int letters;

    /**
     * @param kinds forms of digits, those that win over others first
     * @param emails whether to look for email addresses
     * @param mrn what record numbers look like; null for nothing of their own
     */
    Scan(FoldedText text, Kind[] kinds, boolean emails, @Nullable Pattern mrn) {
        this.text = text;
        this.kinds = kinds;
        this.emails = emails;
        this.mrn = mrn;
    }

    /** What was found, from left to right and apart from each other, in the places of the folded text. */
    List<Hit> run() {
        int floor = text.from();
        int at = floor;
        int to = text.to();
        byte[] characters = text.characters();
        while (at < to) {
            byte c = characters[at];
            if (c <= '9' && c >= '0') {
                int next = text.digitsEnd(at, Integer.MAX_VALUE);
                floor = digits(at, next, floor);
                at = Math.max(next, floor);
            } else if (c == '@' && emails) {
                floor = address(at, floor);
                at = Math.max(at + 1, floor);
            } else {
                if (c >= 'A') {
                    letters |= 1 << c; // by its last five bits
                }
                at++;
            }
        }
        if (mrn != null) {
            recordNumbers(mrn);
        }
        return hits;
    }

    private int digits(int at, int end, int floor) {
        if (end - at <= Shape.MOST_DIGITS) {
            for (Kind kind : kinds) {
                if (kind.shape().isPossibleAfter(letters) && kind.shape().find(text, at, end, floor, found)) {
                    return add(kind.detector());
                }
            }
        }
        return floor;
    }

    private int address(int at, int floor) {
        return EMAIL.find(text, at, at + 1, floor, found) ? add(Detector.EMAIL) : floor;
    }

    private int add(Detector detector) {
        hits.add(new Hit(detector, found.start(), found.end()));
        letters = -1; // its own are passed unseen
        return found.end();
    }

    private void recordNumbers(Pattern pattern) {
        List<Hit> matches = new ArrayList<>();
        Matcher matcher = pattern.matcher(text.copy());
        int group = matcher.groupCount() > 0 ? 1 : 0;
        while (matcher.find()) {
            int start = matcher.start(group);
            if (start >= 0) {
                int from = text.from() + start;
                int to = text.from() + matcher.end(group);
                if (hasDigit(from, to)) {
                    matches.add(new Hit(Detector.MRN, from, to));
                }
            }
        }
        if (!matches.isEmpty()) {
            matches.addAll(hits);
            hits.clear();
            matches.sort(Comparator.comparingInt(Hit::start).thenComparingInt(hit -> -hit.end()));
            matches.forEach(this::join);
        }
    }

    /** Adds a hit to those before it, to the last of them where they overlap. */
    private void join(Hit hit) {
        Hit last = hits.isEmpty() ? null : hits.get(hits.size() - 1);
        if (last == null || last.end() <= hit.start()) {
            hits.add(hit);
        } else if (hit.end() > last.end()) {
            hits.set(hits.size() - 1, new Hit(last.detector(), last.start(), hit.end()));
        }
    }

    private boolean hasDigit(int from, int to) {
        for (int i = from; i < to; i++) {
            if (text.digitAt(i)) {
                return true;
            }
        }
        return false;
    }

    private static final Shape EMAIL = new EmailShape();
}
