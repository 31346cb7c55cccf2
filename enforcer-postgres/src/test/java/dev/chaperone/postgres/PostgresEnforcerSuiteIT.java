package dev.chaperone.postgres;

import dev.chaperone.enforcer.Authenticator;
import dev.chaperone.enforcer.DecisionClient;
import dev.chaperone.enforcer.MaskingFunctions;
import dev.chaperone.enforcer.Recorder;
import dev.chaperone.proto.Secret;
import dev.chaperone.testkit.Backends;
import dev.chaperone.testkit.EnforcerSuite;
import dev.chaperone.testkit.PostgresBackend;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** What every enforcer owes, asked of this one by pgjdbc. */
final class PostgresEnforcerSuiteIT extends EnforcerSuite {

    @SuppressWarnings("NullAway.Init")
    private PostgresBackend upstream;

    @BeforeAll
    void startUpstream() {
        upstream = Backends.postgres();
        upstream.createRole("gateway", "gateway-password");
        upstream.execute(
                "CREATE TABLE patients (ssn text)",
                "INSERT INTO patients VALUES ('" + SAMPLE + "')",
                "GRANT SELECT ON patients TO gateway");
    }

    @AfterAll
    void stopUpstream() {
        upstream.close();
    }

    @Override
    protected String sampleField() {
        return "postgres.public.patients.ssn";
    }

    @Override
    protected Guarded guard(Authenticator identities, DecisionClient decisions, Recorder recorder) {
        PostgresConfig config = new PostgresConfig(
                new PostgresConfig.Listen("127.0.0.1", 0, false, null),
                new PostgresConfig.Upstream(
                        "clinic",
                        upstream.host(),
                        upstream.port(),
                        "postgres",
                        "gateway",
                        new Secret("gateway-password"),
                        PostgresConfig.TlsMode.DISABLE,
                        null,
                        false,
                        false),
                PostgresConfig.Bounds.defaults());
        MaskingFunctions masks = new MaskingFunctions(new Secret("c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I="));
        PostgresEnforcer enforcer = new PostgresEnforcer(
                config, "suite", identities, decisions, recorder, masks::of, new SimpleMeterRegistry());
        enforcer.start();
        return new Running(enforcer);
    }

    /** Reads by JDBC. */
    private record Running(PostgresEnforcer enforcer) implements Guarded {

        @Override
        public Answer read(String token) {
            Properties properties = new Properties();
            properties.setProperty("user", "agent");
            properties.setProperty("password", token);
            List<String> values = new ArrayList<>();
            try (Connection connection = DriverManager.getConnection(
                            "jdbc:postgresql://127.0.0.1:" + enforcer.port() + "/postgres", properties);
                    Statement statement = connection.createStatement();
                    ResultSet rows = statement.executeQuery("SELECT ssn FROM patients")) {
                while (rows.next()) {
                    values.add(rows.getString(1));
                }
                return new Answer(null, values);
            } catch (SQLException e) {
                return new Answer(String.valueOf(e.getMessage()), values);
            }
        }

        @Override
        public void close() {
            enforcer.close();
        }
    }
}
