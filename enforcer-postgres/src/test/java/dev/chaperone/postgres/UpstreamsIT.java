package dev.chaperone.postgres;

import static dev.chaperone.postgres.TestingDecisions.permit;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.SessionOpened;
import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.testkit.Backends;
import dev.chaperone.testkit.PostgresBackend;
import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.util.PSQLException;

/** Several databases behind one listener: which one a client gets, and that each is a world of its own. */
class UpstreamsIT {

    private static PostgresBackend backend;
    private static Gateway gateway;

    @BeforeAll
    static void start() {
        backend = Backends.postgres();
        Gateway.seed(backend);
        backend.createDatabase("lab_v2");
        backend.executeIn(
                "lab_v2",
                "create table patients (id int, sample text)",
                "insert into patients values (7, 'blood')",
                "grant select on patients to gateway");
        Map<String, PostgresConfig.Upstream> upstreams = new LinkedHashMap<>();
        upstreams.put("clinic", upstream("clinic"));
        upstreams.put("lab", upstream("lab_v2"));
        upstreams.put("twin-a", upstream("postgres"));
        upstreams.put("twin-b", upstream("postgres"));
        PostgresConfig.Listen listen = new PostgresConfig.Listen("127.0.0.1", 0, true, null, null);
        gateway = Gateway.before(backend, new PostgresConfig(listen, upstreams, Gateway.bounds()));
    }

