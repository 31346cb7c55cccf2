package dev.chaperone.postgres.analysis;

import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which settings anybody may change, and to what. For everything not listed, among it what changes who the session acts as, the
 * policy has to say in so many words that it may be changed though nobody knows what comes of it. Some are the gateway's own.
 */
public final class SettingsPolicy {

    /** Change nothing but the session's own comfort. */
    private static final Set<String> FREE = Set.of(
            "application_name",
            "array_nulls",
            "bytea_output",
            "client_min_messages",
            "constraint_exclusion",
            "constraints",
            "cursor_tuple_fraction",
            "default_text_search_config",
            "default_transaction_deferrable",
            "default_transaction_isolation",
            "default_transaction_read_only",
            "escape_string_warning",
            "extra_float_digits",
            "from_collapse_limit",
            "idle_in_transaction_session_timeout",
            "idle_session_timeout",
            "intervalstyle",
            "jit",
            "join_collapse_limit",
            "lock_timeout",
            "plan_cache_mode",
            "quote_all_identifiers",
            "search_path",
            "seed",
            "statement_timeout",
            "timezone",
            "transaction_deferrable",
            "transaction_isolation",
            "transaction_read_only",
            "transaction_timeout",
            "xmlbinary",
            "xmloption");

    private static final Set<String> MODES = Set.of(
            "as",
            "transaction",
            "isolation",
            "level",
            "read",
            "only",
            "write",
            "committed",
            "uncommitted",
            "repeatable",
            "serializable",
            "deferrable",
            "not");

    private static final Set<String> DATE_ORDERS =
            Set.of("iso", "mdy", "dmy", "ymd", "us", "noneuropean", "european", "euro", "noneuro");

    /** What the gateway reads from the server depends on these. */
    private static final Set<String> PINNED =
            Set.of("client_encoding", "standard_conforming_strings", "log_parameter_max_length_on_error");

    private SettingsPolicy() {}

    /** True for a setting that stays as it is whatever the policy says. */
    public static boolean pinned(String name) {
        String setting = name.toLowerCase(Locale.ROOT);
        return PINNED.contains(setting) || setting.startsWith("debug_") || setting.startsWith("chaperone.");
    }

    /**
     * Why a SET, RESET or startup parameter is refused.
     *
     * @param name the setting, in any case
     * @param values the values; empty for DEFAULT and RESET
     * @return the reason, safe to show; null when it may be done
     */
    public static @Nullable String refusal(String name, List<String> values) {
        String setting = name.toLowerCase(Locale.ROOT);
        if (FREE.contains(setting) || setting.startsWith("enable_") || setting.equals("all") && values.isEmpty()) {
            return null;
        }
        return switch (setting) {
            case "transaction", "session characteristics" ->
                MODES.containsAll(values)
                        ? null
                        : "transaction mode is not supported through chaperone; set isolation, read only or deferrable";
            case "datestyle" ->
                isoOnly(values) ? null : "setting `datestyle` must stay with `ISO`; dates are masked in that form";
            case "client_encoding" ->
                only(values, Set.of("utf8", "utf-8", "unicode")) ? null : "setting `client_encoding` must stay `UTF8`";
            case "standard_conforming_strings" ->
                only(values, Set.of("on", "true", "yes", "1"))
                        ? null
                        : "setting `standard_conforming_strings` must stay `on`";
            default -> "setting `" + printable(setting) + "` cannot be changed through chaperone";
        };
    }

    private static boolean only(List<String> values, Set<String> allowed) {
        return values.stream().allMatch(value -> allowed.contains(value.toLowerCase(Locale.ROOT)));
    }

    /** A style other than ISO must be named to be set: an order alone keeps it. */
    private static boolean isoOnly(List<String> values) {
        return values.stream()
                .flatMap(value -> List.of(value.toLowerCase(Locale.ROOT).split("[,\\s]+")).stream())
                .filter(word -> !word.isEmpty())
                .allMatch(DATE_ORDERS::contains);
    }

    private static String printable(String setting) {
        String shown = setting.length() > 64 ? setting.substring(0, 64) : setting;
        return shown.replaceAll("[^\\x20-\\x7e]|`", "?");
    }
}
