package dev.chaperone.postgres.wire;

import io.netty.buffer.ByteBuf;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The fields of an ErrorResponse or a NoticeResponse (chapter "Error and Notice Message Fields").
 *
 * @param fields values by field type, in the order of the message
 */
public record Report(Map<Character, String> fields) {

    public Report {
        fields = Collections.unmodifiableMap(new LinkedHashMap<>(fields));
    }

    /**
     * Reads the body of the message.
     *
     * @throws ProtocolException when it is malformed
     */
    public static Report read(ByteBuf body) {
        WireReader reader = new WireReader(body, "ErrorResponse");
        Map<Character, String> fields = new LinkedHashMap<>();
        while (true) {
            char type = (char) reader.readByte();
            if (type == 0) {
                return new Report(fields);
            }
            fields.put(type, reader.readText());
        }
    }

    /** A field, empty when the message lacks it. */
    public String field(char type) {
        return fields.getOrDefault(type, "");
    }

    /** Severity that is never localised (ERROR, FATAL, NOTICE, LOG, ...). */
    public String severity() {
        String severity = field('V');
        return severity.isEmpty() ? field('S') : severity;
    }

    /** The SQLSTATE. */
    public String sqlState() {
        return field('C');
    }

    /** The primary message. */
    public String message() {
        return field('M');
    }
}
