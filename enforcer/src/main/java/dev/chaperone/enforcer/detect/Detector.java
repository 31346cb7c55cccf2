package dev.chaperone.enforcer.detect;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What can be found in text by its form alone. */
public enum Detector {
    /** Social security numbers, and taxpayer identification numbers of the same form. */
    SSN("ssn"),
    /** Medical record numbers: by a label beside them, and by the configured pattern. */
    MRN("mrn"),
    /** Payment card numbers. */
    CARD("card"),
    /** Telephone and fax numbers. */
    PHONE("phone"),
    /** Email addresses. */
    EMAIL("email"),
    /** Dates of birth: dates with a label beside them. */
    BIRTH_DATE("birth-date");

    private final String text;

    Detector(String text) {
        this.text = text;
    }

    /** The name in obligations and records. */
    public String text() {
        return text;
    }

    /** The detector of a name; null when there is none. */
    public static @Nullable Detector of(String text) {
        for (Detector detector : values()) {
            if (detector.text.equals(text)) {
                return detector;
            }
        }
        return null;
    }

    /** Every name. */
    public static List<String> names() {
        return Arrays.stream(values()).map(Detector::text).toList();
    }
}
