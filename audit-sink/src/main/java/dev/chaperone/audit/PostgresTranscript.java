package dev.chaperone.audit;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads recorded backend messages (PostgreSQL documentation, "Frontend/Backend Protocol", "Message Formats"). The bytes came
 * from an enforcer, but are read as if they came from an enemy: every length is checked before it is used, and what cannot be
 * read is said instead of guessed. Column descriptions carry over from one payload of a session to the next, and so does a
 * message that goes on in the next.
 */
final class PostgresTranscript {

    static final String MEDIA_TYPE = "application/vnd.postgresql.v3";

    private static final int MAX_COLUMNS = 1664;
    private static final int MAX_MESSAGES = 1000;

    /** Longest message, in bytes, that is put together to be shown. */
    private static final int MAX_MESSAGE = 1 << 20;

    private List<Column> columns = List.of();
    /** The beginning of a message that goes on in the next payload. */
    private byte[] begun = {};
    /** Bytes that are yet to come of a message that is too long to be shown. */
    private long skipped;

    /** A described column: its name, its type's OID, and whether its cells are binary. */
    private record Column(String name, int type, boolean binary) {}

    /** What one payload says. */
    record Reading(@Nullable TableView table, List<String> messages) {}

    /** Reads one payload, listing at most so many rows. */
    Reading read(byte[] payload, int maxRows) {
        Collector collector = new Collector(maxRows);
        ByteBuffer buffer = ByteBuffer.allocate(begun.length + payload.length)
                .put(begun)
                .put(payload)
                .flip();
        begun = new byte[0];
        int over = (int) Math.min(skipped, buffer.remaining());
        skipped -= over;
        buffer.position(over);
        while (buffer.hasRemaining() && next(buffer, collector)) {}
        return collector.reading(columns);
    }

    /** Reads one message; false when the rest of the payload is none as a whole. */
    private boolean next(ByteBuffer buffer, Collector collector) {
        int start = buffer.position();
        if (buffer.remaining() < 5) {
            keep(buffer, start);
            return false;
        }
        char tag = (char) (buffer.get() & 0xff);
        int length = buffer.getInt();
        if (length < 4) {
            collector.say(
                    "unreadable: message '" + Printable.line(String.valueOf(tag)) + "' claims " + length + " bytes");
            return false;
        }
        int missing = length - 4 - buffer.remaining();
        if (missing <= 0) {
            ByteBuffer body = buffer.slice(buffer.position(), length - 4);
            buffer.position(buffer.position() + length - 4);
            message(tag, body, collector);
            return true;
        }
        if (length > MAX_MESSAGE) {
            collector.say("message '" + Printable.line(String.valueOf(tag)) + "' of " + length
                    + " bytes, too long to be shown");
            skipped = missing;
        } else {
            keep(buffer, start);
        }
        return false;
    }

    private void keep(ByteBuffer buffer, int start) {
        begun = bytesOf(buffer.slice(start, buffer.limit() - start));
    }

    private static byte[] bytesOf(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }

    private void message(char tag, ByteBuffer body, Collector collector) {
        try {
            switch (tag) {
                case 'T' -> columns = describe(body);
                case 'D' -> collector.row(cells(body));
                case 'd' -> collector.row(List.of(CellText.text(bytes(body, body.remaining()))));
                case 'C' -> collector.say(string(body));
                case 'I' -> collector.say("empty query");
                case 's' -> collector.say("portal suspended: more rows remain");
                case 'E' -> collector.say("error " + fields(body));
                case 'N' -> collector.say("notice " + fields(body));
                case 'S' -> collector.say("parameter " + string(body) + " = " + string(body));
                default -> {
                    // The rest (ReadyForQuery, ParseComplete, ...) shows the client nothing of the data.
                }
            }
        } catch (MalformedException e) {
            collector.say("unreadable: message '" + tag + "', " + e.getMessage());
        }
    }

