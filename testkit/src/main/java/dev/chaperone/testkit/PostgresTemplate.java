package dev.chaperone.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The directory of a server that was initialised and stopped, made once a process: a temporary server begins as a copy of it,
 * since {@code initdb} takes longer than all else about one.
 */
final class PostgresTemplate {

    /** The template, once there is one. */
    private static final AtomicReference<@Nullable Path> TEMPLATE = new AtomicReference<>();

    private PostgresTemplate() {}

    /**
     * Copies the template into a directory.
     *
     * @param initialise fills an empty directory with what is to be copied
     */
    static synchronized void copyTo(Path directory, Consumer<Path> initialise) throws IOException {
        Path source = TEMPLATE.get();
        if (source == null) {
            source = Directories.prepare(null, "chaperone-postgres-template");
            Path kept = source;
            Runtime.getRuntime().addShutdownHook(new Thread(() -> Directories.delete(kept), "template-removal"));
            initialise.accept(source);
            TEMPLATE.set(source);
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
