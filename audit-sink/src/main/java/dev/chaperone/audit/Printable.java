package dev.chaperone.audit;

import java.util.Locale;

/** Makes recorded text safe to print: an agent's words must not steer an auditor's terminal. */
final class Printable {

    private Printable() {}

    /** The text with control characters, line ends among them, written as escapes. */
    static String line(String text) {
        StringBuilder out = new StringBuilder(text.length());
        text.codePoints().forEach(c -> {
            switch (c) {
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                    int type = Character.getType(c);
                    boolean steers = type == Character.CONTROL
                            || type == Character.FORMAT
                            || type == Character.LINE_SEPARATOR
                            || type == Character.PARAGRAPH_SEPARATOR
                            || type == Character.SURROGATE;
                    if (steers) {
                        out.append(String.format(Locale.ROOT, "\\u{%x}", c));
                    } else {
                        out.appendCodePoint(c);
                    }
                }
            }
        });
        return out.toString();
    }
}
