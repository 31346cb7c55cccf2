package dev.chaperone.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The demonstration is what every newcomer sees first; it checks itself, and this checks that it does. */
class DemoIT {

    @TempDir
    Path directory;

    @Test
    void theDemonstrationSucceedsAndItsLedgerStaysVerifiable() throws Exception {
        Path demo = directory.resolve("demo");
        TestingTerminal screen = new TestingTerminal(Map.of("CHAPERONE_DEMO_DIR", demo.toString()), directory);

        int status = screen.run("demo", "--once");

        assertThat(status).as(screen.out() + screen.err()).isZero();
        assertThat(screen.out())
                .contains("5,000 synthetic patients", "postgres.demo", "the database holds", "the agent got")
                .contains("masked: birth_date, family_name, ssn, zip", "the agent waits for approval ap-")
                .contains("held, approved by m.keller, and run; masked: family_name", "held, and denied by m.keller")
                .contains("The session, replayed from the ledger", "because ")
                .contains("held for approval ap-", "m.keller approved: the patient called")
                .contains("m.keller denied: diagnoses are corrected, never deleted")
                .containsPattern("integrity +OK")
                .containsPattern("completeness +OK")
                .contains(DemoScript.STEPS.size() + " of " + DemoScript.STEPS.size() + " steps were as they must be");
        assertThat(Files.list(demo).map(file -> file.getFileName().toString()))
                .contains("ledger", "keys", "chaperone.yaml", "chaperone.log")
                .doesNotContain("postgres", "kafka");

        TestingTerminal auditor = new TestingTerminal(Map.of("CHAPERONE_DEMO_DIR", demo.toString()), directory);
        assertThat(auditor.run("audit", "verify")).isZero();
        assertThat(auditor.run("audit", "search", "--agent", "coding-agent", "--effect", "deny"))
                .isZero();
        assertThat(auditor.out()).contains("1 session");
    }
}
