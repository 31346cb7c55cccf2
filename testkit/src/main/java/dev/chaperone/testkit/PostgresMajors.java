package dev.chaperone.testkit;

import io.zonky.test.db.postgres.embedded.PgBinaryResolver;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * The major versions of PostgreSQL that tests can start. The newest comes from the class path; the system property
 * {@code postgres.binaries} names a directory with {@code postgres-<major>.jar} for each of the others. The system property
 * {@code postgres.major} says which one a test gets that does not ask for one, and {@code postgres.majors} on which of them those
 * tests run that are for every one.
 */
public final class PostgresMajors {

    private static final int OLDEST = 14;
    private static final int NEWEST = 18;
    private static final String CHOICE = "postgres.major";
    private static final String TESTED = "postgres.majors";

    /** Unless others are asked for: the newest, and one from before the trees' greatest change. */
    private static final String USUAL = "15,18";

    private static final String BINARIES = "postgres.binaries";

    private PostgresMajors() {}

    /** The major version that was chosen, the newest unless one was. */
    public static int chosen() {
        return checked(Integer.getInteger(CHOICE, NEWEST));
    }

    /** What tests that are for every major version run on. */
    public static List<Integer> tested() {
        String majors = System.getProperty(CHOICE, System.getProperty(TESTED, USUAL));
        return Arrays.stream(majors.split(","))
                .map(major -> checked(Integer.parseInt(major.strip())))
                .toList();
    }

    static int checked(int major) {
        if (major < OLDEST || major > NEWEST) {
            throw new IllegalArgumentException(
                    "`" + major + "` is not a major version that can be started; take " + OLDEST + " to " + NEWEST);
        }
        return major;
    }

    /** The programs of a major version that does not come from the class path. */
    static PgBinaryResolver binaries(int major) throws IOException {
        String directory = System.getProperty(BINARIES);
        if (directory == null) {
            throw new IOException(
                    "the system property `" + BINARIES + "` does not say where PostgreSQL " + major + " is");
        }
        Path jar = Path.of(directory).resolve("postgres-" + major + ".jar");
        if (!Files.exists(jar)) {
            throw new IOException("PostgreSQL " + major + " is not at " + jar);
        }
        return (system, architecture) -> URI.create("jar:" + jar.toUri() + "!/postgres-linux-x86_64.txz")
                .toURL()
                .openStream();
    }

    static boolean onClassPath(int major) {
        return major == NEWEST;
    }
}
