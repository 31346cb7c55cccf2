package dev.chaperone.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.proto.ByteSize;
import dev.chaperone.proto.Secret;
import dev.chaperone.testkit.Backends;
import dev.chaperone.testkit.PostgresBackend;
import dev.chaperone.testkit.PostgresOptions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * PostgreSQL's own suites, run on a server and then on another through the gateway, with everything permitted. What the first
 * run printed is what the second has to print, so that only what the gateway changes counts. {@code src/test/regress/run} gets
 * and builds the suites; docs/conformance.md says more.
 */
class PostgresSuites {

    private static final Path OUTPUT = Path.of("target/postgres-suites").toAbsolutePath();
    private static final Path KNOWN = Path.of("src/test/regress/differences.txt");

    /** Tests of the pipeline whose messages are compared, too. */
    private static final Set<String> TRACED = Set.of(
            "simple_pipeline",
            "nosync",
            "multi_pipelines",
            "prepared",
            "singlerow",
            "pipeline_abort",
            "pipeline_idle",
            "transaction",
            "disallowed_in_pipeline");

    /** A suite of the source tree. */
    enum Suite {
        PIPELINE("src/test/modules/libpq_pipeline"),
        ISOLATION("src/test/isolation"),
        REGRESSION("src/test/regress");

        private final String directory;

        Suite(String directory) {
            this.directory = directory;
        }

        Path source() {
            String source = System.getProperty("postgres.source");
            if (source == null) {
                throw new IllegalStateException("`postgres.source` does not name PostgreSQL's built source tree");
            }
            return Path.of(source).resolve(directory);
        }
    }

    @Test
    void pipeline() throws IOException, InterruptedException {
        printsWhatItPrintsWithoutTheGateway(Suite.PIPELINE);
    }

    @Test
    void isolation() throws IOException, InterruptedException {
        printsWhatItPrintsWithoutTheGateway(Suite.ISOLATION);
    }

    @Test
    void regression() throws IOException, InterruptedException {
        printsWhatItPrintsWithoutTheGateway(Suite.REGRESSION);
    }

    private static void printsWhatItPrintsWithoutTheGateway(Suite suite) throws IOException, InterruptedException {
        Path output = OUTPUT.resolve(suite.name().toLowerCase(Locale.ROOT));
        delete(output);
        Path direct = output.resolve("direct");
        Path through = output.resolve("gateway");
        try (PostgresBackend server = server()) {
            run(suite, server.port(), server.superuserPassword(), direct);
        }
        PostgresBackend server = server();
        try (Gateway gateway = Gateway.before(server, config(server))) {
            gateway.decisions.policy(request -> TestingDecisions.permitUnanalysed());
            gateway.decisions.keep();
            gateway.recorder.keepNothing();
            run(suite, gateway.port(), TestingAuthenticator.HUMAN, through);
        }
        Map<String, String> differences = differences(direct, through);
        Files.writeString(output.resolve("differences.txt"), String.join("\n", differences.keySet()) + "\n");
        Files.writeString(output.resolve("gateway.diff"), String.join("\n", differences.values()));
        System.out.println(suite + ": " + tests(direct).size() + " tests, " + differences.size()
                + " differ, see target/postgres-suites: " + differences.keySet());
        assertThat(tests(direct)).hasSizeGreaterThan(8);
        assertThat(differences.keySet()).isSubsetOf(known(suite));
    }

