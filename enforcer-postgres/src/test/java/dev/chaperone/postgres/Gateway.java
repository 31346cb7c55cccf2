package dev.chaperone.postgres;

import dev.chaperone.enforcer.MaskingFunctions;
import dev.chaperone.enforcer.detect.DetectionConfig;
import dev.chaperone.enforcer.detect.Detectors;
import dev.chaperone.proto.ByteSize;
import dev.chaperone.proto.Secret;
import dev.chaperone.testkit.Backends;
import dev.chaperone.testkit.PostgresBackend;
import dev.chaperone.testkit.PostgresOptions;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/** A real PostgreSQL with patients in it, and an enforcer before it whose collaborators are doubles. */
final class Gateway implements AutoCloseable {

    static final String DATABASE = "clinic";
    static final String ROLE = "gateway";
    static final String PASSWORD = "not-for-agents";

    /** Tests make tables through the gateway, and grant it functions of extensions. */
    private static final PostgresConfig.Role GENEROUS =
            new PostgresConfig.Role(List.of("create-on-schema", "execute-function"));

    final PostgresBackend backend;
    final TestingRecorder recorder = new TestingRecorder();
    final TestingDecisions decisions = new TestingDecisions();
    final TestingHolds holds = new TestingHolds();
    final PostgresEnforcer enforcer;
    final SimpleMeterRegistry meters = new SimpleMeterRegistry();

    private Gateway(PostgresBackend backend, PostgresConfig config) {
        this.backend = backend;
        this.enforcer = new PostgresEnforcer(
                config,
                "testing",
                new TestingAuthenticator(),
                decisions,
                holds,
                recorder,
                new MaskingFunctions(new Secret("0123456789abcdef0123456789abcdef"))::of,
                new Detectors(DetectionConfig.DEFAULT),
                meters);
    }

    static Gateway start() {
        return start(PostgresOptions.temporary(), PostgresConfig.TlsMode.DISABLE, null);
    }

    static Gateway start(
            PostgresOptions options, PostgresConfig.TlsMode tls, PostgresConfig.@Nullable ServerTls clientTls) {
        PostgresBackend backend = Backends.postgres(options);
        seed(backend);
        Gateway gateway = new Gateway(backend, config(backend, tls, clientTls, ROLE));
        gateway.enforcer.start();
        return gateway;
    }

    /** An enforcer of any configuration before that server, which it closes with itself. */
    static Gateway before(PostgresBackend backend, PostgresConfig config) {
        Gateway gateway = new Gateway(backend, config);
        gateway.enforcer.start();
        return gateway;
    }

    static PostgresConfig config(
            PostgresBackend backend,
            PostgresConfig.TlsMode tls,
            PostgresConfig.@Nullable ServerTls clientTls,
            String role) {
        return new PostgresConfig(
                new PostgresConfig.Listen("127.0.0.1", 0, true, clientTls, null),
                Map.of(DATABASE, upstream(backend, DATABASE, tls, role)),
                bounds());
    }

    static PostgresConfig.Upstream upstream(
            PostgresBackend backend, String database, PostgresConfig.TlsMode tls, String role) {
        return new PostgresConfig.Upstream(
                tls == PostgresConfig.TlsMode.VERIFY_FULL ? "localhost" : backend.host(),
                backend.port(),
                database,
                role,
                new Secret(role.equals(ROLE) ? PASSWORD : backend.superuserPassword()),
                tls,
                backend.certificate(),
                false,
                GENEROUS,
                PostgresConfig.Functions.LISTED);
    }

    /** The database over plain TCP, with the enforcer's own role. */
    static PostgresConfig.Upstream upstream(PostgresBackend backend, String database) {
        return upstreamAt(backend.host(), backend, database);
    }

