package dev.chaperone.postgres;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** What a client is told in answer to some statements, in a form that can be compared between two servers. */
final class Transcript {

    private Transcript() {}

    /** Sends each statement as a simple query. */
    static List<String> simple(RawClient client, List<String> statements) throws IOException {
        List<String> lines = new ArrayList<>();
        for (String statement : statements) {
            lines.add("> " + statement);
            client.raw(RawClient.query(statement));
            lines.addAll(read(client));
        }
        return lines;
    }

    /** Sends each statement by the extended protocol. */
    static List<String> extended(RawClient client, List<String> statements) throws IOException {
        List<String> lines = new ArrayList<>();
        for (String statement : statements) {
            lines.add("> " + statement);
            client.raw(RawClient.join(
                    RawClient.parse("", statement),
                    RawClient.bind("", ""),
                    RawClient.describe('P', ""),
                    RawClient.execute("", 0),
                    RawClient.sync()));
            lines.addAll(read(client));
        }
        return lines;
    }

    /** Everything up to ReadyForQuery. */
    static List<String> read(RawClient client) throws IOException {
        return client.until("Z").stream().map(Transcript::line).toList();
    }

    private static String line(RawClient.Message message) {
        return message.tag() + " "
                + switch (message.tag()) {
                    case 'E', 'N' -> report(message);
                    case 'T' -> columns(message.body());
                    case 'A' -> notification(message.body());
                    default -> printable(message.body());
                };
    }

    /** All that a client may see of it, but for where in the server's sources it was raised. */
    private static String report(RawClient.Message message) {
        StringBuilder line = new StringBuilder();
        for (char field : "SVCMDHPWstcdn".toCharArray()) {
            String value = message.field(field);
            if (!value.isEmpty()) {
                line.append(field).append('=').append(value).append(' ');
            }
        }
        return line.toString();
    }

    /** Names, types and formats; a relation made anew has another OID, so that only being one counts. */
    private static String columns(byte[] body) {
        StringBuilder line = new StringBuilder();
        ByteBuffer buffer = ByteBuffer.wrap(body);
        for (int i = buffer.getShort(); i > 0; i--) {
            StringBuilder name = new StringBuilder();
            for (byte b = buffer.get(); b != 0; b = buffer.get()) {
                name.append((char) b);
            }
            boolean table = buffer.getInt() != 0;
            line.append(String.format(
                    Locale.ROOT,
                    "[%s %s %d %d %d %d %d]",
                    name,
                    table,
                    buffer.getShort(),
                    buffer.getInt(),
                    buffer.getShort(),
                    buffer.getInt(),
                    buffer.getShort()));
        }
        return line.toString();
    }

    /** Without the process that notifies. */
    private static String notification(byte[] body) {
        return printable(Arrays.copyOfRange(body, 4, body.length));
    }

    private static String printable(byte[] body) {
        StringBuilder text = new StringBuilder();
        for (char c : new String(body, StandardCharsets.ISO_8859_1).toCharArray()) {
            text.append(c >= ' ' && c < 127 ? String.valueOf(c) : String.format(Locale.ROOT, "\\%02x", (int) c));
        }
        return text.toString();
    }
}
