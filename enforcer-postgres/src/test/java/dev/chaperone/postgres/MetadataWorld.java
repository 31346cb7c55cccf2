package dev.chaperone.postgres;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.decision.v1.Relation;
import dev.chaperone.decision.v1.Use;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A gateway before a database that has one of everything, for clients that look at its catalogs. Decides as the built-in
 * policies do on agents: what is not known is denied, and so are functions that are not on the allow-list.
 */
final class MetadataWorld implements AutoCloseable {

    /** What stands for data: begins every value that nobody may get. */
    static final String CANARY = "canary-7f3a";

    /** What a program printed, and how it ended. */
    record Run(int status, String output) {}

    final Gateway gateway = Gateway.start();

    MetadataWorld() {
        gateway.backend.executeIn(Gateway.DATABASE, resource("schema.sql"));
        gateway.decisions.policy(MetadataWorld::decide);
    }

    static String resource(String name) {
        try (InputStream in = MetadataWorld.class.getResourceAsStream("/metadata/" + name)) {
            return new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    static Decision decide(DecideRequest request) {
        if (request.getResource().getFunctionsCount() > 0) {
            return TestingDecisions.deny("functions " + request.getResource().getFunctionsList());
        }
        for (Relation relation : request.getResource().getRelationsList()) {
            boolean known = relation.getSystem()
                    || relation.getSchema().equals("registry")
                            && !relation.getName().equals("numbers");
            if (!known) {
                return TestingDecisions.deny("relation " + relation.getName() + " is not known");
            }
            if (relation.getName().equals("people")
                    && relation.getColumnsList().stream()
                            .anyMatch(column -> column.getName().equals("name")
                                    && column.getUsesList().contains(Use.USE_OUTPUT))) {
                return TestingDecisions.permit(
                        TestingDecisions.mask(Gateway.DATABASE + ".registry.people.name", "pseudonym"));
            }
        }
        return TestingDecisions.permit();
    }

    /** Runs a client program that is not part of the build; the test is skipped where it is missing. */
    static Run run(List<String> command, Map<String, String> environment, String input, String packages)
            throws IOException, InterruptedException {
        String program = command.get(0);
        boolean there = program.startsWith("/")
                ? Files.isExecutable(Path.of(program))
                : Stream.of(System.getenv("PATH").split(":", -1))
                        .anyMatch(place -> Files.isExecutable(Path.of(place, program)));
        assumeTrue(there, program + " is not installed (Debian: apt install " + packages + ")");
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().putAll(environment);
        Process process = builder.start();
        try (var stdin = process.getOutputStream()) {
            stdin.write(input.getBytes(StandardCharsets.UTF_8));
        }
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IllegalStateException(program + " did not end");
        }
        return new Run(process.exitValue(), output);
    }

    /** Runs psql as an agent through the gateway. */
    Run psql(String... arguments) throws IOException, InterruptedException {
        return psql("127.0.0.1", gateway.port(), "ada", TestingAuthenticator.AGENT, arguments);
    }

    /** Runs psql as the gateway's own role, past the gateway. */
    Run psqlDirect(String... arguments) throws IOException, InterruptedException {
        return psql(gateway.backend.host(), gateway.backend.port(), "gateway", "not-for-agents", arguments);
    }

    private static Run psql(String host, int port, String user, String password, String... arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(
                List.of("psql", "-X", "-h", host, "-p", String.valueOf(port), "-U", user, "-d", Gateway.DATABASE));
        command.addAll(List.of(arguments));
        return run(
                command,
                Map.of("PGPASSWORD", password, "PGSSLMODE", "disable", "PAGER", "cat", "PGOPTIONS", ""),
                "",
                "postgresql-client");
    }

    @Override
    public void close() {
        gateway.close();
    }
}
