package dev.chaperone.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** SQLAlchemy's reflection over psycopg2, as Debian packages them. */
class SqlAlchemyIT {

    /** Debian's own interpreter: the packages belong to it. */
    private static final String PYTHON = "/usr/bin/python3";

    @TempDir
    Path directory;

    @Test
    void reflectsAsFromTheDatabaseItself() throws Exception {
        MetadataWorld.Run packages =
                MetadataWorld.run(List.of(PYTHON, "-c", "import sqlalchemy, psycopg2"), Map.of(), "", "python3");
        assumeTrue(
                packages.status() == 0,
                "SQLAlchemy is not installed (Debian: apt install python3-sqlalchemy python3-psycopg2)");
        Path script = directory.resolve("reflect.py");
        Files.writeString(script, MetadataWorld.resource("sqlalchemy_reflect.py"));
        try (MetadataWorld world = new MetadataWorld()) {
            String direct = reflect(script, world.gateway.backend.port(), "gateway", "not-for-agents");
            String through = reflect(script, world.gateway.port(), "ada", TestingAuthenticator.AGENT);

            assertThat(direct).contains("social security number", "visits_person_fkey", "has sequence True");
            assertThat(through)
                    .isEqualTo(direct.replace("'amount >= 0'", "\"amount >= '***'\""))
                    .doesNotContain(MetadataWorld.CANARY);
        }
    }

    private static String reflect(Path script, int port, String user, String password) throws Exception {
        String url = "postgresql+psycopg2://" + user + ":" + password + "@127.0.0.1:" + port + "/" + Gateway.DATABASE
                + "?sslmode=disable";
        MetadataWorld.Run run =
                MetadataWorld.run(List.of(PYTHON, "-W", "ignore", script.toString(), url), Map.of(), "", "python3");
        assertThat(run.status()).as(run.output()).isZero();
        return run.output();
    }
}
