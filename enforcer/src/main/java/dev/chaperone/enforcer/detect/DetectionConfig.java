package dev.chaperone.enforcer.detect;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import dev.chaperone.proto.Setting;
import org.jspecify.annotations.Nullable;

/**
 * What detectors need to know.
 *
 * @param mrnPattern what medical record numbers look like here; null knows them by their labels alone
 */
public record DetectionConfig(
        @Setting(
                value =
                        "what medical record numbers look like here, as a regular expression of RE2 whose first group, if it"
                                + " has one, is the number; those that a label such as `MRN` precedes are found without it",
                optional = true)
        @Nullable
        String mrnPattern) {

    /** Longest pattern. */
    private static final int LONGEST = 500;

    /** Nothing beyond what is known everywhere. */
    public static final DetectionConfig DEFAULT = new DetectionConfig(null);

    public DetectionConfig {
        if (mrnPattern != null) {
            check(mrnPattern);
        }
    }

    private static void check(String pattern) {
        if (pattern.length() > LONGEST) {
            throw new IllegalArgumentException("`mrn-pattern` is longer than " + LONGEST + " characters");
        }
        Pattern compiled;
        try {
            compiled = Pattern.compile(pattern);
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException(
                    "`mrn-pattern` is `" + pattern + "`, which is no regular expression of RE2: " + e.getDescription(),
                    e);
        }
        if (compiled.matcher("").find()) {
            throw new IllegalArgumentException(
                    "`mrn-pattern` is `" + pattern + "`, which matches an empty text; write what a number looks like");
        }
    }
}
