package dev.chaperone.enforcer.detect;

import java.io.ByteArrayOutputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Replaces parts of a JSON text (RFC 8259) so that it stays one. */
final class JsonSplice {

    private final byte[] source;
    private final int to;
    private final ByteArrayOutputStream out;
    private int at;
    private int seen;
    private boolean inString;

    JsonSplice(byte[] source, int from, int to) {
        this.source = source;
        this.to = to;
        this.at = from;
        this.seen = from;
        this.out = new ByteArrayOutputStream(to - from + 16);
    }

    /** The text with every hit replaced; null when one of them is neither within a string nor within a number. */
    byte @Nullable [] replace(List<Hit> hits) {
        for (Hit hit : hits) {
            if (hit.start() < at) {
                continue; // within a number that is replaced already
            }
            see(hit.start());
            boolean replaced = inString ? inString(hit) : inNumber(hit);
            if (!replaced) {
                return null;
            }
        }
        out.write(source, at, to - at);
        return out.toByteArray();
    }

    /** Follows the text up to there. */
    private void see(int end) {
        while (seen < end) {
            byte c = source[seen++];
            if (c == '"') {
                inString = !inString;
            } else if (c == '\\') {
                seen++;
            }
        }
    }

    private boolean inString(Hit hit) {
        see(hit.end());
        if (!inString) {
            return false;
        }
        out.write(source, at, hit.start() - at);
        out.writeBytes(Caught.name(hit));
        at = hit.end();
        return true;
    }

    private boolean inNumber(Hit hit) {
        int start = hit.start();
        while (start > at && isOfNumber(source[start - 1])) {
            start--;
        }
        int end = start;
        while (end < to && isOfNumber(source[end])) {
            end++;
        }
        if (end < hit.end()) {
            return false;
        }
        out.write(source, at, start - at);
        out.write('"');
        out.writeBytes(Caught.name(hit));
        out.write('"');
        at = end;
        seen = end;
        return true;
    }

    private static boolean isOfNumber(byte c) {
        return c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
    }
}
