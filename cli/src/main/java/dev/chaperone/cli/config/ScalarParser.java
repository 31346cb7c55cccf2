package dev.chaperone.cli.config;

import dev.chaperone.proto.ByteSize;
import dev.chaperone.proto.Secret;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Gives text the type that its key has. Every method throws IllegalArgumentException with what was expected. */
final class ScalarParser {

    private static final Pattern DURATION = Pattern.compile("(\\d{1,12})\\s*(ms|s|m|h|d)");

    private final Path directory;
    private final SecretReference secrets;

    /**
     * @param directory what relative paths are relative to
     * @param environment where {@code env:} secrets are found
     */
    ScalarParser(Path directory, Map<String, String> environment) {
        this.directory = directory;
        this.secrets = new SecretReference(directory, environment);
    }

    /** True when values of the type are written as a single value. */
    static boolean handles(Class<?> type) {
        return !typeName(type).isEmpty();
    }

    /** What to call the type in messages and documentation; empty when the type is not a scalar. */
    static String typeName(Class<?> type) {
        if (type.isEnum()) {
            return "one of " + choices(type);
        }
        return switch (type.getSimpleName()) {
            case "String" -> "text";
            case "int", "Integer", "long", "Long" -> "whole number";
            case "double", "Double" -> "number";
            case "boolean", "Boolean" -> "true or false";
            case "Duration" -> "duration";
            case "ByteSize" -> "size";
            case "Path" -> "path";
            case "URI" -> "URI";
            case "Secret" -> "secret reference";
            default -> "";
        };
    }

    /** An enum's names as they are written in a file. */
    static String choices(Class<?> type) {
        return Arrays.stream(type.getEnumConstants())
                .map(constant -> "`" + choice(constant) + "`")
                .collect(Collectors.joining(", "));
    }

    Object parse(Class<?> type, String text) {
        if (type.isEnum()) {
            return constant(type, text);
        }
        return switch (type.getSimpleName()) {
            case "String" -> text;
            case "int", "Integer" -> Math.toIntExact(whole(text, Integer.MIN_VALUE, Integer.MAX_VALUE));
            case "long", "Long" -> whole(text, Long.MIN_VALUE, Long.MAX_VALUE);
            case "double", "Double" -> number(text);
            case "boolean", "Boolean" -> truth(text);
            case "Duration" -> duration(text);
            case "ByteSize" -> ByteSize.parse(text);
            case "Path" -> path(text);
            case "URI" -> uri(text);
            case "Secret" -> new Secret(secrets.resolve(text));
            default -> throw new IllegalStateException("no configuration type `" + type.getName() + "`");
        };
    }

    private static String choice(Object constant) {
        return written(((Enum<?>) constant).name());
    }

    /** An enum's value in the form of {@link #choices}; {@code VERIFY_FULL} is as good as {@code verify-full}. */
    static String written(String text) {
        return text.strip().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static Object constant(Class<?> type, String text) {
        return Arrays.stream(type.getEnumConstants())
                .filter(constant -> choice(constant).equals(written(text)))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("`" + text + "` is not one of " + choices(type)));
    }

    private static long whole(String text, long least, long most) {
        try {
            long value = Long.parseLong(text.replace("_", ""));
            if (value >= least && value <= most) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("`" + text + "` is not a whole number", e);
        }
        throw new IllegalArgumentException("`" + text + "` is not between " + least + " and " + most);
    }

    private static double number(String text) {
        try {
            double value = Double.parseDouble(text);
            if (Double.isFinite(value)) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("`" + text + "` is not a number", e);
        }
        throw new IllegalArgumentException("`" + text + "` is not a finite number");
    }

    private static boolean truth(String text) {
        return switch (text) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException("`" + text + "` is neither `true` nor `false`");
        };
    }

    static Duration duration(String text) {
        if (text.strip().equals("0")) {
            return Duration.ZERO;
        }
        Matcher matcher = DURATION.matcher(text.strip());
        if (matcher.matches()) {
            long amount = Long.parseLong(matcher.group(1));
            return switch (matcher.group(2)) {
                case "ms" -> Duration.ofMillis(amount);
                case "s" -> Duration.ofSeconds(amount);
                case "m" -> Duration.ofMinutes(amount);
                case "h" -> Duration.ofHours(amount);
                default -> Duration.ofDays(amount);
            };
        }
        try {
            return Duration.parse(text.strip());
        } catch (DateTimeException e) {
            throw new IllegalArgumentException(
                    "`" + text + "` is not a duration; write a number and ms, s, m, h or d, such as `250ms` or `5s`",
                    e);
        }
    }

    private Path path(String text) {
        try {
            if (!text.isBlank()) {
                return directory.resolve(text).normalize();
            }
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException("`" + text + "` is not a path", e);
        }
        throw new IllegalArgumentException("an empty path; write one, relative paths start at the file's directory");
    }

    private static URI uri(String text) {
        try {
            return new URI(text);
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException("`" + text + "` is not a URI", e);
        }
    }
}
