package dev.chaperone.enforcer;

import dev.chaperone.decision.v1.Mask;
import dev.chaperone.proto.ErrorCode;
import dev.chaperone.proto.Secret;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The masking functions by name. Null stays null; a kind that a function has no valid outcome for becomes null.
 *
 * <table>
 * <caption>What each kind of value becomes</caption>
 * <tr><th>function<th>Text<th>Integer<th>Decimal<th>Date<th>Timestamp<th>Uuid
 * <tr><td>{@code redact}<td>{@code [redacted]}, or the parameter {@code text}<td>null<td>null<td>null<td>null<td>null
 * <tr><td>{@code null}<td>null<td>null<td>null<td>null<td>null<td>null
 * <tr><td>{@code last4}<td>the last four letters and digits (of ASCII) stay, others become {@code *}, separators stay; with
 *     fewer than eight letters and digits all become {@code *}<td>null<td>null<td>null<td>null<td>null
 * <tr><td>{@code year}<td>an ISO 8601 date, or date and time: its year; other text: null<td>null<td>null<td>1 January of its
 *     year<td>1 January of its year, 00:00<td>null
 * <tr><td>{@code age90}<td>digits over 89: {@code 90+}; up to 89: unchanged; other text: null<td>over 89: 90; 0 to 89:
 *     unchanged; negative: null<td>as Integer<td>null<td>null<td>null
 * <tr><td>{@code zip3}<td>a ZIP code of 5 or 9 digits: its first three, or {@code 000}; other text: null<td>0 to 99999: the
 *     number of its first three digits, or 0; others: null<td>null<td>null<td>null<td>null
 * <tr><td>{@code pseudonym}<td>{@code p_} and 16 hexadecimal digits (64 bits)<td>a number from 1 to 2<sup>31</sup>-1<td>null<td>null
 *     <td>null<td>a UUID of version 8 (RFC 9562 section 5.8)
 * </table>
 *
 * <p>Kinds that fewer functions have an outcome for; that of the others is null, and so is everything that becomes of Bool and
 * Opaque:
 *
 * <table>
 * <caption>What becomes of the rest</caption>
 * <tr><th>kind<th>{@code pseudonym}<th>{@code year}<th>{@code age90}
 * <tr><td>Address<td>a unique local address of version 6<td>null<td>null
 * <tr><td>HardwareAddress<td>a locally administered address<td>null<td>null
 * <tr><td>Interval<td>null<td>null<td>its whole years, 90 at most; negative: null
 * <tr><td>Range of Date or Timestamp<td>null<td>the whole years that it has a part of; open ends stay<td>null
 * <tr><td>Range of Integer<td>null<td>null<td>its bounds as Integer; open ends stay
 * </table>
 *
 * <p>{@code year} gives years that indicate an age over 89 as one category, the year 90 years ago, and {@code age90} gives
 * such ages as 90 (45 CFR 164.514(b)(2)(i)(C)). {@code zip3} gives {@code 000} for the three-digit areas of 20,000 people or
 * fewer (45 CFR 164.514(b)(2)(i)(B); the list is the one of HHS' de-identification guidance, from the census of 2000).
 *
 * <p>{@code pseudonym} is an HMAC-SHA-256 under the enforcer's key: equal values of one domain have equal pseudonyms, so that
 * joins and counts keep working, and whoever lacks the key can neither invert nor guess. The domain is the parameter
 * {@code domain}, or else the last part of the masked field's name. Where a column has room for less than 18 characters a
 * pseudonym is its beginning, and null below 12 characters; words of {@code redact} are cut to what there is room for.
 * Different integers may, rarely, share a pseudonym (31 bits: expect the first such pair among about 50,000 values).
 * {@link Pseudonym} has the definition.
 */
public final class MaskingFunctions {

    private static final int MAX_PARAMETER = 1024;

    private final Pseudonyms pseudonyms;
    private final Clock clock;

    /**
     * @param pseudonymKey the key of pseudonyms, at least 32 bytes of it in UTF-8; whoever changes it changes every pseudonym
     * @throws IllegalArgumentException when the key is too short
     */
    public MaskingFunctions(Secret pseudonymKey) {
        this(pseudonymKey, Clock.systemUTC());
    }

    MaskingFunctions(Secret pseudonymKey, Clock clock) {
        this.pseudonyms = new Pseudonyms(pseudonymKey);
        this.clock = clock;
    }

    /** The names of all functions. */
    public static Set<String> names() {
        return Set.of("redact", "null", "last4", "year", "age90", "zip3", "pseudonym");
    }

    /** Three-digit ZIP areas that {@code zip3} gives as {@code 000}. */
    public static Set<String> sparseAreas() {
        return SafeHarbor.SMALL_AREAS;
    }

    /** The age that {@code age90} gives for every age from it on. */
    public static int oldestAge() {
        return SafeHarbor.OLDEST_AGE;
    }

    /**
     * The function that fulfils an obligation.
     *
     * @throws EnforcementException with OBLIGATION_UNFULFILLABLE when the function or one of its parameters is not known here
     */
    public MaskingFunction of(Mask mask) {
        Map<String, String> parameters = mask.getParametersMap();
        switch (mask.getFunction()) {
            case "redact":
                return new Replacement(parameter(mask, parameters, "text", "[redacted]"));
            case "pseudonym":
                return pseudonyms.of(parameter(mask, parameters, "domain", lastPart(mask.getField())));
            default:
                requireOnly(mask, parameters, List.of());
                return withoutParameters(mask);
        }
    }

    private MaskingFunction withoutParameters(Mask mask) {
        switch (mask.getFunction()) {
            case "null":
                return new Replacement(null);
            case "last4":
                return SafeHarbor::last4;
            case "year":
                return value -> SafeHarbor.year(value, clock);
            case "age90":
                return SafeHarbor::age90;
            case "zip3":
                return SafeHarbor::zip3;
            default:
                throw unfulfillable("the masking function `" + printable(mask.getFunction())
                        + "` is not known to this enforcer; use one of "
                        + names().stream().sorted().toList());
        }
    }

    private static String parameter(Mask mask, Map<String, String> parameters, String name, String otherwise) {
        requireOnly(mask, parameters, List.of(name));
        String value = parameters.getOrDefault(name, otherwise);
        if (value.length() > MAX_PARAMETER || value.indexOf('\0') >= 0) {
            throw unfulfillable("the parameter `" + name + "` of the masking function `" + mask.getFunction()
                    + "` is longer than 1024 characters or has a NUL");
        }
        return value;
    }

    private static void requireOnly(Mask mask, Map<String, String> parameters, List<String> known) {
        for (String name : parameters.keySet()) {
            if (!known.contains(name)) {
                throw unfulfillable("the masking function `" + printable(mask.getFunction()) + "` has no parameter `"
                        + printable(name) + "`; it takes " + known);
            }
        }
    }

    /** The column of {@code database.schema.relation.column}, the member of a JSON Pointer. */
    private static String lastPart(String field) {
        return field.substring(Math.max(field.lastIndexOf('.'), field.lastIndexOf('/')) + 1);
    }

    private static String printable(String text) {
        String start = text.length() > 64 ? text.substring(0, 64) : text;
        return start.replaceAll("[^\\x20-\\x7e]", "?");
    }

    private static EnforcementException unfulfillable(String message) {
        return new EnforcementException(ErrorCode.OBLIGATION_UNFULFILLABLE, message);
    }
}
