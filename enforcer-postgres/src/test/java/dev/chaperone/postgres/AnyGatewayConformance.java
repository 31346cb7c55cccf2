package dev.chaperone.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.testkit.conformance.CaseReader;
import dev.chaperone.testkit.conformance.ConformanceRun;
import dev.chaperone.testkit.conformance.ConformanceTarget;
import dev.chaperone.testkit.conformance.Labels;
import dev.chaperone.testkit.conformance.Report;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/**
 * Attacks whatever gateway the properties name: {@code ./mvnw -Pconformance verify}, see docs/conformance.md. Without properties
 * it writes what has to be set up before.
 */
class AnyGatewayConformance {

    private static final Path OUTPUT = Path.of("target/conformance");
    private static final Path FIXTURE = BypassWorlds.CASES.resolve("fixture");

    @Test
    void nothingSecretReachesTheAttacker() throws IOException {
        Files.createDirectories(OUTPUT);
        Labels labels = Labels.parse(Files.readString(FIXTURE.resolve("labels.yaml")));
        if (System.getProperty("conformance.host") == null) {
            setUp(labels);
            return;
        }
        ConformanceTarget target = ConformanceTarget.of(labels.database(), System::getProperty);
        Report report = ConformanceRun.run(target, CaseReader.readAll(BypassWorlds.CASES), labels);
        Files.writeString(OUTPUT.resolve("report.json"), report.json());
        System.out.println(report.table());
        assertThat(report.leaks()).isEmpty();
    }

    private static void setUp(Labels labels) throws IOException {
        for (String world : new String[] {"a", "b"}) {
            Files.writeString(
                    OUTPUT.resolve("world-" + world + ".sql"),
                    Files.readString(FIXTURE.resolve("schema.sql"))
                            + Files.readString(FIXTURE.resolve("world-" + world + ".sql")));
        }
        Files.writeString(OUTPUT.resolve("columns.csv"), labels.csv());
        System.out.println("nothing was attacked: set `conformance.host`. Before that, run " + OUTPUT
                + "/world-a.sql in the database `" + labels.database()
                + "` behind the gateway, and have the gateway mask these columns:\n\n" + labels.csv());
    }
}
