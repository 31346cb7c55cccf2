package dev.chaperone.cli;

import dev.chaperone.enforcer.Authenticator;
import dev.chaperone.enforcer.DecisionClient;
import dev.chaperone.enforcer.HoldGate;
import dev.chaperone.enforcer.MaskingFunctions;
import dev.chaperone.enforcer.Recorder;
import dev.chaperone.enforcer.detect.DetectionConfig;
import dev.chaperone.enforcer.detect.Detectors;
import dev.chaperone.postgres.PostgresConfig;
import dev.chaperone.postgres.PostgresEnforcer;
import dev.chaperone.proto.ByteSize;
import dev.chaperone.proto.ErrorCode;
import dev.chaperone.proto.Secret;
import dev.chaperone.testkit.ApprovalBackend;
import dev.chaperone.testkit.Backends;
import dev.chaperone.testkit.EnforcerSuite.Refusal;
import dev.chaperone.testkit.HoldSuite;
import dev.chaperone.testkit.PostgresBackend;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;

/** What every enforcer owes to those who decide, asked of PostgreSQL's by pgjdbc, and of the decision point's own service. */
class PostgresHoldSuiteIT extends HoldSuite {

    private static final String DATABASE = "ward";

    private final PostgresBackend postgres = Backends.postgres();

    @AfterAll
    void stopUpstream() {
        postgres.close();
    }

    @Override
    protected ApprovalBackend startApprovals() throws Exception {
        postgres.createDatabase(DATABASE);
        postgres.createRole("gateway", "not-for-agents");
        postgres.executeIn(
                DATABASE, "create table notes (entry text not null)", "grant select, insert on notes to gateway");
        return RealApprovals.start(postgres);
    }

    @Override
    protected Guarded guard(Authenticator identities, DecisionClient decisions, HoldGate holds, Recorder recorder) {
        PostgresConfig config = new PostgresConfig(
                new PostgresConfig.Listen("127.0.0.1", 0, true, null, null),
                Map.of(
                        DATABASE,
                        new PostgresConfig.Upstream(
                                postgres.host(),
                                postgres.port(),
                                DATABASE,
                                "gateway",
                                new Secret("not-for-agents"),
                                PostgresConfig.TlsMode.DISABLE,
                                null,
                                false,
                                PostgresConfig.Role.ORDINARY,
                                PostgresConfig.Functions.LISTED)),
                new PostgresConfig.Bounds(
                        ByteSize.parse("10KiB"),
                        ByteSize.parse("64MiB"),
                        ByteSize.parse("64MiB"),
                        16,
                        100,
                        50,
                        Duration.ofSeconds(10),
                        Duration.ofSeconds(10),
                        Duration.ofHours(1),
                        Duration.ofSeconds(5)));
        PostgresEnforcer enforcer = new PostgresEnforcer(
                config,
                "suite",
                identities,
                decisions,
                holds,
                recorder,
                new MaskingFunctions(new Secret("0123456789abcdef0123456789abcdef"))::of,
                new Detectors(DetectionConfig.DEFAULT),
                new SimpleMeterRegistry());
        enforcer.start();
        return new Running(enforcer);
    }

    @Override
    protected String nativeCode(ErrorCode code) {
        return switch (code) {
            case HELD -> "42501"; // insufficient_privilege
            default -> throw new IllegalArgumentException("the suite asks for `" + code + "`, too");
        };
    }

    @Override
    protected String cancelledCode() {
        return "57014"; // query_canceled
    }

    @Override
    protected int entries(String entry) throws SQLException {
        try (Connection connection = postgres.connect(DATABASE);
                PreparedStatement count = connection.prepareStatement("select count(*) from notes where entry = ?")) {
            count.setString(1, entry);
            try (ResultSet rows = count.executeQuery()) {
                rows.next();
                return rows.getInt(1);
            }
        }
    }

    private record Running(PostgresEnforcer enforcer) implements Guarded {

        @Override
        public Client connect() throws SQLException {
            Connection connection = DriverManager.getConnection(
                    "jdbc:postgresql://127.0.0.1:" + enforcer.port() + "/" + DATABASE + "?sslmode=disable",
                    "agent",
                    "token");
            return new JdbcClient(connection, connection.createStatement());
        }

        @Override
        public void close() {
            enforcer.close();
        }
    }

    private record JdbcClient(Connection connection, Statement statement) implements HoldSuite.Client {

        @Override
        public @Nullable Refusal add(String entry) {
            try {
                statement.executeUpdate("insert into notes values ('" + entry + "')");
                return null;
            } catch (SQLException e) {
                return new Refusal(String.valueOf(e.getSQLState()), String.valueOf(e.getMessage()));
            }
        }

        @Override
        public void cancel() throws SQLException {
            statement.cancel();
        }

        @Override
        public void close() throws SQLException {
            connection.abort(Runnable::run);
        }
    }
}
