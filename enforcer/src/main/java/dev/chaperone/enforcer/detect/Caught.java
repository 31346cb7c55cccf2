package dev.chaperone.enforcer.detect;

import dev.chaperone.decision.v1.Detect.Action;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What was found in one text. Valid as long as the array that holds the text is not written to. */
public final class Caught {

    private final byte[] source;
    private final int from;
    private final int to;
    private final Syntax syntax;
    private final List<Hit> hits;
    private final Action action;

    Caught(byte[] source, int from, int to, Syntax syntax, List<Hit> hits, Action action) {
        this.source = source;
        this.from = from;
        this.to = to;
        this.syntax = syntax;
        this.hits = List.copyOf(hits);
        this.action = action;
    }

    /** What was found, from left to right. At least one. */
    public List<Hit> hits() {
        return hits;
    }

    /** What is to become of the text: the strictest of what its finds ask for. Never unspecified. */
    public Action action() {
        return action;
    }

    /**
     * The text with each find replaced by its detector's name in brackets, in UTF-8. It is of its syntax still: where a number
     * of a JSON text is replaced, by a string.
     *
     * @return null when something was found where nothing can be replaced, so that the whole has to be
     */
    public byte @Nullable [] masked() {
        switch (syntax) {
            case JSON:
                return new JsonSplice(source, from, to).replace(hits);
            case XML:
                return XmlSplice.allows(source, from, hits) ? replaced(false) : null;
            default:
                return replaced(false);
        }
    }

    /** The text with each character that is part of a find replaced by an asterisk: not longer than before. For plain text. */
    public byte[] starred() {
        return replaced(true);
    }

    private byte[] replaced(boolean stars) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(to - from + 16);
        int at = from;
        for (Hit hit : hits) {
            out.write(source, at, hit.start() - at);
            if (stars) {
                for (int i = hit.start(); i < hit.end(); i++) {
                    if ((source[i] & 0xc0) != 0x80) {
                        out.write('*');
                    }
                }
            } else {
                out.writeBytes(name(hit));
            }
            at = hit.end();
        }
        out.write(source, at, to - at);
        return out.toByteArray();
    }

    static byte[] name(Hit hit) {
        return ('[' + hit.detector().text() + ']').getBytes(StandardCharsets.US_ASCII);
    }
}
