package dev.chaperone.cli;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a demonstration leaves for other commands to find it: no secrets, and true only as long as its process runs, but for
 * the ledger and the key, which stay.
 *
 * @param processId the demonstration's process
 * @param issuer its OIDC provider
 * @param audience audience of tokens for its enforcers
 * @param postgresHost where the PostgreSQL enforcer listens
 * @param postgresPort its port
 * @param database name of the database
 * @param subject the human of the script
 * @param agent the agent of the script
 * @param groups the human's groups
 * @param ledger directory of the ledger
 * @param signingPublicKey public key of the enforcer's chain
 * @param managementPort where health and metrics are
 * @param approvalsPort where people decide by {@code chaperone approvals}
 * @param console where they do in a browser
 */
record DemoState(
        long processId,
        URI issuer,
        String audience,
        String postgresHost,
        int postgresPort,
        String database,
        String subject,
        String agent,
        List<String> groups,
        Path ledger,
        Path signingPublicKey,
        int managementPort,
        int approvalsPort,
        URI console) {

    private static final String FILE = "demo.json";

    DemoState {
        groups = List.copyOf(groups);
    }

    /** The directory of the demonstration unless another is named: {@code CHAPERONE_DEMO_DIR}, else {@code .demo}. */
    static Path directory(Terminal terminal) {
        String configured = terminal.environment().getOrDefault("CHAPERONE_DEMO_DIR", "");
        return terminal.directory()
                .resolve(configured.isEmpty() ? ".demo" : configured)
                .toAbsolutePath()
                .normalize();
    }

    /**
     * The demonstration that was started last.
     *
     * @param instead the option that makes it unnecessary
     * @throws CommandException when there was none
     */
    static DemoState read(Terminal terminal, String instead) {
        DemoState state = read(directory(terminal));
        if (state == null) {
            throw new CommandException("there is no demonstration in `" + directory(terminal)
                    + "`; run `chaperone demo`, or give " + instead);
        }
        return state;
    }

    /** What a directory says of its demonstration; null when it says nothing that can be read. */
    static @Nullable DemoState read(Path directory) {
        try {
            return JsonMapper.builder().build().readValue(Files.readString(directory.resolve(FILE)), DemoState.class);
        } catch (IOException | JacksonException e) {
            return null;
        }
    }

    /** True while the process that wrote this runs. */
    boolean isRunning() {
        return ProcessHandle.of(processId).map(ProcessHandle::isAlive).orElse(false);
    }

    /** Leaves it in the directory. */
    void write(Path directory) throws IOException {
        Files.writeString(directory.resolve(FILE), Json.write(this) + "\n");
    }
}
