package dev.chaperone.cli;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;

/**
 * What a command knows of the world around it: where to print, how wide, in colour or not, which environment, which
 * directory.
 *
 * @param out what was asked for
 * @param err progress, warnings, errors
 * @param environment environment variables
 * @param directory the working directory
 * @param colours whether escape sequences for colours are welcome
 * @param width columns of a line; at least 60
 */
record Terminal(
        PrintWriter out, PrintWriter err, Map<String, String> environment, Path directory, boolean colours, int width) {

    private static final int DEFAULT_WIDTH = 110;
    private static final int LEAST_WIDTH = 60;

    Terminal {
        environment = Map.copyOf(environment);
        width = Math.max(LEAST_WIDTH, width);
    }

    /** The process's own; colours only where the launcher says that output goes to a terminal, and not where NO_COLOR (no-color.org) is set. */
    static Terminal system() {
        Map<String, String> environment = System.getenv();
        boolean plain = !environment.getOrDefault("NO_COLOR", "").isEmpty()
                || "dumb".equals(environment.get("TERM"))
                || !Boolean.getBoolean("chaperone.terminal");
        return new Terminal(
                writer(System.out), writer(System.err), environment, Path.of(""), !plain, width(environment));
    }

    /** The text in bold. */
    String bold(String text) {
        return styled("1", text);
    }

    /** The text in the colour of what went well. */
    String green(String text) {
        return styled("32", text);
    }

    /** The text in the colour of what went wrong or was refused. */
    String red(String text) {
        return styled("31", text);
    }

    /** The text in the colour of what was changed or waits. */
    String yellow(String text) {
        return styled("33", text);
    }

    /** The text held back. */
    String dim(String text) {
        return styled("2", text);
    }

    private String styled(String code, String text) {
        return colours ? "\u001b[" + code + "m" + text + "\u001b[0m" : text;
    }

    private static PrintWriter writer(PrintStream stream) {
        return new PrintWriter(stream, true, StandardCharsets.UTF_8);
    }

    private static int width(Map<String, String> environment) {
        try {
            return Math.min(200, Integer.parseInt(environment.getOrDefault("COLUMNS", "")));
        } catch (NumberFormatException e) {
            return DEFAULT_WIDTH;
        }
    }
}
