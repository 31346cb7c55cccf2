package dev.chaperone.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.audit.Replay;
import dev.chaperone.audit.ReplayStep;
import dev.chaperone.audit.SessionQuery;
import dev.chaperone.audit.SessionReplay;
import dev.chaperone.audit.SessionSearch;
import dev.chaperone.audit.SessionSummary;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** An installation with a policy that holds statements on terms of its own, and what its people and its agent see of that. */
final class HeldSite implements AutoCloseable {

    private static final String MORE = """
              auditor-groups: [auditors]
              notices:
                webhooks:
                  everybody:
                    url: env:WEBHOOK
                    secret: env:WEBHOOK_KEY
            """;

    private static final String WEBHOOK_KEY = "whsec_dGhlLWtleS10aGF0LW5vdGljZXMtYXJlLXNpZ25lZC13aXRo";

    private final TestingHolds holds;
    private final Path ledger;

    private HeldSite(TestingHolds holds) {
        this.holds = holds;
        this.ledger = holds.ledger();
    }

    /**
     * Starts everything.
     *
     * @param policy in force beside the built-in packs
     * @param zones lines of the enforcer's configuration
     * @param webhook where notices go
     */
    static HeldSite start(Path directory, String policy, String zones, String webhook) throws Exception {
        TestingWorld world = TestingWorld.start();
        return new HeldSite(TestingHolds.start(
                world,
                directory.resolve("held"),
                world.postgres().jdbcUrl(TestingHolds.STORE),
                MORE,
                Map.of("WEBHOOK", webhook, "WEBHOOK_KEY", WEBHOOK_KEY),
                policy,
                zones.indent(4)));
    }

    @Override
    public void close() {
        holds.close();
    }

    /** A session of the agent, from an address of this machine. */
    Connection agent(String address) throws SQLException {
        return holds.agent(address);
    }

    /**
     * What a query came to.
     *
     * @param rows how many there were
     * @param notices what the server said besides
     */
    record Came(int rows, String notices) {}

    /** Runs a query, and waits for it. */
    static Came run(Connection agent, String sql) throws SQLException {
        try (Statement statement = agent.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            int rows = 0;
            while (result.next()) {
                rows++;
            }
            List<String> notices = new ArrayList<>();
            for (SQLWarning notice = statement.getWarnings(); notice != null; notice = notice.getNextWarning()) {
                notices.add(notice.getMessage());
            }
            return new Came(rows, String.join("\n", notices));
        }
    }

    static <T> T await(CompletableFuture<T> running) throws Exception {
        return running.get(TestingHolds.PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    /** Somebody in person, who is in a group. */
    Person person(String name, String group) {
        return new Person(name, group);
    }

    /** One person, and what they see. */
    final class Person {

        private final String name;
        private final String group;

        private Person(String name, String group) {
            this.name = name;
            this.group = group;
        }

        /** {@code chaperone approvals COMMAND}, which succeeds. */
        String does(String command, String... arguments) {
            TestingTerminal terminal = holds.person(name, group);
            assertThat(terminal.run(TestingHolds.arguments(command, arguments)))
                    .as(terminal.err())
                    .isZero();
            return terminal.out();
        }

        /** {@code chaperone approvals COMMAND}, which fails. */
        String cannot(String command, String... arguments) {
            TestingTerminal terminal = holds.person(name, group);
            assertThat(terminal.run(TestingHolds.arguments(command, arguments)))
                    .as(terminal.out())
                    .isEqualTo(1);
            return terminal.err();
        }
    }

    /** What an approval looks like to somebody who sees all. */
    String shown(String id) {
        return person("aud", TestingHolds.AUDITORS).does("show", id);
    }

    /** The id under which a statement waits. */
    String held(String statement) throws Exception {
        return holds.held(statement);
    }

    String state(String id) {
        return holds.state(id);
    }

    /** The replay of the session in which something was held under that id, once the ledger has all of it. */
    Replay recorded(String id) throws Exception {
        List<Replay> found = new ArrayList<>();
        Await.until(
                () -> {
                    if (!Files.isDirectory(ledger)) {
                        return false;
                    }
                    for (SessionSummary session : new SessionSearch(ledger).find(SessionQuery.all())) {
                        Replay replay = SessionReplay.of(ledger, session.session(), 1);
                        if (!session.end().isEmpty()
                                && replay.steps().stream()
                                        .anyMatch(step -> step instanceof ReplayStep.Held held
                                                && held.approval().equals(id))) {
                            return found.add(replay);
                        }
                    }
                    return false;
                },
                () -> "the ledger has no such session");
        return found.get(0);
    }

    /** The time of an approval is over. */
    void lapse(String id) {
        holds.world()
                .postgres()
                .executeIn(
                        TestingHolds.STORE,
                        "update approval set expires_at = clock_timestamp() where id = '" + id + "'");
    }
}