    private static PostgresConfig.Upstream upstream(String database) {
        return Gateway.upstream(backend, database);
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    @BeforeEach
    void reset() {
        gateway.decisions.policy(request -> permit());
        gateway.recorder.reset();
    }

    @ParameterizedTest
    @CsvSource({"clinic, clinic", "lab, lab_v2", "lab_v2, lab_v2", "twin-a, postgres", "twin-b, postgres"})
    void aClientChoosesByNameOrByTheDatabasesOwnName(String asked, String database) throws SQLException {
        try (Connection connection = gateway.connectTo(asked, TestingAuthenticator.AGENT)) {
            assertThat(value(connection, "select current_database()")).isEqualTo(database);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"postgres", "template1", "Clinic", "nowhere"})
    void anUnknownOrAmbiguousDatabaseIsRefusedWithTheNamesThereAre(String asked) {
        assertThatThrownBy(() -> gateway.connectTo(asked, TestingAuthenticator.AGENT))
                .isInstanceOfSatisfying(
                        PSQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("3D000"))
                .hasMessageContaining("`" + asked + "`")
                .hasMessageContaining("clinic, lab, twin-a, twin-b");
        assertThat(gateway.recorder.of(AuditEvent::hasAuthenticated)).hasSize(1);
        assertThat(opened().getUpstream()).isEmpty();
    }

    @Test
    void nobodyLearnsWhichDatabasesThereAreWithoutAToken() throws IOException {
        for (String asked : List.of("clinic", "nowhere")) {
            try (RawClient client = RawClient.open(gateway.port())) {
                client.startup(196608, "user", "ada", "database", asked);
                assertThat(client.read().tag()).isEqualTo('R');
                client.send('p', RawClient.bytes("no such token"));
                RawClient.Message error = client.read();
                assertThat(error.field('C')).isEqualTo("28P01");
                assertThat(error.field('H')).isEmpty();
            }
        }
    }

    @Test
    void theDatabaseIsTheUserWhereNoneIsNamed() throws IOException {
        try (RawClient client = RawClient.open(gateway.port())) {
            client.startup(196608, "user", "lab");
            client.read();
            client.send('p', RawClient.bytes(TestingAuthenticator.AGENT));
            assertThat(client.until("ZE").get(0).tag()).isEqualTo('R');
        }
        assertThat(opened().getUpstream()).isEqualTo("lab");
    }

    @Test
    void decisionsAndRecordsNameTheUpstream() throws SQLException {
        try (Connection connection = gateway.connectTo("lab_v2", TestingAuthenticator.AGENT)) {
            assertThat(value(connection, "select sample from patients")).isEqualTo("blood");
        }
        assertThat(opened().getUpstream()).isEqualTo("lab");
        assertThat(opened().getUpstreamTransport()).isEqualTo("plaintext");
        assertThat(gateway.decisions.requests())
                .allSatisfy(request ->
                        assertThat(request.getResource().getUpstream()).isEqualTo("lab"));
        assertThat(gateway.decisions.requests().stream()
                        .flatMap(request -> request.getResource().getRelationsList().stream()))
                .singleElement()
                .satisfies(relation -> {
                    assertThat(relation.getDatabase()).isEqualTo("lab");
                    assertThat(relation.getColumns(0).getName()).isEqualTo("sample");
                });
    }

    @Test
    void sessionsAreCountedByUpstream() throws SQLException {
        try (Connection one = gateway.connectTo("clinic", TestingAuthenticator.AGENT);
                Connection other = gateway.connectTo("lab", TestingAuthenticator.AGENT);
                Connection another = gateway.connectTo("lab", TestingAuthenticator.AGENT)) {
            assertThat(List.of(sessions("clinic"), sessions("lab"), sessions("twin-a")))
                    .containsExactly(1.0, 2.0, 0.0);
            value(one, "select 1");
            value(other, "select 1");
            value(another, "select 1");
        }
        assertThat(gateway.meters
                        .get(PostgresMetric.STATEMENTS.metric())
                        .tags("upstream", "lab", "outcome", "permitted")
                        .counter()
                        .count())
                .isGreaterThanOrEqualTo(2);
    }

    @Test
    void theCheckNamesTheUpstreamThatDoesNotAnswer() {
        gateway.enforcer.check();
        Eventually.holds(() -> {
            backend.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = 'lab_v2'");
            try {
                backend.execute("alter database lab_v2 rename to lab_v3");
                return true;
            } catch (IllegalStateException e) {
                return false; // somebody is in it still
            }
        });
        try {
            assertThatThrownBy(gateway.enforcer::check)
                    .isInstanceOf(EnforcementException.class)
                    .hasMessageContaining("`lab`")
                    .hasMessageNotContaining("`clinic`");
        } finally {
            backend.execute("alter database lab_v3 rename to lab_v2");
        }
        gateway.enforcer.check();
    }

    @ParameterizedTest
    @ValueSource(strings = {"LATIN1", "SQL_ASCII", "EUC_JP"})
    void aDatabaseWhoseTextCannotBeReadExactlyIsNotServed(String encoding) {
        String database = "encoded_" + encoding.toLowerCase(Locale.ROOT);
        backend.execute("create database " + database + " template template0 encoding '" + encoding
                + "' lc_collate 'C' lc_ctype 'C'");
        PostgresConfig.Listen listen = new PostgresConfig.Listen("127.0.0.1", 0, true, null, null);
        PostgresConfig config = new PostgresConfig(listen, Map.of("old", upstream(database)), Gateway.bounds());
        assertThatThrownBy(() -> Gateway.before(backend, config))
                .hasMessageContaining("upstream `old`")
                .hasMessageContaining("encoded in `" + encoding + "`");
    }

    @Test
    void oneUpstreamThatCannotBeEnteredStopsTheStart() {
        Map<String, PostgresConfig.Upstream> upstreams = new LinkedHashMap<>();
        upstreams.put("clinic", upstream("clinic"));
        upstreams.put("gone", upstream("no_such_database"));
        PostgresConfig.Listen listen = new PostgresConfig.Listen("127.0.0.1", 0, true, null, null);
        PostgresConfig config = new PostgresConfig(listen, upstreams, Gateway.bounds());
        assertThatThrownBy(() -> Gateway.before(backend, config)).hasMessageContaining("upstream `gone`");
    }

    private static double sessions(String upstream) {
        return gateway.meters
                .get(PostgresMetric.SESSIONS.metric())
                .tags("enforcer", "testing", "upstream", upstream)
                .gauge()
                .value();
    }

    private static SessionOpened opened() {
        List<TestingRecorder.Event> opened = gateway.recorder.of(AuditEvent::hasSessionOpened);
        assertThat(opened).hasSize(1);
        return opened.get(0).event().getSessionOpened();
    }

    private static String value(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            assertThat(rows.next()).isTrue();
            return rows.getString(1);
        }
    }
}
