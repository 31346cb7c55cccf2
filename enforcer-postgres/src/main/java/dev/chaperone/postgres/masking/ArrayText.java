package dev.chaperone.postgres.masking;

import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The text format of arrays (PostgreSQL documentation, "Array Input and Output Syntax"), as the server writes it: dimensions
 * where a lower bound is not 1, elements separated by commas, quoted where they need it.
 */
final class ArrayText {

    private static final Pattern BOUNDS = Pattern.compile("(\\[-?[0-9]{1,10}:-?[0-9]{1,10}]){1,6}=");

    private final String text;
    private final Function<String, @Nullable String> map;
    private final StringBuilder out;
    private int at;
    private int depth;

    private ArrayText(String text, Function<String, @Nullable String> map) {
        this.text = text;
        this.map = map;
        this.out = new StringBuilder(text.length() + 16);
    }

    /**
     * An array of the same dimensions whose elements are mapped; null elements stay.
     *
     * @param map gives null for an element that becomes null
     * @return null when the text is not exactly an array
     */
    static @Nullable String map(String text, Function<String, @Nullable String> map) {
        ArrayText array = new ArrayText(text, map);
        return array.dimensions() && array.body() ? array.out.toString() : null;
    }

    private boolean dimensions() {
        if (!text.startsWith("[")) {
            return true;
        }
        Matcher bounds = BOUNDS.matcher(text);
        if (!bounds.lookingAt()) {
            return false;
        }
        at = bounds.end();
        out.append(text, 0, at);
        return true;
    }

    /** Elements and arrays stand where a value is due: after an opening brace or a comma. */
    private boolean body() {
        boolean due = true;
        while (at < text.length()) {
            char c = text.charAt(at);
            if (due != (c != ',' && c != '}') && !isEmptyArray(c)) {
                return false;
            }
            if (c == '{' || c == '}' || c == ',') {
                depth += c == '{' ? 1 : c == '}' ? -1 : 0;
                out.append(c);
                at++;
                due = c != '}';
            } else if (depth > 0 && element()) {
                due = false;
            } else {
                return false;
            }
            if (depth == 0) {
                return at == text.length();
            }
        }
        return false;
    }

    private boolean isEmptyArray(char c) {
        return c == '}' && depth == 1 && text.charAt(at - 1) == '{';
    }

    private boolean element() {
        boolean quoted = text.charAt(at) == '"';
        String element = quoted ? quoted() : plain();
        if (element == null) {
            return false;
        }
        String mapped = !quoted && element.equals("NULL") ? null : map.apply(element);
        write(mapped);
        return true;
    }

    private @Nullable String quoted() {
        StringBuilder element = new StringBuilder();
        for (at++; at < text.length(); at++) {
            char c = text.charAt(at);
            if (c == '"') {
                at++;
                return element.toString();
            }
            if (c == '\\' && ++at == text.length()) {
                return null;
            }
            element.append(text.charAt(at));
        }
        return null;
    }

    private @Nullable String plain() {
        int start = at;
        while (at < text.length() && "{},".indexOf(text.charAt(at)) < 0) {
            if ("\"\\".indexOf(text.charAt(at)) >= 0) {
                return null;
            }
            at++;
        }
        return text.substring(start, at);
    }

    private void write(@Nullable String element) {
        if (element == null) {
            out.append("NULL");
            return;
        }
        if (!needsQuotes(element)) {
            out.append(element);
            return;
        }
        out.append('"');
        for (int i = 0; i < element.length(); i++) {
            char c = element.charAt(i);
            if (c == '"' || c == '\\') {
                out.append('\\');
            }
            out.append(c);
        }
        out.append('"');
    }

    private static boolean needsQuotes(String element) {
        return element.isEmpty()
                || element.equalsIgnoreCase("NULL")
                || element.chars().anyMatch(c -> "{},\"\\ \t\n\r\u000b\f".indexOf(c) >= 0);
    }
}
