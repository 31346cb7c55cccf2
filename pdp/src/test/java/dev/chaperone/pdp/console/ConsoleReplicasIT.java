package dev.chaperone.pdp.console;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.pdp.console.TestingConsole.Login;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two consoles of one service of approvals, of which a balancer asks now one, now the other. */
class ConsoleReplicasIT {

    @TempDir
    Path directory;

    @Test
    void whoeverIsSignedInAtOneIsKnownAtTheOtherAndSignsOutOfBoth() throws Exception {
        TestingAgents agents = new TestingAgents(directory);
        Keep keep = new ServiceKeep(agents.approvals.sealedValues());
        try (TestingConsole one = TestingConsole.start(null, null, keep);
                TestingConsole other = TestingConsole.start(null, null, keep)) {
            Login osei = one.signIn("dr.osei", "\"privacy-office\"");

            assertThat(TestingConsole.json(other.get("/api/me", osei.cookie()))).isEqualTo(osei.me());
            assertThat(other.send(osei, "/sign-out", "{}").statusCode()).isEqualTo(200);
            assertThat(one.get("/api/me", osei.cookie()).statusCode()).isEqualTo(401);

            Login again = one.signIn("dr.osei", "\"privacy-office\"");
            agents.close();

            assertThat(one.get("/api/me", again.cookie()).statusCode())
                    .as("nobody is let in whom nobody can look up")
                    .isEqualTo(503);
            assertThat(one.get("/sign-in", null).statusCode()).isEqualTo(503);
            assertThat(one.get("/", null).statusCode()).isEqualTo(200);
        } finally {
            agents.close();
        }
    }
}
