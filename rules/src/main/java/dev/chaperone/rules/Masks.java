package dev.chaperone.rules;

import dev.chaperone.decision.v1.Mask;
import dev.chaperone.decision.v1.Mask.Scope;
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

    /**
     * The stricter of two masks on one field. Equal functions with other parameters leave nothing but a redaction; what only
     * one of them lets the statement do with the field is not let through.
     */
    static Mask stricter(Mask one, Mask other) {
        boolean everywhere = one.getScope() == Scope.SCOPE_EVERYWHERE && other.getScope() == Scope.SCOPE_EVERYWHERE;
        return stricterFunction(one, other).toBuilder()
                .setScope(everywhere ? Scope.SCOPE_EVERYWHERE : Scope.SCOPE_DELIVERED)
                .build();
    }

    private static Mask stricterFunction(Mask one, Mask other) {
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
