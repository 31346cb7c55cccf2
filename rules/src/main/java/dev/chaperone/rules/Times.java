package dev.chaperone.rules;

import com.google.protobuf.Timestamp;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Times between the contract's types and Java's. */
final class Times {
    private Times() {}

    static com.google.protobuf.Duration duration(Duration duration) {
        return com.google.protobuf.Duration.newBuilder()
                .setSeconds(duration.getSeconds())
                .setNanos(duration.getNano())
                .build();
    }

    static Duration duration(com.google.protobuf.Duration duration) {
        return Duration.ofSeconds(duration.getSeconds(), duration.getNanos());
    }

    /** The duration that a text such as {@code 30s} stands for; null for a text that is none. */
    static @Nullable Duration parse(String text) {
        if (!text.matches("[1-9][0-9]{0,5}(ms|s|m|h)")) {
            return null;
        }
        long amount = Long.parseLong(text.replaceAll("[a-z]", ""));
        switch (text.replaceAll("[0-9]", "")) {
            case "ms":
                return Duration.ofMillis(amount);
            case "s":
                return Duration.ofSeconds(amount);
            case "m":
                return Duration.ofMinutes(amount);
            default:
                return Duration.ofHours(amount);
        }
    }

    /**
     * The instant that a timestamp stands for.
     *
     * @throws DateTimeException when it is outside what an instant can hold
     */
    static Instant instant(Timestamp timestamp) {
        return Instant.ofEpochSecond(timestamp.getSeconds(), timestamp.getNanos());
    }
}
