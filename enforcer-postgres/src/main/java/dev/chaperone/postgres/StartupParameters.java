package dev.chaperone.postgres;

import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.postgres.analysis.SettingsPolicy;
import dev.chaperone.postgres.wire.ProtocolVersion;
import dev.chaperone.proto.ErrorCode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * What a client asked for when it opened its session (chapter "Message Formats", StartupMessage), after checking.
 *
 * @param version what will be spoken: what the client asked for, or the newest known
 * @param user the name that the client gave for itself; shown, never trusted
 * @param database the database that it wants: an upstream's name, or the name of its database
 * @param applicationName the client's own name for its program, empty when it gave none
 * @param purpose why it says that it needs the data (setting {@code chaperone.purpose}), empty when it did not say
 * @param settings settings that the upstream session starts with
 * @param undecided those of them that the policy has to decide on first
 * @param unknownOptions protocol options that are not spoken here, to be named in NegotiateProtocolVersion
 */
record StartupParameters(
        ProtocolVersion version,
        String user,
        String database,
        String applicationName,
        String purpose,
        Map<String, String> settings,
        Map<String, String> undecided,
        List<String> unknownOptions) {

    static final String PURPOSE = "chaperone.purpose";

    private static final Set<String> UTF8 = Set.of("utf8", "unicode");
    private static final Set<String> OFF = Set.of("false", "off", "no", "0");
    private static final int LONGEST_TEXT = 256;

    StartupParameters {
        settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
        undecided = Collections.unmodifiableMap(new LinkedHashMap<>(undecided));
        unknownOptions = List.copyOf(unknownOptions);
    }

    /**
     * Checks what a client sent.
     *
     * @param version what the client would like to speak; its major version is spoken here
     * @throws EnforcementException naming the parameter that is refused
     */
    static StartupParameters of(ProtocolVersion version, Map<String, String> sent) {
        String user = sent.getOrDefault("user", "");
        if (user.isEmpty()) {
            throw new EnforcementException(
                    ErrorCode.PROTOCOL_VIOLATION, "no user name in the startup packet; expected parameter `user`");
        }
        String database = sent.getOrDefault("database", "");
        List<String> unknown = new ArrayList<>();
        Map<String, String> asked = new LinkedHashMap<>();
        sent.forEach((name, value) -> {
            switch (name) {
                case "user", "database" -> {}
                case "replication" -> {
                    if (!OFF.contains(value.toLowerCase(Locale.ROOT))) {
                        throw new EnforcementException(
                                ErrorCode.UNSUPPORTED, "replication connections are not served by this gateway");
                    }
                }
                case "options" -> options(value, asked);
                default -> {
                    if (name.startsWith("_pq_.")) {
                        unknown.add(name);
                    } else {
                        asked.put(name.toLowerCase(Locale.ROOT), value);
                    }
                }
            }
        });
        ProtocolVersion spoken = version.minor() > ProtocolVersion.V3_2.minor() ? ProtocolVersion.V3_2 : version;
        return checked(spoken, user, database.isEmpty() ? user : database, asked, unknown);
    }

    private static StartupParameters checked(
            ProtocolVersion version, String user, String database, Map<String, String> asked, List<String> unknown) {
        Map<String, String> settings = new LinkedHashMap<>();
        Map<String, String> undecided = new LinkedHashMap<>();
        asked.forEach((name, value) -> {
            if (name.equals(PURPOSE)) {
                return;
            }
            if (name.equals("client_encoding")) {
                String plain = value.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]", "");
                if (!UTF8.contains(plain)) {
                    throw new EnforcementException(
                            ErrorCode.UNSUPPORTED,
                            "client_encoding `" + shorten(value) + "` is not served by this gateway; expected `UTF8`");
                }
                return;
            }
            String refusal = SettingsPolicy.refusal(name, List.of(value));
            if (refusal != null && !SettingsPolicy.pinned(name)) {
                undecided.put(name, value);
            } else if (refusal != null) {
                throw new EnforcementException(
                        ErrorCode.UNSUPPORTED, "startup parameter `" + shorten(name) + "`: " + refusal);
            }
            if (name.equals(ClientMessages.SETTING)) {
                settings.put(ClientMessages.SHADOW, ClientMessages.required(value));
                return;
            }
            settings.put(name, value);
        });
        settings.putIfAbsent(ClientMessages.SHADOW, ClientMessages.DEFAULT);
        return new StartupParameters(
                version,
                user,
                database,
                shorten(asked.getOrDefault("application_name", "")),
                shorten(asked.getOrDefault(PURPOSE, "")),
                settings,
                undecided,
                unknown);
    }

    /** Reads command-line options: {@code -c name=value}, {@code -cname=value}, {@code --name=value}; backslash escapes. */
    private static void options(String text, Map<String, String> asked) {
        List<String> words = words(text);
        for (int i = 0; i < words.size(); i++) {
            String word = words.get(i);
            String setting;
            if (word.equals("-c") && i + 1 < words.size()) {
                setting = words.get(++i);
            } else if (word.startsWith("-c") && word.length() > 2) {
                setting = word.substring(2);
            } else if (word.startsWith("--") && word.length() > 2) {
                setting = word.substring(2);
            } else {
                throw new EnforcementException(
                        ErrorCode.UNSUPPORTED,
                        "option `" + shorten(word) + "` in the startup packet is not served; expected `-c name=value`");
            }
            int equals = setting.indexOf('=');
            if (equals < 1) {
                throw new EnforcementException(
                        ErrorCode.PROTOCOL_VIOLATION,
                        "option `" + shorten(setting)
                                + "` in the startup packet has no value; expected `-c name=value`");
            }
            // The server takes a dash for an underscore here.
            String name = setting.substring(0, equals).replace('-', '_').toLowerCase(Locale.ROOT);
            asked.put(name, setting.substring(equals + 1));
        }
    }

    private static List<String> words(String text) {
        List<String> words = new ArrayList<>();
        StringBuilder word = new StringBuilder();
        boolean inWord = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\\' && i + 1 < text.length()) {
                word.append(text.charAt(++i));
                inWord = true;
            } else if (c == ' ' || (c >= '\t' && c <= '\r')) {
                if (inWord) {
                    words.add(word.toString());
                    word.setLength(0);
                    inWord = false;
                }
            } else {
                word.append(c);
                inWord = true;
            }
        }
        if (inWord) {
            words.add(word.toString());
        }
        return words;
    }

    static String shorten(String text) {
        return text.length() <= LONGEST_TEXT ? text : text.substring(0, LONGEST_TEXT) + "…";
    }
}
