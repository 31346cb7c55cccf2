package dev.chaperone.postgres.masking;

import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/** The SQLSTATEs of PostgreSQL 18 and what is said about them in place of the server's own words. */
final class SqlStates {

    private static final String INTERNAL = "XX000";
    private static final Map<String, String> MESSAGES = load();

    private SqlStates() {}

    /**
     * The code itself when PostgreSQL has it; else its class when PostgreSQL has that; else internal error. A function of the
     * agent's choosing may raise any five characters, which would carry values.
     */
    static String known(@Nullable String code) {
        if (code == null || code.length() != INTERNAL.length()) {
            return INTERNAL;
        }
        if (MESSAGES.containsKey(code)) {
            return code;
        }
        String general = code.substring(0, 2) + "000";
        return MESSAGES.containsKey(general) ? general : INTERNAL;
    }

    /** What is said about a known code. */
    static String message(String known) {
        return MESSAGES.getOrDefault(known, "the database reported an error");
    }

    static Map<String, String> all() {
        return MESSAGES;
    }

    private static Map<String, String> load() {
        Properties file = new Properties();
        try (InputStream in = SqlStates.class.getResourceAsStream("sqlstates.properties")) {
            if (in == null) {
                throw new IllegalStateException("`sqlstates.properties` is missing from the class path");
            }
            file.load(new InputStreamReader(in, StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Map<String, String> messages = new HashMap<>();
        file.forEach((code, message) -> messages.put((String) code, (String) message));
        return Map.copyOf(messages);
    }
}