    /** Deletes what an earlier run has left. */
    private static void delete(Path output) throws IOException {
        if (Files.exists(output)) {
            try (Stream<Path> tree = Files.walk(output)) {
                for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(path);
                }
            }
        }
    }

    private static PostgresBackend server() {
        PostgresBackend server = Backends.postgres(PostgresOptions.temporary().withMajor(15));
        for (String database : List.of("regression", "isolation_regression")) {
            server.createDatabase(database);
            // As pg_regress sets them for a database that it makes.
            for (String setting : List.of(
                    "lc_messages = 'C'",
                    "lc_monetary = 'C'",
                    "lc_numeric = 'C'",
                    "lc_time = 'C'",
                    "bytea_output = 'hex'",
                    "timezone_abbreviations = 'Default'")) {
                server.execute("alter database " + database + " set " + setting);
            }
        }
        return server;
    }

    private static PostgresConfig config(PostgresBackend server) {
        Map<String, PostgresConfig.Upstream> upstreams = new LinkedHashMap<>();
        for (String database : List.of("regression", "isolation_regression", "postgres")) {
            upstreams.put(
                    database,
                    new PostgresConfig.Upstream(
                            server.host(),
                            server.port(),
                            database,
                            server.superuser(),
                            new Secret(server.superuserPassword()),
                            PostgresConfig.TlsMode.DISABLE,
                            null,
                            false,
                            new PostgresConfig.Role(
                                    List.of("superuser", "createrole", "createdb", "replication", "bypassrls")),
                            PostgresConfig.Functions.LISTED));
        }
        PostgresConfig.Bounds bounds = new PostgresConfig.Bounds(
                ByteSize.parse("10KiB"),
                ByteSize.parse("64MiB"),
                ByteSize.parse("64MiB"),
                16,
                100,
                50,
                Duration.ofSeconds(10),
                Duration.ofSeconds(10),
                Duration.ofHours(1),
                Duration.ofSeconds(5));
        return new PostgresConfig(new PostgresConfig.Listen("127.0.0.1", 0, true, null, null), upstreams, bounds);
    }

    private static void run(Suite suite, int port, String password, Path output)
            throws IOException, InterruptedException {
        Path results = Files.createDirectories(output.resolve("results"));
        Path source = suite.source();
        switch (suite) {
            case REGRESSION ->
                program(
                        port,
                        password,
                        output,
                        output.resolve("log"),
                        pgRegress(
                                source.resolve("pg_regress"), source, output, port, "regression", "parallel_schedule"));
            case ISOLATION ->
                program(
                        port,
                        password,
                        output,
                        output.resolve("log"),
                        pgRegress(
                                source.resolve("pg_isolation_regress"),
                                source,
                                output,
                                port,
                                "isolation_regression",
                                "isolation_schedule"));
            case PIPELINE -> {
                Path program = source.resolve("libpq_pipeline");
                Path list = output.resolve("tests");
                program(port, password, output, list, List.of(program.toString(), "tests"));
                for (String test : Files.readAllLines(list)) {
                    // As PostgreSQL does: the messages of the others depend on what fits into a socket's buffer.
                    String trace = TRACED.contains(test)
                            ? results.resolve(test + ".trace").toString()
                            : "/dev/null";
                    program(
                            port,
                            password,
                            output,
                            results.resolve(test + ".out"),
                            List.of(program.toString(), "-r", "700", "-t", trace, test, "dbname=regression"));
                }
            }
        }
    }

    private static List<String> pgRegress(
            Path program, Path source, Path output, int port, String database, String schedule) {
        List<String> command = new ArrayList<>(List.of(
                program.toString(),
                "--inputdir=" + source,
                "--outputdir=" + output,
                "--dlpath=" + source,
                "--bindir=",
                "--host=127.0.0.1",
                "--port=" + port,
                "--user=postgres",
                "--dbname=" + database,
                "--use-existing",
                "--max-connections=1"));
        String tests = System.getProperty("postgres.tests", "");
        if (tests.isBlank()) {
            command.add("--schedule=" + source.resolve(schedule));
        } else {
            command.addAll(List.of(tests.strip().split("[\\s,]+")));
        }
        return command;
    }

    /** Runs to the end; with what status does not matter, since what counts is what another run printed. */
    private static void program(int port, String password, Path directory, Path output, List<String> command)
            throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        builder.environment()
                .putAll(Map.of(
                        "PGHOST", "127.0.0.1",
                        "PGPORT", String.valueOf(port),
                        "PGUSER", "postgres",
                        "PGPASSWORD", password,
                        "PGSSLMODE", "disable",
                        "PGGSSENCMODE", "disable",
                        "LC_ALL", "C.UTF-8"));
        Process process = builder.start();
        if (!process.waitFor(40, TimeUnit.MINUTES)) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly().waitFor();
            throw new IOException(command.get(0) + " did not end; see " + output);
        }
    }

    private static List<String> tests(Path side) throws IOException {
        try (Stream<Path> files = Files.list(side.resolve("results"))) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".out") || name.endsWith(".trace"))
                    .sorted()
                    .toList();
        }
    }

    /** By name of a test, what {@code diff} says about its two results. */
    private static Map<String, String> differences(Path direct, Path through) throws IOException, InterruptedException {
        Map<String, String> differences = new LinkedHashMap<>();
        TreeSet<String> names = new TreeSet<>(tests(direct));
        names.addAll(tests(through));
        for (String name : names) {
            Process diff = new ProcessBuilder(
                            "diff",
                            "-U2",
                            "--text",
                            // How far it came is printed as dots, as many as fit into a socket's buffer at a time.
                            "--ignore-matching-lines=\\.\\.\\.\\.\\.",
                            "--ignore-matching-lines=^result [0-9]*/[0-9]*: ",
                            "--new-file",
                            direct.resolve("results").resolve(name).toString(),
                            through.resolve("results").resolve(name).toString())
                    .redirectErrorStream(true)
                    .start();
            String text = new String(diff.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                    // Both are paths of the run, not of the server.
                    .replace(through.toString(), direct.toString());
            if (diff.waitFor() != 0) {
                differences.put(name, text);
            }
        }
        return differences;
    }

    /** What is known to differ, and why: a line a test, its reason after it. */
    private static List<String> known(Suite suite) throws IOException {
        List<String> known = new ArrayList<>();
        @Nullable String section = null;
        for (String line : Files.readAllLines(KNOWN)) {
            if (line.startsWith("[")) {
                section = line.substring(1, line.length() - 1);
            } else if (suite.name().equals(section) && !line.isBlank() && !line.startsWith("#")) {
                known.add(line.substring(0, line.indexOf(' ')));
            }
        }
        return known;
    }
}
