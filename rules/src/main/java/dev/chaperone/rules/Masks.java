package dev.chaperone.rules;

import dev.chaperone.decision.v1.Mask;
import java.util.List;
import java.util.Map;

/** The masking functions and which of two wins on one field. */
final class Masks {
    /**
     * Strictest first, by what is left of the value: nothing; that there was one; whether two are the same; its year;
     * three digits; four characters; all of it up to age 89.
     */
    static final List<String> FUNCTIONS = List.of("null", "redact", "pseudonym", "year", "zip3", "last4", "age90");

    /** The parameters that functions take; those not listed take none. */
    static final Map<String, List<String>> PARAMETERS =
            Map.of("redact", List.of("text"), "pseudonym", List.of("domain"));

    private Masks() {}

    /** The stricter of two masks on one field. Equal functions with other parameters leave nothing but a redaction. */
    static Mask stricter(Mask one, Mask other) {
        int difference = FUNCTIONS.indexOf(one.getFunction()) - FUNCTIONS.indexOf(other.getFunction());
        if (difference == 0 && !one.getParametersMap().equals(other.getParametersMap())) {
            return Mask.newBuilder()
                    .setField(one.getField())
                    .setFunction("redact")
                    .build();
        }
        return difference <= 0 ? one : other;
    }
}
