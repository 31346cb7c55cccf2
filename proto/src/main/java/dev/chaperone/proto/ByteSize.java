package dev.chaperone.proto;

import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A configured amount of bytes, written like {@code 64MiB}, {@code 1GiB} or {@code 512} (plain bytes).
 *
 * @param bytes the amount; never negative
 */
public record ByteSize(long bytes) {

    private static final List<String> UNITS = List.of("b", "kib", "mib", "gib", "tib");
    private static final List<String> NAMES = List.of("B", "KiB", "MiB", "GiB", "TiB");
    private static final Pattern FORM =
            Pattern.compile("(\\d{1,15})\\s*(B|KiB|MiB|GiB|TiB)?", Pattern.CASE_INSENSITIVE);

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
        String unit = matcher.group(2);
        int shift = unit == null ? 0 : 10 * UNITS.indexOf(unit.toLowerCase(Locale.ROOT));
        long number = Long.parseLong(matcher.group(1));
        long bytes = number << shift;
        if (bytes >> shift != number) {
            throw new IllegalArgumentException("`" + text + "` is more bytes than can be counted");
        }
        return new ByteSize(bytes);
    }

    @Override
    public String toString() {
        for (int unit = UNITS.size() - 1; unit > 0; unit--) {
            if (bytes != 0 && bytes % (1L << (10 * unit)) == 0) {
                return (bytes >> (10 * unit)) + NAMES.get(unit);
            }
        }
        return bytes + "B";
    }
}
