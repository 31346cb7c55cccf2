package dev.chaperone.enforcer;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Names of the files in a spool directory. */
final class SpoolFiles {

    private static final Pattern SEGMENT = Pattern.compile("(\\d{20})\\.spool");

    private SpoolFiles() {}

    static Path segment(Path directory, long segment) {
        return directory.resolve(String.format(Locale.ROOT, "%020d.spool", segment));
    }

    /** A segment whose header is not known to be durable yet; no frame is ever in one. */
    static Path unnamed(Path directory, long segment) {
        return directory.resolve(String.format(Locale.ROOT, "%020d.new", segment));
    }

    static Path cursor(Path directory) {
        return directory.resolve("cursor");
    }

    static Path control(Path directory) {
        return directory.resolve("control");
    }

    static Path lock(Path directory) {
        return directory.resolve("lock");
    }

    /** The numbers of all segments in a directory, ascending. */
    static TreeSet<Long> segments(Path directory) throws IOException {
        TreeSet<Long> numbers = new TreeSet<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
            for (Path file : files) {
                Matcher name = SEGMENT.matcher(file.getFileName().toString());
                if (name.matches()) {
                    numbers.add(Long.parseLong(name.group(1)));
                }
            }
        }
        return numbers;
    }

    /** Removes what a crash left of files that never got their names. */
    static void removeUnnamed(Path directory) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*.new")) {
            for (Path file : files) {
                Files.delete(file);
            }
        }
    }
}
