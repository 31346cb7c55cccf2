package dev.chaperone.cli.config;

/**
 * One thing that is wrong with a configuration.
 *
 * @param place where: file and line, or the environment variable
 * @param key the full key it is about, such as {@code postgres.clinic.listen}; empty for the file as a whole
 * @param message what is wrong, what was expected, what to do
 */
public record ConfigProblem(String place, String key, String message) {

    @Override
    public String toString() {
        return key.isEmpty() ? place + ": " + message : place + ": `" + key + "`: " + message;
    }
}
