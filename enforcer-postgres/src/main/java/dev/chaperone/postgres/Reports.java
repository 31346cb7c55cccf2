package dev.chaperone.postgres;

import dev.chaperone.postgres.masking.ErrorSanitizer;
import dev.chaperone.postgres.wire.Report;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/** Prepares the server's errors and notices for a client. */
final class Reports {

    private static final int LONGEST_POSITION = 9;

    private Reports() {}

    /**
     * The fields that the client may see.
     *
     * @param offset characters of the client's query string before the statement that the server saw; negative when the
     *     client did not send what the server saw
     * @param sanitise true to take out whatever may hold values; the whole is then kept among the originals
     * @param outbox keeps it
     */
    static Map<Character, String> forClient(Report report, int offset, boolean sanitise, Outbox outbox) {
        Map<Character, String> fields = new LinkedHashMap<>(report.fields());
        String position = fields.get('P');
        if (offset < 0) {
            fields.remove('P');
        }
        if (offset > 0
                && position != null
                && position.length() <= LONGEST_POSITION
                && position.chars().allMatch(c -> c >= '0' && c <= '9')
                && !position.isEmpty()) {
            fields.put('P', Long.toString(Long.parseLong(position) + offset));
        }
        if (!sanitise) {
            return ErrorSanitizer.RAW.sanitize(fields);
        }
        Map<Character, String> safe = ErrorSanitizer.MASKED.sanitize(fields);
        if (!safe.equals(fields)) {
            outbox.original("error", wire(report));
        }
        return safe;
    }

    /** The report as it was, in the form of the message's body. */
    private static byte[] wire(Report report) {
        StringBuilder text = new StringBuilder();
        report.fields().forEach((type, value) -> text.append(type).append(value).append('\0'));
        return text.append('\0').toString().getBytes(StandardCharsets.UTF_8);
    }
}
