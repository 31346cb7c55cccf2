package dev.chaperone.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.DriverManager;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * pgjdbc, in every way in which it can be set up to speak, has a conversation with the server and the same one through the
 * gateway under a policy that permits everything: its user must see the same.
 */
class JdbcConversationsIT {

    /** What a connection is opened with. */
    private static final Map<String, Map<String, String>> SETTINGS = Map.of(
            "by default", Map.of(),
            "simple", Map.of("preferQueryMode", "simple"),
            "binary", Map.of("prepareThreshold", "-1", "binaryTransfer", "true"),
            "text", Map.of("prepareThreshold", "0", "binaryTransfer", "false"),
            "in pages", Map.of("defaultRowFetchSize", "3", "autosave", "always"),
            "rewritten batches", Map.of("reWriteBatchedInserts", "true", "autosave", "conservative"));

    private static Gateway gateway;

    @BeforeAll
    static void start() {
        gateway = Gateway.start();
        gateway.decisions.policy(request -> TestingDecisions.permitUnanalysed());
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    @TestFactory
    Stream<DynamicNode> theSameIsSeen() {
        return SETTINGS.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .map(settings -> DynamicContainer.dynamicContainer(
                        settings.getKey(),
                        JdbcConversation.STEPS.entrySet().stream()
                                .filter(step -> settings.getValue().isEmpty()
                                        || !JdbcConversation.BY_DEFAULT_ONLY.contains(step.getKey()))
                                .map(step -> DynamicTest.dynamicTest(
                                        step.getKey(), () -> compare(settings.getValue(), step.getValue())))));
    }

    private static void compare(Map<String, String> settings, JdbcConversation.Step step) throws Exception {
        List<String> direct = said(gateway.backend.port(), Gateway.ROLE, Gateway.PASSWORD, settings, step);
        List<String> through = said(gateway.port(), "ada", TestingAuthenticator.HUMAN, settings, step);
        assertThat(direct).isNotEmpty();
        assertThat(through).isEqualTo(direct);
        gateway.recorder.forget();
    }

    private static List<String> said(
            int port, String user, String password, Map<String, String> settings, JdbcConversation.Step step)
            throws Exception {
        Properties properties = new Properties();
        properties.putAll(settings);
        properties.setProperty("user", user);
        properties.setProperty("password", password);
        properties.setProperty("sslmode", "disable");
        List<String> said = new ArrayList<>();
        try (Connection connection = DriverManager.getConnection(
                "jdbc:postgresql://127.0.0.1:" + port + "/" + Gateway.DATABASE, properties)) {
            step.talk(connection, said::add);
        }
        return said;
    }
}
