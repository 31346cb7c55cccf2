package dev.chaperone.postgres;

import static dev.chaperone.postgres.TestingDecisions.mask;
import static dev.chaperone.postgres.TestingDecisions.permit;
import static dev.chaperone.postgres.TestingDecisions.permitUnanalysed;
import static dev.chaperone.postgres.TestingDecisions.session;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.chaperone.postgres.ClientPrograms.Target;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/**
 * Clients of other languages have a conversation with the server, and the same one through the gateway under a policy that
 * permits everything: their users must see the same. The conversations are in {@code src/test/clients}.
 */
class ClientConversationsIT {

    private static final String SCRIPTS = "src/test/clients/";

    /** What a client saw, step by step, of the server itself and through the gateway. */
    private record Said(Map<String, List<String>> direct, Map<String, List<String>> through) {}

    private static final List<String> CLIENTS = List.of("psycopg", "psycopg2", "asyncpg", "node");

    private static final Map<String, CompletableFuture<Said>> CONVERSATIONS = new LinkedHashMap<>();
    private static Gateway gateway;

    /** All clients talk at the same time; what they create is their session's own. */
    @BeforeAll
    static void start() {
        gateway = Gateway.start();
        gateway.decisions.policy(request -> permitUnanalysed());
        for (String client : CLIENTS) {
            CONVERSATIONS.put(client, CompletableFuture.supplyAsync(() -> compare(client), ClientConversationsIT::run));
        }
    }

    private static void run(Runnable conversation) {
        Thread thread = new Thread(conversation, "conversation");
        thread.setDaemon(true);
        thread.start();
    }

    private static Said compare(String client) {
        List<String> command = command(client);
        return command.isEmpty()
                ? new Said(Map.of(), Map.of())
                : new Said(
                        conversation(command, Target.server(gateway)),
                        conversation(command, Target.gateway(gateway, TestingAuthenticator.HUMAN)));
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    @TestFactory
    Stream<DynamicTest> psycopg() {
        return compared("psycopg");
    }

    @TestFactory
    Stream<DynamicTest> psycopg2() {
        return compared("psycopg2");
    }

    @TestFactory
    Stream<DynamicTest> asyncpg() {
        return compared("asyncpg");
    }

    @TestFactory
    Stream<DynamicTest> nodePostgres() {
        return compared("node");
    }

    @ParameterizedTest
    @FieldSource("CLIENTS")
    void seesMasksOnly(String client) {
        assumeTrue(!command(client).isEmpty(), howToInstall(client));
        CONVERSATIONS
                .values()
                .forEach(conversation ->
                        conversation.handle((said, failure) -> true).join());
        List<String> command = new ArrayList<>(command(client));
        command.add("masked");
        gateway.decisions.policy(
                request -> session(request) ? permit() : permit(mask("clinic.public.patients.ssn", "last4")));

        Map<String, List<String>> said = conversation(command, Target.gateway(gateway, TestingAuthenticator.AGENT));

        assertThat(said).isNotEmpty();
        said.forEach((step, lines) -> assertThat(lines)
                .as(step)
                .noneMatch(line -> line.startsWith("ended by") || line.contains("123-45-6789"))
                .anyMatch(line -> line.contains("***-**-6789")));
    }

    /** How the client's script is run; empty when the client is not installed. */
    private static List<String> command(String client) {
        if (client.equals("node")) {
            return ClientPrograms.available(
                            List.of("node", "-e", "require('./" + SCRIPTS + "node_modules/pg-query-stream')"))
                    ? List.of("node", SCRIPTS + "node_conversation.js")
                    : List.of();
        }
        // Debian's modules belong to Debian's Python, which need not be the first one on the path.
        for (String python : List.of("/usr/bin/python3", "python3")) {
            if (ClientPrograms.available(List.of(python, "-c", "import " + client))) {
                return List.of(python, SCRIPTS + client + "_conversation.py");
            }
        }
        return List.of();
    }

    private static String howToInstall(String client) {
        return client.equals("node")
                ? "node-postgres is not installed (npm ci --prefix enforcer-postgres/" + SCRIPTS + ")"
                : client + " is not installed (Debian: apt install python3-" + client + ")";
    }

    private static Stream<DynamicTest> compared(String client) {
        Said said = Objects.requireNonNull(CONVERSATIONS.get(client)).join();
        assumeTrue(!command(client).isEmpty(), howToInstall(client));
        assertThat(said.direct()).isNotEmpty();
        return said.direct().keySet().stream()
                .map(step -> dynamicTest(step, () -> {
                    assertThat(said.direct().get(step))
                            .as("the script itself")
                            .noneMatch(line -> line.startsWith("ended by"));
                    assertThat(said.through().get(step)).isEqualTo(said.direct().get(step));
                }));
    }

    private static Map<String, List<String>> conversation(List<String> command, Target target) {
        ClientPrograms.Run run;
        try {
            run = ClientPrograms.run(target, command, "");
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(command + " cannot be run", e);
        }
        assertThat(run.status()).as(run.output()).isZero();
        Map<String, List<String>> said = new LinkedHashMap<>();
        List<String> lines = new ArrayList<>();
        for (String line : run.output().lines().toList()) {
            if (line.startsWith("\t")) {
                lines.add(line.substring(1));
            } else {
                lines = new ArrayList<>();
                said.put(line, lines);
            }
        }
        return said;
    }
}