    private static List<Column> describe(ByteBuffer body) throws MalformedException {
        int count = count(body);
        List<Column> described = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            String name = string(body);
            need(body, 18);
            body.getInt();
            body.getShort();
            int type = body.getInt();
            body.getShort();
            body.getInt();
            described.add(new Column(name, type, body.getShort() == 1));
        }
        return described;
    }

    private List<@Nullable String> cells(ByteBuffer body) throws MalformedException {
        int count = count(body);
        List<@Nullable String> cells = new ArrayList<>(count);
        boolean described = columns.size() == count;
        for (int i = 0; i < count; i++) {
            need(body, 4);
            int length = body.getInt();
            if (length == -1) {
                cells.add(null);
                continue;
            }
            byte[] cell = bytes(body, length);
            Column column = described ? columns.get(i) : new Column("", 0, false);
            cells.add(CellText.of(cell, column.type(), column.binary()));
        }
        return cells;
    }

    private static String fields(ByteBuffer body) throws MalformedException {
        Map<Character, String> fields = new LinkedHashMap<>();
        while (true) {
            need(body, 1);
            char field = (char) (body.get() & 0xff);
            if (field == 0) {
                break;
            }
            fields.put(field, string(body));
        }
        StringBuilder text = new StringBuilder(fields.getOrDefault('C', "?????"));
        text.append(": ").append(fields.getOrDefault('M', ""));
        if (fields.containsKey('D')) {
            text.append(" (").append(fields.get('D')).append(')');
        }
        if (fields.containsKey('H')) {
            text.append(" hint: ").append(fields.get('H'));
        }
        return text.toString();
    }

    private static int count(ByteBuffer body) throws MalformedException {
        need(body, 2);
        int count = body.getShort();
        if (count < 0 || count > MAX_COLUMNS) {
            throw new MalformedException("`" + count + "` columns");
        }
        return count;
    }

    private static String string(ByteBuffer body) throws MalformedException {
        for (int i = body.position(); i < body.limit(); i++) {
            if (body.get(i) == 0) {
                byte[] bytes = bytes(body, i - body.position());
                body.get();
                return new String(bytes, StandardCharsets.UTF_8);
            }
        }
        throw new MalformedException("a text without its end");
    }

    private static byte[] bytes(ByteBuffer body, int length) throws MalformedException {
        if (length < 0) {
            throw new MalformedException("a length of `" + length + "`");
        }
        need(body, length);
        byte[] bytes = new byte[length];
        body.get(bytes);
        return bytes;
    }

    private static void need(ByteBuffer body, int length) throws MalformedException {
        if (body.remaining() < length) {
            throw new MalformedException("which ends too early");
        }
    }

    /** A message is not what its tag promises. */
    private static final class MalformedException extends Exception {
        private static final long serialVersionUID = 1L;

        MalformedException(String message) {
            super(message);
        }
    }

    /** Gathers rows and messages within bounds. */
    private static final class Collector {
        private final int maxRows;
        private final List<List<@Nullable String>> rows = new ArrayList<>();
        private final List<String> messages = new ArrayList<>();
        private long omitted;
        private int widest;

        Collector(int maxRows) {
            this.maxRows = maxRows;
        }

        void row(List<@Nullable String> cells) {
            if (rows.size() < maxRows) {
                rows.add(cells);
                widest = Math.max(widest, cells.size());
            } else {
                omitted++;
            }
        }

        void say(String message) {
            if (messages.size() < MAX_MESSAGES) {
                messages.add(message);
            }
        }

        Reading reading(List<Column> columns) {
            if (rows.isEmpty() && omitted == 0) {
                return new Reading(null, messages);
            }
            List<String> names = new ArrayList<>(widest);
            for (int i = 0; i < widest; i++) {
                names.add(columns.size() == widest ? columns.get(i).name() : "column " + (i + 1));
            }
            return new Reading(new TableView(names, rows, omitted), messages);
        }
    }
}
