package dev.chaperone.testkit.conformance;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One message of the server.
 *
 * @param tag its type
 * @param body what follows the length
 */
public record Message(char tag, byte[] body) {

    /** The values of a DataRow, null for SQL NULL; what is cut short is left out. */
    public List<byte @Nullable []> values() {
        List<byte @Nullable []> values = new ArrayList<>();
        ByteBuffer buffer = ByteBuffer.wrap(body);
        try {
            for (int i = buffer.getShort(); i > 0; i--) {
                int length = buffer.getInt();
                byte @Nullable [] value = length < 0 ? null : new byte[Math.min(length, buffer.remaining())];
                if (value != null) {
                    buffer.get(value);
                }
                values.add(value);
            }
        } catch (BufferUnderflowException e) {
            return values;
        }
        return values;
    }

    /** A field of an ErrorResponse or NoticeResponse, empty when it has none. */
    public String field(char type) {
        for (String field : new String(body, StandardCharsets.UTF_8).split("\0")) {
            if (!field.isEmpty() && field.charAt(0) == type) {
                return field.substring(1);
            }
        }
        return "";
    }

    /** The message for people: its tag, and its body with everything unprintable as a dot. */
    public String printable() {
        StringBuilder text = new StringBuilder().append(tag).append(' ');
        for (byte b : body) {
            text.append(b >= ' ' && b < 127 ? (char) b : '.');
        }
        return text.toString();
    }
}
