package dev.chaperone.pdp;

import java.util.Collection;
import java.util.Comparator;
import org.jspecify.annotations.Nullable;

/** Finds what somebody probably meant to write. */
final class Nearest {

    private static final int LONGEST = 64;

    private Nearest() {}

    /** A hint to add to a message: the nearest candidate, or all of them when none is near. */
    static String hint(String written, Collection<String> candidates) {
        String nearest = of(written, candidates);
        if (nearest != null) {
            return "did you mean `" + nearest + "`?";
        }
        return "expected one of " + String.join(", ", candidates);
    }

    private static @Nullable String of(String written, Collection<String> candidates) {
        if (written.length() > LONGEST) {
            return null;
        }
        int most = Math.max(1, written.length() / 3);
        return candidates.stream()
                .filter(candidate -> distance(written, candidate) <= most)
                .min(Comparator.comparingInt((String candidate) -> distance(written, candidate))
                        .thenComparing(Comparator.naturalOrder()))
                .orElse(null);
    }

    /** Edits between two words, upper and lower case being the same (Levenshtein's distance). */
    private static int distance(String one, String other) {
        int[] previous = new int[other.length() + 1];
        for (int column = 0; column < previous.length; column++) {
            previous[column] = column;
        }
        for (int row = 1; row <= one.length(); row++) {
            int[] current = new int[previous.length];
            current[0] = row;
            for (int column = 1; column < current.length; column++) {
                boolean same =
                        Character.toLowerCase(one.charAt(row - 1)) == Character.toLowerCase(other.charAt(column - 1));
                int replaced = previous[column - 1] + (same ? 0 : 1);
                current[column] = Math.min(replaced, Math.min(previous[column], current[column - 1]) + 1);
            }
            previous = current;
        }
        return previous[other.length()];
    }
}
