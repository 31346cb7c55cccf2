package dev.chaperone.cli;

import dev.chaperone.enforcer.RecordingKeys;
import dev.chaperone.testkit.SelfSigned;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The directory of a demonstration: configuration, catalog, keys, secrets, spool, ledger, log. Begun anew each time. */
final class DemoFiles {

    private static final Logger LOG = LoggerFactory.getLogger(DemoFiles.class);
    private static final String MARKER = ".chaperone-demo";

    private final Path directory;
    private final RecordingKeys.KeyFiles keys;
    private final SelfSigned certificate;

    private DemoFiles(Path directory, RecordingKeys.KeyFiles keys, SelfSigned certificate) {
        this.directory = directory;
        this.keys = keys;
        this.certificate = certificate;
    }

    /**
     * Empties the directory of an earlier demonstration and fills it with keys and secrets.
     *
     * @throws CommandException when the directory belongs to somebody else, or to a demonstration that runs
     */
    static DemoFiles prepare(Path directory) {
        DemoState earlier = DemoState.read(directory);
        if (earlier != null
                && earlier.isRunning()
                && earlier.processId() != ProcessHandle.current().pid()) {
            throw new CommandException("a demonstration runs already in `" + directory + "` (process "
                    + earlier.processId() + "); stop it, or give this one another --dir");
        }
        try {
            empty(directory);
            Files.createDirectories(directory.resolve("tls"));
            Files.createFile(directory.resolve(MARKER));
            DemoFiles files = new DemoFiles(
                    directory,
                    RecordingKeys.generate(directory.resolve("keys")),
                    SelfSigned.in(directory.resolve("tls")));
            files.writeSecret("upstream-password", random());
            files.writeSecret("pseudonym-key", random());
            files.writeSecret("approvals-password", random());
            Files.writeString(files.catalog(), resource("catalog.yaml"));
            return files;
        } catch (IOException e) {
            throw new CommandException(
                    "`" + directory + "` cannot be used: " + e.getMessage() + "; give another --dir", e);
        }
    }

    /** A resource of the demonstration. */
    static String resource(String name) {
        try (InputStream in = DemoFiles.class.getResourceAsStream("demo/" + name)) {
            if (in == null) {
                throw new IllegalStateException("the resource `" + name + "` is missing from this build");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException("the resource `" + name + "` cannot be read", e);
        }
    }

    Path directory() {
        return directory;
    }

    Path configuration() {
        return directory.resolve("chaperone.yaml");
    }

    Path catalog() {
        return directory.resolve("catalog.yaml");
    }

    Path ledger() {
        return directory.resolve("ledger");
    }

    Path log() {
        return directory.resolve("chaperone.log");
    }

    Path signingPublicKey() {
        return keys.signingPublicKey();
    }

    Path certificate() {
        return certificate.certificate();
    }

    /** The secret of that name. */
    String secret(String name) {
        try {
            return Files.readString(directory.resolve(name));
        } catch (IOException e) {
            throw new CommandException("the secret `" + name + "` cannot be read from `" + directory + "`", e);
        }
    }

    /** Writes the configuration: a resource in which {@code ${NAME}} stands for a value. */
    void writeConfiguration(Map<String, String> values) {
        String text = resource("chaperone.yaml");
        for (Map.Entry<String, String> value : values.entrySet()) {
            text = text.replace("${" + value.getKey() + "}", value.getValue());
        }
        try {
            Files.writeString(configuration(), text);
        } catch (IOException e) {
            throw new CommandException("`" + configuration() + "` cannot be written", e);
        }
    }

    private void writeSecret(String name, String value) throws IOException {
        Path file = directory.resolve(name);
        Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(file, value, StandardOpenOption.WRITE);
    }

    /** Removes the data of PostgreSQL and Kafka; keys, configuration, log and ledger stay for who looks into them. */
    void deleteData() {
        for (String data : List.of("postgres", "kafka")) {
            try {
                deleteBelow(directory.resolve(data));
                Files.deleteIfExists(directory.resolve(data));
            } catch (IOException e) {
                LOG.warn("the data in `{}` could not be removed: {}", directory.resolve(data), e.toString());
            }
        }
    }

    private static String random() {
        byte[] bytes = new byte[32];
        new SecureRandom().nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    /** Removes what an earlier demonstration left; a directory that is not one is left alone. */
    private static void empty(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        boolean ours = Files.exists(directory.resolve(MARKER));
        try (DirectoryStream<Path> content = Files.newDirectoryStream(directory)) {
            if (!ours && content.iterator().hasNext()) {
                throw new CommandException("`" + directory + "` holds something else; give another --dir");
            }
        }
        deleteBelow(directory);
    }

    private static void deleteBelow(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> content = Files.walk(directory)) {
            List<Path> files = content.sorted(Comparator.reverseOrder())
                    .filter(file -> !file.equals(directory))
                    .toList();
            for (Path file : files) {
                Files.delete(file);
            }
        }
    }
}
