package dev.chaperone.rules;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * One file of rules.
 *
 * @param path name for diagnostics, with forward slashes; unique within a policy
 * @param text the rules, in DRL
 */
public record PolicySource(String path, String text) {
    /** Longest source that is read, in characters: rules beyond it belong in several files. */
    static final int MAX_LENGTH = 1 << 20;

    private static final int MAX_FILES = 10_000;

    /** Refuses nulls and an empty path. */
    public PolicySource {
        Objects.requireNonNull(text, "text");
        if (path.isBlank()) {
            throw new IllegalArgumentException("path is empty, expected the name of a policy file");
        }
    }

    /**
     * Reads every {@code *.drl} file below a directory, sorted by path.
     *
     * @throws UncheckedIOException when the directory or a file cannot be read, a file is longer than 1 MiB, is not
     *     UTF-8, or there are more than 10,000 files
     */
    public static List<PolicySource> readDirectory(Path directory) {
        try (Stream<Path> files = Files.walk(directory)) {
            List<Path> found = files.filter(
                            file -> file.getFileName().toString().endsWith(".drl") && Files.isRegularFile(file))
                    .sorted()
                    .limit(MAX_FILES + 1L)
                    .toList();
            if (found.size() > MAX_FILES) {
                throw new IOException("`" + directory + "` holds more than " + MAX_FILES + " policy files");
            }
            List<PolicySource> sources = new ArrayList<>(found.size());
            for (Path file : found) {
                sources.add(read(directory, file));
            }
            return List.copyOf(sources);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read policies from `" + directory + "`: " + e.getMessage(), e);
        }
    }

    private static PolicySource read(Path directory, Path file) throws IOException {
        long size = Files.size(file);
        if (size > MAX_LENGTH) {
            throw new IOException(
                    "policy file `" + file + "` has " + size + " bytes, expected at most " + MAX_LENGTH + ": split it");
        }
        String path = directory.relativize(file).toString().replace('\\', '/');
        return new PolicySource(path, Files.readString(file));
    }
}
