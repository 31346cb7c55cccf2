package dev.chaperone.rules;

import java.util.Locale;

/** Type of a value in a condition. */
enum ValueType {
    TEXT,
    NUMBER,
    BOOLEAN;

    /** The type as a message names it. */
    String shown() {
        return name().toLowerCase(Locale.ROOT);
    }
}
