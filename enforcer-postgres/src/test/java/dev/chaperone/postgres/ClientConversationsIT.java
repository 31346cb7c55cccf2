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
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Clients of other languages have a conversation with the server, and the same one through the gateway under a policy that
 * permits everything: their users must see the same. The conversations are in {@code src/test/clients}.
 */
class ClientConversationsIT {

    private static final String SCRIPTS = "src/test/clients/";

    private static Gateway gateway;

    @BeforeAll
    static void start() {
        gateway = Gateway.start();
    }

    @BeforeEach
    void permitEverything() {
        gateway.decisions.policy(request -> permitUnanalysed());
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    @TestFactory
    Stream<DynamicTest> psycopg() throws Exception {
        return compared(python("psycopg"));
    }

    @TestFactory
    Stream<DynamicTest> psycopg2() throws Exception {
        return compared(python("psycopg2"));
    }

    @TestFactory
    Stream<DynamicTest> asyncpg() throws Exception {
        return compared(python("asyncpg"));
    }

    @TestFactory
    Stream<DynamicTest> nodePostgres() throws Exception {
        return compared(node());
    }

    @ParameterizedTest
    @ValueSource(strings = {"psycopg", "psycopg2", "asyncpg", "node"})
    void seesMasksOnly(String client) throws Exception {
        List<String> command = new ArrayList<>(client.equals("node") ? node() : python(client));
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

    private static List<String> node() {
        assumeTrue(
                ClientPrograms.available(
                        List.of("node", "-e", "require('./" + SCRIPTS + "node_modules/pg-query-stream')")),
                "node-postgres is not installed (npm ci --prefix enforcer-postgres/" + SCRIPTS + ")");
        return List.of("node", SCRIPTS + "node_conversation.js");
    }

    /** Debian's modules belong to Debian's Python, which need not be the first one on the path. */
    private static List<String> python(String module) {
        for (String python : List.of("/usr/bin/python3", "python3")) {
            if (ClientPrograms.available(List.of(python, "-c", "import " + module))) {
                return List.of(python, SCRIPTS + module + "_conversation.py");
            }
        }
        assumeTrue(false, module + " is not installed (Debian: apt install python3-" + module + ")");
        return List.of();
    }

    private static Stream<DynamicTest> compared(List<String> command) throws Exception {
        Map<String, List<String>> direct = conversation(command, Target.server(gateway));
        Map<String, List<String>> through = conversation(command, Target.gateway(gateway, TestingAuthenticator.HUMAN));
        assertThat(direct).isNotEmpty();
        return direct.keySet().stream()
                .map(step -> dynamicTest(step, () -> {
                    assertThat(direct.get(step)).as("the script itself").noneMatch(line -> line.startsWith("ended by"));
                    assertThat(through.get(step)).isEqualTo(direct.get(step));
                }));
    }

    private static Map<String, List<String>> conversation(List<String> command, Target target)
            throws IOException, InterruptedException {
        ClientPrograms.Run run = ClientPrograms.run(target, command, "");
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
