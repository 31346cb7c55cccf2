package dev.chaperone.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The directory of a server that was initialised and stopped, made once a process and major version: a temporary server begins as a copy of it,
 * since {@code initdb} takes longer than all else about one.
 */
final class PostgresTemplate {

    /** By major version. */
    private static final Map<Integer, Path> TEMPLATES = new HashMap<>();

    private PostgresTemplate() {}

    /**
     * Copies the template into a directory.
     *
     * @param initialise fills an empty directory with what is to be copied
     */
    static synchronized void copyTo(Path directory, int major, Consumer<Path> initialise) throws IOException {
        @Nullable Path source = TEMPLATES.get(major);
        if (source == null) {
            source = Directories.prepare(null, "chaperone-postgres-template");
            Path kept = source;
            Runtime.getRuntime().addShutdownHook(new Thread(() -> Directories.delete(kept), "template-removal"));
            initialise.accept(source);
            TEMPLATES.put(major, source);
        }
        copy(source, directory);
    }

    private static void copy(Path from, Path to) throws IOException {
        List<Path> parentsFirst;
        try (Stream<Path> tree = Files.walk(from)) {
            parentsFirst = tree.skip(1).toList();
        }
        for (Path path : parentsFirst) {
            Files.copy(path, to.resolve(from.relativize(path)), StandardCopyOption.COPY_ATTRIBUTES);
        }
    }
}
