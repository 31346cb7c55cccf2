package dev.chaperone.proto;

import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A configured amount of bytes, written like {@code 64MiB}, {@code 1GiB} or {@code 512} (plain bytes).
 *
 * @param bytes the amount; never negative
 */
public record ByteSize(long bytes) {

    private static final Pattern FORM =
            Pattern.compile("(\\d{1,15})\\s*(B|KiB|MiB|GiB|TiB)?", Pattern.CASE_INSENSITIVE);
    private static final Map<String, Integer> SHIFTS = Map.of("b", 0, "kib", 10, "mib", 20, "gib", 30, "tib", 40);

    public ByteSize {
        if (bytes < 0) {
            throw new IllegalArgumentException("a size of `" + bytes + "` bytes is negative");
        }
    }

    /**
     * Reads a size.
     *
     * @throws IllegalArgumentException when the text is not a size, with what was expected
     */
    public static ByteSize parse(String text) {
        Matcher matcher = FORM.matcher(text.strip());
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    "`" + text + "` is not a size; write a number and B, KiB, MiB, GiB or TiB");
        }
        String unit = matcher.group(2) == null ? "b" : matcher.group(2).toLowerCase(Locale.ROOT);
        long number = Long.parseLong(matcher.group(1));
        long bytes = number << SHIFTS.get(unit);
        if (bytes >> SHIFTS.get(unit) != number) {
            throw new IllegalArgumentException("`" + text + "` is more bytes than can be counted");
        }
        return new ByteSize(bytes);
    }

    @Override
    public String toString() {
        for (String unit : new String[] {"TiB", "GiB", "MiB", "KiB"}) {
            int shift = SHIFTS.get(unit.toLowerCase(Locale.ROOT));
            if (bytes != 0 && bytes % (1L << shift) == 0) {
                return (bytes >> shift) + unit;
            }
        }
        return bytes + "B";
    }
}