    /** The same, reached at another address. */
    static PostgresConfig.Upstream upstreamAt(String host, PostgresBackend backend, String database) {
        return new PostgresConfig.Upstream(
                host,
                backend.port(),
                database,
                ROLE,
                new Secret(PASSWORD),
                PostgresConfig.TlsMode.DISABLE,
                null,
                false,
                GENEROUS,
                PostgresConfig.Functions.LISTED);
    }

    static PostgresConfig.Bounds bounds() {
        return new PostgresConfig.Bounds(
                ByteSize.parse("10KiB"),
                ByteSize.parse("64MiB"),
                ByteSize.parse("64MiB"),
                16,
                100,
                50,
                Duration.ofSeconds(10),
                Duration.ofSeconds(10),
                Duration.ofHours(1),
                Duration.ofSeconds(5));
    }

    static void seed(PostgresBackend backend) {
        backend.createRole(ROLE, PASSWORD);
        backend.execute("alter role gateway set log_min_messages = fatal");
        backend.createDatabase(DATABASE);
        backend.executeIn(
                DATABASE,
                "create table patients (id int primary key, name text not null, ssn text, born date, visits int)",
                "insert into patients values (1, 'Ada', '123-45-6789', '1915-12-10', 3),"
                        + " (2, 'Grace', '987-65-4321', '1970-01-02', 5), (3, 'Joan', null, null, null)",
                "create table secrets (id int, text text)",
                "insert into secrets values (1, 'hidden')",
                "create table numbers (n int)",
                "insert into numbers select generate_series(1, 200000)",
                "create table ledger (id int primary key, amount int check (amount >= 0), note text)",
                "create table entries (id int references ledger(id) deferrable initially deferred)",
                "create schema other",
                "create table other.patients (id int, name text, ssn text, born date, visits int)",
                "insert into other.patients values (9, 'Other', 'other-secret', null, null)",
                "create function slow() returns int language plpgsql as 'begin perform pg_sleep(30); return 1; end'",
                "create procedure nothing() language sql as 'select 1'",
                "grant usage on schema other to gateway",
                "grant select on patients, secrets, numbers, other.patients to gateway",
                "grant create on schema public to gateway",
                "grant select, insert, update, delete on ledger, entries to gateway",
                "grant update (visits) on patients to gateway");
    }

    int port() {
        return enforcer.port();
    }

    /** Connects by pgjdbc. */
    /** A connection of pgjdbc as the agent, in one of its query modes. */
    Connection agent(String mode, String... properties) throws SQLException {
        List<String> all = new ArrayList<>(List.of("preferQueryMode", mode));
        all.addAll(List.of(properties));
        return connect(TestingAuthenticator.AGENT, all.toArray(String[]::new));
    }

    Connection connect(String token, String... properties) throws SQLException {
        return connectTo(DATABASE, token, properties);
    }

    /** Connects by pgjdbc to a database of that name. */
    Connection connectTo(String database, String token, String... properties) throws SQLException {
        Properties all = new Properties();
        all.setProperty("user", "ada");
        all.setProperty("password", token);
        all.setProperty("sslmode", "disable");
        for (int i = 0; i < properties.length; i += 2) {
            all.setProperty(properties[i], properties[i + 1]);
        }
        return DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + port() + "/" + database, all);
    }

    /** The one value that the database itself gives. */
    String one(String sql) throws SQLException {
        try (Connection connection = backend.connect(DATABASE);
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getString(1);
        }
    }

    /** How many of the gateway's sessions sleep in that function now. */
    int running(String function) throws SQLException {
        try (Connection connection = backend.connect(DATABASE);
                Statement statement = connection.createStatement();
                ResultSet rows =
                        statement.executeQuery("select count(*) from pg_stat_activity where usename = 'gateway'"
                                + " and wait_event = 'PgSleep' and query like '%" + function + "()%'")) {
            rows.next();
            return rows.getInt(1);
        }
    }

    @Override
    public void close() {
        enforcer.close();
        recorder.close();
        backend.close();
    }
}
