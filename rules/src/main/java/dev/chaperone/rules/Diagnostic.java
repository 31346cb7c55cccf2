package dev.chaperone.rules;

import java.util.Locale;
import java.util.Objects;

/**
 * Something to tell the author of a policy.
 *
 * @param severity whether the policy is refused for it
 * @param path the source it is in, as named by {@link PolicySource#path()}
 * @param line line, from 1; 0 when it is about the whole file
 * @param column column, from 1; 0 when it is about the whole line
 * @param message what is wrong
 * @param hint what to do instead, empty when the message says it all
 */
public record Diagnostic(Severity severity, String path, int line, int column, String message, String hint) {
    /** Refuses nulls and negative positions. */
    public Diagnostic {
        Objects.requireNonNull(severity, "severity");
        Objects.requireNonNull(path, "path");
        Objects.requireNonNull(message, "message");
        Objects.requireNonNull(hint, "hint");
        if (line < 0 || column < 0) {
            throw new IllegalArgumentException("position `" + line + ":" + column + "` is negative");
        }
    }

    /** Written as compilers write, so that editors find the place: {@code path:line:column: error: message; hint}. */
    @Override
    public String toString() {
        String place = path + (line == 0 ? "" : ":" + line + (column == 0 ? "" : ":" + column));
        String text = hint.isEmpty() ? message : message + "; " + hint;
        return place + ": " + severity.name().toLowerCase(Locale.ROOT) + ": " + text;
    }
}
