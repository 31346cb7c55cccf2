package dev.chaperone.postgres.masking;

import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.postgres.wire.Names;
import dev.chaperone.proto.ErrorCode;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * How a COPY TO STDOUT writes its rows (PostgreSQL documentation, "COPY", "File Formats").
 *
 * @param kind the format
 * @param header true when the first line holds the columns' names
 * @param delimiter what stands between fields
 * @param nullText what stands for SQL NULL
 * @param quote what encloses fields of csv that need it
 * @param escape what precedes a quote or itself within quotes
 * @param forceQuoted positions, from 0, of the columns of csv whose values are always quoted
 */
public record CopyFormat(
        Kind kind, boolean header, byte delimiter, String nullText, byte quote, byte escape, Set<Integer> forceQuoted) {

    /** The formats. */
    public enum Kind {
        /** Lines of fields with backslash escapes. */
        TEXT,
        /** Lines of fields with quotes. */
        CSV,
        /** Counted fields in the types' binary format. */
        BINARY
    }

    private static final Set<String> KNOWN =
            Set.of("format", "header", "delimiter", "null", "quote", "escape", "force_quote", "encoding", "freeze");

    public CopyFormat {
        forceQuoted = Set.copyOf(forceQuoted);
    }

    /** Format text without options. */
    public static CopyFormat text() {
        return new CopyFormat(Kind.TEXT, false, (byte) '\t', "\\N", (byte) '"', (byte) '"', Set.of());
    }

    /** Format csv without options. */
    public static CopyFormat csv() {
        return new CopyFormat(Kind.CSV, false, (byte) ',', "", (byte) '"', (byte) '"', Set.of());
    }

    /** Format binary. */
    public static CopyFormat binary() {
        return new CopyFormat(Kind.BINARY, false, (byte) 0, "", (byte) 0, (byte) 0, Set.of());
    }

    /**
     * Reads the options of a COPY TO that the server accepts.
     *
     * @param options as written, without quotes; keys lower case
     * @param columns names of the columns that it writes, in order
     * @throws EnforcementException with UNSUPPORTED naming the option that is not understood exactly
     */
    public static CopyFormat of(Map<String, String> options, List<String> columns) {
        for (String name : options.keySet()) {
            if (!KNOWN.contains(name)) {
                throw unsupported(name);
            }
        }
        String encoding = options.getOrDefault("encoding", "utf8").toLowerCase(Locale.ROOT);
        if (!encoding.equals("utf8") && !encoding.equals("utf-8")) {
            throw unsupported("encoding");
        }
        boolean header = header(options.getOrDefault("header", "false"));
        switch (options.getOrDefault("format", "text").toLowerCase(Locale.ROOT)) {
            case "text":
                return new CopyFormat(
                        Kind.TEXT,
                        header,
                        character(options, "delimiter", (byte) '\t'),
                        options.getOrDefault("null", "\\N"),
                        (byte) '"',
                        (byte) '"',
                        Set.of());
            case "csv":
                byte quote = character(options, "quote", (byte) '"');
                return new CopyFormat(
                        Kind.CSV,
                        header,
                        character(options, "delimiter", (byte) ','),
                        options.getOrDefault("null", ""),
                        quote,
                        character(options, "escape", quote),
                        forceQuoted(options.getOrDefault("force_quote", ""), columns));
            case "binary":
                return binary();
            default:
                throw unsupported("format");
        }
    }

    private static boolean header(String value) {
        switch (value.toLowerCase(Locale.ROOT)) {
            case "true", "on", "1":
                return true;
            case "false", "off", "0":
                return false;
            default:
                throw unsupported("header");
        }
    }

    private static byte character(Map<String, String> options, String name, byte otherwise) {
        String value = options.get(name);
        if (value == null) {
            return otherwise;
        }
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        if (bytes.length != 1) {
            throw unsupported(name);
        }
        return bytes[0];
    }

    private static Set<Integer> forceQuoted(String value, List<String> columns) {
        Set<Integer> positions = new HashSet<>();
        if (value.isEmpty()) {
            return positions;
        }
        for (String written : value.split(",", -1)) {
            String name = folded(written.strip());
            for (int i = 0; i < columns.size(); i++) {
                if (name.equals("*") || name.equals(columns.get(i))) {
                    positions.add(i);
                }
            }
        }
        return positions;
    }

    private static String folded(String name) {
        boolean quoted = name.length() > 1 && name.startsWith("\"") && name.endsWith("\"");
        return quoted ? name.substring(1, name.length() - 1).replace("\"\"", "\"") : Names.fold(name);
    }

    private static EnforcementException unsupported(String option) {
        return new EnforcementException(
                ErrorCode.UNSUPPORTED,
                "COPY with this option `" + option + "` cannot be masked; leave it out, the encoding is UTF8");
    }
}
