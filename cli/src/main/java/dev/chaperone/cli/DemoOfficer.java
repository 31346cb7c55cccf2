package dev.chaperone.cli;

import dev.chaperone.testkit.TokenSpec;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Somebody in person who decides on what the agent waits for, by {@code chaperone approvals} as anybody would type it. */
final class DemoOfficer {

    /** Who it is: somebody else than the agent's human. */
    static final String NAME = "m.keller";

    /** What lets them decide, as the pack {@code hipaa} has it. */
    static final String GROUP = "privacy-officers";

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Duration LOOK_AGAIN = Duration.ofMillis(50);

    private final DemoWorld world;
    private final String token;

    DemoOfficer(DemoWorld world) {
        this.world = world;
        this.token = world.oidc()
                .token(TokenSpec.of(NAME)
                        .withAuthorizedParty(TokenCommand.PORTAL)
                        .withGroups(GROUP));
    }

    /**
     * The id under which a statement waits, once it does.
     *
     * @param running the statement
     * @return null when it has come to its end without waiting, or does not wait in time
     */
    @Nullable
    String awaits(String sql, Future<?> running) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!running.isDone() && System.nanoTime() - deadline < 0) {
            for (JsonNode approval : JsonMapper.builder().build().readTree(run("list", "--json"))) {
                if (approval.path("operation").asString("").equals(sql)) {
                    return approval.path("id").asString("");
                }
            }
            LockSupport.parkNanos(LOOK_AGAIN.toNanos());
        }
        return null;
    }

    /** The line that decides. */
    static String line(String id, DemoStep.Said said) {
        return "chaperone approvals " + verb(said) + ' ' + id + " --because '" + said.because() + '\'';
    }

    /** Decides. */
    void decide(String id, DemoStep.Said said) {
        run(verb(said), id, "--because", said.because());
    }

    private static String verb(DemoStep.Said said) {
        return said.approves() ? "approve" : "deny";
    }

    private String run(String command, String... more) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        DemoState state = world.state();
        CommandLine line = ApprovalsCommand.line(new Terminal(
                new PrintWriter(out, true),
                new PrintWriter(err, true),
                Map.of("CHAPERONE_TOKEN", token, "CHAPERONE_APPROVALS", "127.0.0.1:" + state.approvalsPort()),
                Path.of(""),
                false,
                0));
        List<String> arguments = new ArrayList<>(List.of(command, "--plaintext"));
        arguments.addAll(List.of(more));
        int status = line.setErr(new PrintWriter(err, true))
                .setExecutionExceptionHandler((failure, failed, parsed) -> {
                    err.write(String.valueOf(failure.getMessage()));
                    return ChaperoneCommand.FAILED;
                })
                .execute(arguments.toArray(String[]::new));
        if (status != ChaperoneCommand.OK) {
            throw new CommandException("`chaperone approvals " + command + "` of " + NAME + " failed: " + err);
        }
        return out.toString();
    }
}
