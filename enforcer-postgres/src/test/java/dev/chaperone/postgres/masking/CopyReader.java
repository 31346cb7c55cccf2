package dev.chaperone.postgres.masking;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads lines as COPY FROM does: another account of the formats, to judge maskers by. Bytes stand as ISO 8859-1. */
final class CopyReader {

    private final CopyFormat format;
    private final String data;
    private final List<List<@Nullable String>> rows = new ArrayList<>();
    private List<@Nullable String> row = new ArrayList<>();
    private int position;

    private CopyReader(CopyFormat format, String data) {
        this.format = format;
        this.data = data;
    }

    /** The rows, that of the header included. */
    static List<List<@Nullable String>> read(CopyFormat format, String data) {
        return new CopyReader(format, data).read();
    }

    private List<List<@Nullable String>> read() {
        while (position < data.length()) {
            row.add(format.kind() == CopyFormat.Kind.CSV ? csv() : text());
            boolean ended = position >= data.length() || data.charAt(position) == '\n';
            position++;
            if (ended) {
                rows.add(row);
                row = new ArrayList<>();
            }
        }
        if (!row.isEmpty()) {
            row.add("");
            rows.add(row);
        }
        return rows;
    }

    private boolean atEnd() {
        char c = data.charAt(position);
        return c == '\n' || c == (format.delimiter() & 0xff);
    }

    private @Nullable String text() {
        StringBuilder value = new StringBuilder();
        int start = position;
        while (position < data.length() && !atEnd()) {
            char c = data.charAt(position++);
            if (c == '\\' && position < data.length()) {
                c = data.charAt(position++);
                int letter = "bfnrtv".indexOf(c);
                c = letter < 0 ? c : "\b\f\n\r\t\u000b".charAt(letter);
            }
            value.append(c);
        }
        return data.substring(start, position).equals(format.nullText()) ? null : value.toString();
    }

    private @Nullable String csv() {
        char quote = (char) (format.quote() & 0xff);
        char escape = (char) (format.escape() & 0xff);
        StringBuilder value = new StringBuilder();
        boolean quoted = false;
        boolean inside = false;
        while (position < data.length() && (inside || !atEnd())) {
            char c = data.charAt(position++);
            char next = position < data.length() ? data.charAt(position) : 0;
            if (inside && c == escape && (next == quote || next == escape)) {
                value.append(next);
                position++;
            } else if (c == quote) {
                inside = !inside;
                quoted = true;
            } else {
                value.append(c);
            }
        }
        return !quoted && value.toString().equals(format.nullText()) ? null : value.toString();
    }
}
