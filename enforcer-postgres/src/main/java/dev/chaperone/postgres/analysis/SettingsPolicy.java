package dev.chaperone.postgres.analysis;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Which settings an agent may change, and to what. Everything not listed is refused. */
public final class SettingsPolicy {

    private SettingsPolicy() {}

    /**
     * Why a SET, RESET or startup parameter is refused.
     *
     * @param name the setting, lower case
     * @param values the values; empty for DEFAULT and RESET
     * @return the reason, safe to show; null when it may be done
     */
    public static @Nullable String refusal(String name, List<String> values) {
        return "setting `" + name + "` cannot be changed through chaperone";
    }
}
