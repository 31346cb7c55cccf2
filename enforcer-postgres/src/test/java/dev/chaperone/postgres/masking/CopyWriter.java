package dev.chaperone.postgres.masking;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Writes rows of text as COPY TO does: another account of the formats, to judge maskers by. Bytes stand as ISO 8859-1. */
final class CopyWriter {

    private CopyWriter() {}

    static String write(CopyFormat format, List<@Nullable String[]> rows) {
        boolean binary = format.kind() == CopyFormat.Kind.BINARY;
        StringBuilder out = new StringBuilder(binary ? "PGCOPY\n\u00ff\r\n\0\0\0\0\0\0\0\0\0" : "");
        for (@Nullable String[] row : rows) {
            if (binary) {
                out.append((char) (row.length >> 8)).append((char) row.length);
            }
            for (int column = 0; column < row.length; column++) {
                out.append(column > 0 && !binary ? String.valueOf((char) format.delimiter()) : "");
                cell(format, column, row.length, row[column], out);
            }
            out.append(binary ? "" : "\n");
        }
        return out.append(binary ? "\u00ff\u00ff" : "").toString();
    }

    private static void cell(CopyFormat format, int column, int columns, @Nullable String cell, StringBuilder out) {
        String bytes =
                cell == null ? null : new String(cell.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
        switch (format.kind()) {
            case TEXT -> out.append(bytes == null ? format.nullText() : text(format, bytes));
            case CSV -> out.append(bytes == null ? format.nullText() : csv(format, column, columns, bytes));
            case BINARY -> {
                int length = bytes == null ? -1 : bytes.length();
                for (int shift = 24; shift >= 0; shift -= 8) {
                    out.append((char) (length >> shift & 0xff));
                }
                out.append(bytes == null ? "" : bytes);
            }
        }
    }

    private static String text(CopyFormat format, String value) {
        String escaped = value.replace("\\", "\\\\")
                .replace("\b", "\\b")
                .replace("\f", "\\f")
                .replace("\n", "\\n")
                .replace("\r", "\\r")
                .replace("\t", "\\t")
                .replace("\u000b", "\\v");
        String delimiter = String.valueOf((char) format.delimiter());
        return escaped.replace(delimiter, "\\" + delimiter);
    }

    private static String csv(CopyFormat format, int column, int columns, String value) {
        String quote = String.valueOf((char) format.quote());
        String escape = String.valueOf((char) format.escape());
        boolean quoted = format.forceQuoted().contains(column)
                || value.equals(format.nullText())
                || columns == 1 && value.equals("\\.")
                || value.chars()
                        .anyMatch(c -> c == format.delimiter() || c == format.quote() || c == '\n' || c == '\r');
        if (!quoted) {
            return value;
        }
        StringBuilder out = new StringBuilder(quote);
        for (char c : value.toCharArray()) {
            out.append(c == format.quote() || c == format.escape() ? escape : "")
                    .append(c);
        }
        return out.append(quote).toString();
    }
}
