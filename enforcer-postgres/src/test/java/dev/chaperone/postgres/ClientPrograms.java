package dev.chaperone.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs client programs, against the server or through the gateway. */
final class ClientPrograms {

    /** Where a program connects to. */
    record Target(String host, int port, String user, String password, String database) {

        static Target server(Gateway gateway) {
            return new Target(
                    gateway.backend.host(), gateway.backend.port(), Gateway.ROLE, Gateway.PASSWORD, Gateway.DATABASE);
        }

        static Target gateway(Gateway gateway, String token) {
            return new Target("127.0.0.1", gateway.port(), "ada", token, Gateway.DATABASE);
        }

        private Map<String, String> environment() {
            return Map.of(
                    "PGHOST",
                    host,
                    "PGPORT",
                    String.valueOf(port),
                    "PGUSER",
                    user,
                    "PGPASSWORD",
                    password,
                    "PGDATABASE",
                    database,
                    "PGSSLMODE",
                    "disable",
                    "PGGSSENCMODE",
                    "disable",
                    "PGCONNECT_TIMEOUT",
                    "20",
                    "LC_ALL",
                    "C.UTF-8",
                    "PYTHONDONTWRITEBYTECODE",
                    "1");
        }
    }

    /** How a program ended and what it printed, errors included. */
    record Run(int status, String output) {}

    private ClientPrograms() {}

    /** True when the command can be run and succeeds. */
    static boolean available(List<String> command) {
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            process.getOutputStream().close();
            return process.waitFor(60, TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    static Run run(Target target, List<String> command, String input) throws IOException, InterruptedException {
        Path output = Files.createTempFile("client", ".out");
        try {
            ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
            builder.environment().putAll(target.environment());
            Process process = builder.redirectOutput(output.toFile()).start();
            try (var stdin = process.getOutputStream()) {
                stdin.write(input.getBytes(StandardCharsets.UTF_8));
            }
            if (!process.waitFor(300, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                process.waitFor();
                assertThat(process.exitValue())
                        .as("did not end: " + Files.readString(output))
                        .isZero();
            }
            return new Run(process.exitValue(), Files.readString(output));
        } finally {
            Files.delete(output);
        }
    }
}
