package dev.chaperone.cli.config;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;

/** Finds the value behind {@code env:NAME} or {@code file:PATH}. A value written into the file itself is never accepted. */
final class SecretReference {

    private static final int MAX_BYTES = 64 * 1024;

    private final Path directory;
    private final Map<String, String> environment;

    SecretReference(Path directory, Map<String, String> environment) {
        this.directory = directory;
        this.environment = environment;
    }

    /**
     * The secret itself; a file's final line end is not part of it.
     *
     * @throws IllegalArgumentException when the text is not a reference or leads nowhere; never repeats the text of
     *     something that may be a secret
     */
    String resolve(String reference) {
        if (reference.startsWith("env:")) {
            return fromEnvironment(reference.substring("env:".length()));
        }
        if (reference.startsWith("file:")) {
            return fromFile(reference.substring("file:".length()));
        }
        throw new IllegalArgumentException(
                "a secret is written here in the clear; put it in an environment variable or a"
                        + " file that only Chaperone can read and write `env:NAME` or `file:PATH`");
    }

    private String fromEnvironment(String name) {
        String value = environment.get(name);
        if (value == null || value.isEmpty()) {
            throw new IllegalArgumentException("the environment variable `" + name + "` is not set or empty; set it");
        }
        return value;
    }

    private String fromFile(String path) {
        try (InputStream in = Files.newInputStream(directory.resolve(path))) {
            byte[] bytes = in.readNBytes(MAX_BYTES + 1);
            if (bytes.length > MAX_BYTES) {
                throw new IllegalArgumentException("the file `" + path + "` is larger than 64 KiB; it is not a secret");
            }
            String value = new String(bytes, StandardCharsets.UTF_8).replaceFirst("\\r?\\n\\z", "");
            if (value.isEmpty()) {
                throw new IllegalArgumentException("the file `" + path + "` is empty; put the secret into it");
            }
            return value;
        } catch (IOException | InvalidPathException e) {
            throw new IllegalArgumentException("the file `" + path + "` cannot be read; check its path and rights", e);
        }
    }
}
