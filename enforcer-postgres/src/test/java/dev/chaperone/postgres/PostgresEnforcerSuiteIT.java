package dev.chaperone.postgres;

import dev.chaperone.enforcer.Authenticator;
import dev.chaperone.enforcer.DecisionClient;
import dev.chaperone.enforcer.MaskingFunctions;
import dev.chaperone.enforcer.Recorder;
import dev.chaperone.enforcer.detect.DetectionConfig;
import dev.chaperone.enforcer.detect.Detectors;
import dev.chaperone.proto.ErrorCode;
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
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** What every enforcer owes, asked of this one by pgjdbc. */
class PostgresEnforcerSuiteIT extends EnforcerSuite {

    private static PostgresBackend backend;

    @BeforeAll
    static void startUpstream() {
        backend = Backends.postgres();
        Gateway.seed(backend);
        backend.executeIn(
                Gateway.DATABASE,
                "create table samples (ssn text)",
                "insert into samples values ('" + SAMPLE + "')",
                "grant select on samples to gateway");
    }

    @AfterAll
    static void stopUpstream() {
        backend.close();
    }

    @Override
    protected String nativeCode(ErrorCode code) {
        return SqlState.of(code);
    }

    @Override
    protected String sampleField() {
        return Gateway.DATABASE + ".public.samples.ssn";
    }

    @Override
    protected Guarded guard(Authenticator identities, DecisionClient decisions, Recorder recorder) {
        PostgresEnforcer enforcer = new PostgresEnforcer(
                Gateway.config(backend, PostgresConfig.TlsMode.DISABLE, null, Gateway.ROLE),
                "suite",
                identities,
                decisions,
                recorder,
                new MaskingFunctions(new Secret("0123456789abcdef0123456789abcdef"))::of,
                new Detectors(DetectionConfig.DEFAULT),
                new SimpleMeterRegistry());
        enforcer.start();
        return new Running(enforcer);
    }

    /** Reads by JDBC. */
    private record Running(PostgresEnforcer enforcer) implements Guarded {

        @Override
        public Answer read(String token) {
            List<String> values = new ArrayList<>();
            String url = "jdbc:postgresql://127.0.0.1:" + enforcer.port() + "/" + Gateway.DATABASE + "?sslmode=disable";
            try (Connection connection = DriverManager.getConnection(url, "agent", token);
                    Statement statement = connection.createStatement();
                    ResultSet rows = statement.executeQuery("select ssn from samples")) {
                while (rows.next()) {
                    values.add(rows.getString(1));
                }
                return new Answer(null, values);
            } catch (SQLException e) {
                return new Answer(new Refusal(String.valueOf(e.getSQLState()), String.valueOf(e.getMessage())), values);
            }
        }

        @Override
        public void close() {
            enforcer.close();
        }
    }
}
