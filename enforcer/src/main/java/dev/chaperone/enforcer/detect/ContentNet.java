package dev.chaperone.enforcer.detect;

import com.google.re2j.Pattern;
import dev.chaperone.decision.v1.Detect.Action;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Detectors, and what is to become of what each of them finds. Immutable, and safe for use by any thread.
 *
 * <p>Most texts hold no more than a few digits and no at sign: they are passed after one look at each byte, without any copy.
 */
public final class ContentNet {

    /** Fewest digits that any form has. */
    private static final int FEWEST_DIGITS = 4;

    /** A text that must be folded is looked at in pieces, so that this takes no more memory than a piece does. */
    private static final int PIECE = 64 << 10;

    /** What forms and labels have room in, at the edge of a piece; two pieces share that much. */
    private static final int MARGIN = 1 << 10;

    /** Forms of digits; the earlier wins over the later. */
    private static final List<Scan.Kind> KINDS = List.of(
            new Scan.Kind(Detector.MRN, new MrnShape()),
            new Scan.Kind(Detector.CARD, new CardShape()),
            new Scan.Kind(Detector.SSN, new SsnShape()),
            new Scan.Kind(Detector.BIRTH_DATE, new BirthDateShape()),
            new Scan.Kind(Detector.PHONE, new PhoneShape()));

    private final Map<Detector, Action> actions;
    private final Scan.Kind[] kinds;
    private final boolean emails;
    private final @Nullable Pattern mrn;
    private final int fewestDigits;

    ContentNet(Map<Detector, Action> actions, @Nullable Pattern mrnPattern) {
        this.actions = new EnumMap<>(actions);
        this.emails = actions.containsKey(Detector.EMAIL);
        this.mrn = actions.containsKey(Detector.MRN) ? mrnPattern : null;
        this.fewestDigits = mrn == null ? FEWEST_DIGITS : 1;
        this.kinds = KINDS.stream()
                .filter(kind -> actions.containsKey(kind.detector()))
                .toArray(Scan.Kind[]::new);
    }

    /** What becomes of what that detector finds; null when it is not looked for. */
    public @Nullable Action action(Detector detector) {
        return actions.get(detector);
    }

    /**
     * Looks at one text.
     *
     * @param utf8 holds it
     * @param from where it begins
     * @param to where it ends, exclusive
     * @return null when nothing was found
     */
    public @Nullable Caught look(byte[] utf8, int from, int to, Syntax syntax) {
        boolean folded = false;
        int digits = 0;
        boolean ats = false;
        byte escape = syntax == Syntax.JSON ? (byte) '\\' : syntax == Syntax.XML ? (byte) '&' : 0;
        for (int i = from; i < to; i++) {
            byte c = utf8[i];
            if (c <= '9' && c >= '0') {
                digits++;
            } else if (c < 0 || c == escape && c != 0) {
                folded = true;
            } else if (c == '@') {
                ats = true;
            }
        }
        if (!folded && digits < fewestDigits && !ats) {
            return null;
        }
        List<Hit> hits =
                folded ? searchFolded(utf8, from, to, syntax) : search(new FoldedText(utf8, from, to, null, null));
        return hits.isEmpty() ? null : new Caught(utf8, from, to, syntax, hits, strictest(hits));
    }

    private List<Hit> search(FoldedText text) {
        return new Scan(text, kinds, emails, mrn).run();
    }

    private List<Hit> searchFolded(byte[] utf8, int from, int to, Syntax syntax) {
        List<Hit> hits = new ArrayList<>();
        int start = from;
        int floor = from;
        while (true) {
            int end = start + PIECE >= to ? to : boundary(utf8, start + PIECE);
            FoldedText text = Folding.fold(utf8, start, end, syntax);
            int last = end == to ? to : end - MARGIN;
            for (Hit hit : search(text)) {
                int at = text.sourceStart(hit.start());
                if (at >= floor && at < last) {
                    floor = text.sourceEnd(hit.end());
                    hits.add(new Hit(hit.detector(), at, floor));
                }
            }
            if (end == to) {
                return hits;
            }
            floor = Math.max(floor, last);
            start = boundary(utf8, end - 2 * MARGIN);
        }
    }

    /** The beginning of the character that this byte is part of. */
    private static int boundary(byte[] utf8, int index) {
        int at = index;
        while (index - at < 3 && (utf8[at] & 0xc0) == 0x80) {
            at--;
        }
        return at;
    }

    private Action strictest(List<Hit> hits) {
        Action strictest = Action.ACTION_MASK;
        for (Hit hit : hits) {
            Action action = actions.getOrDefault(hit.detector(), Action.ACTION_MASK);
            strictest = action.getNumber() > strictest.getNumber() ? action : strictest;
        }
        return strictest;
    }
}
