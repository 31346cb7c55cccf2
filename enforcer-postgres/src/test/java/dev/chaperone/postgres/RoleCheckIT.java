package dev.chaperone.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.proto.Secret;
import dev.chaperone.testkit.Backends;
import dev.chaperone.testkit.PostgresBackend;
import dev.chaperone.testkit.PostgresMajors;
import dev.chaperone.testkit.PostgresOptions;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What the enforcer's role may do too much, on every major version: refused with statements that mend it, or allowed by name. */
class RoleCheckIT {

    private static final String DATABASE = "ward \"7\"";
    private static final List<PostgresBackend> SERVERS = new ArrayList<>();
    private static int roles;

    private record Case(String id, String... setup) {
        @Override
        public String toString() {
            return id;
        }
    }

    /** {@code $} is the role, {@code $g} a group of its own. */
    private static final List<Case> CASES = List.of(
            new Case("superuser", "alter role $ superuser"),
            new Case("createrole", "alter role $ createrole"),
            new Case("createdb", "alter role $ createdb"),
            new Case("replication", "alter role $ replication"),
            new Case("bypassrls", "alter role $ bypassrls"),
            new Case("createrole:$g", "create role $g createrole", "grant $g to $"),
            new Case("superuser:$g", "create role $g superuser", "create role $h", "grant $g to $h", "grant $h to $"),
            new Case("bypassrls:$g", "create role $g bypassrls", "alter role $ noinherit", "grant $g to $"),
            new Case("admin-option:$g", "create role $g", "grant $g to $ with admin option"),
            new Case(
                    "admin-option:$g",
                    "create role $g",
                    "create role $h",
                    "grant $g to $h with admin option",
                    "grant $h to $"),
            new Case("ownership", "create table \"t $\" ()", "alter table \"t $\" owner to $"),
            new Case(
                    "ownership",
                    "create function f_$() returns int language sql as 'select 1'",
                    "alter function f_$() owner to $"),
            new Case("ownership", "create schema s_$ authorization $"),
            new Case(
                    "ownership:$g",
                    "create role $g",
                    "create table t_$ ()",
                    "alter table t_$ owner to $g",
                    "grant $g to $"),
            new Case("create-on-database:" + DATABASE, "grant create on database \"ward \"\"7\"\"\" to $"),
            new Case("create-on-database:" + DATABASE, "grant create on database \"ward \"\"7\"\"\" to public"),
            new Case("create-on-schema:public", "grant create on schema public to $ with grant option"),
            new Case("create-on-schema:Odd $", "create schema \"Odd $\"", "grant create on schema \"Odd $\" to public"),
            new Case(
                    "create-on-schema:s_$",
                    "create role $g",
                    "create schema s_$",
                    "grant create on schema s_$ to $g",
                    "grant $g to $"),
            new Case(
                    "create-on-schema:s_$",
                    "create role $g",
                    "create schema s_$",
                    "grant all on schema s_$ to $g with grant option",
                    "set role $g",
                    "grant create on schema s_$ to $",
                    "reset role"),
            new Case("create-on-tablespace:pg_default", "grant create on tablespace pg_default to $"),
            new Case(
                    "usage-on-foreign-data-wrapper:w_$",
                    "create foreign data wrapper w_$",
                    "grant usage on foreign data wrapper w_$ to $"),
            new Case("set-parameter:log_statement", "grant set on parameter log_statement to $"),
            new Case("set-parameter:wal_level", "grant alter system on parameter wal_level to $"),
            new Case("execute-function:pg_read_file(text)", "grant execute on function pg_read_file(text) to $"),
            new Case("execute-function:lo_import(text)", "grant execute on function lo_import(text) to public"),
            new Case(
                    "execute-function:public.native_$()",
                    "create function native_$() returns int language internal as 'int4um'"),
            new Case("custom-setting:app.key_$", "alter role $ set app.key_$ = 'secret'"),
            new Case("custom-setting:app.key_$", "alter database \"ward \"\"7\"\"\" set app.key_$ = 'secret'"),
            new Case(
                    "custom-setting:app.key_$",
                    "alter role $ in database \"ward \"\"7\"\"\" set \"app\".\"key_$\" = 'secret'"),
            new Case("custom-setting:app.key_$", "alter role all set app.key_$ = 'secret'"),
            new Case("pg_read_server_files", "grant pg_read_server_files to $"),
            new Case(
                    "pg_execute_server_program",
                    "create role $g",
                    "grant pg_execute_server_program to $g",
                    "grant $g to $"),
            new Case("pg_monitor", "grant pg_monitor to $"));

    @BeforeAll
    static void start() {
        for (int major : PostgresMajors.tested()) {
            PostgresBackend server =
                    Backends.postgres(PostgresOptions.temporary().withMajor(major));
            server.execute("create database \"ward \"\"7\"\"\"");
            // Until 14 everybody could create there.
            server.executeIn(DATABASE, "revoke create on schema public from public");
            SERVERS.add(server);
        }
    }

    @AfterAll
    static void stop() {
        SERVERS.forEach(PostgresBackend::close);
    }

    static Stream<Arguments> servers() throws SQLException {
        Stream.Builder<Arguments> all = Stream.builder();
        for (PostgresBackend server : SERVERS) {
            all.add(Arguments.of(version(server), (Supplier<PostgresBackend>) () -> server));
        }
        return all.build();
    }

    /** Servers come by way of suppliers: JUnit closes arguments that can be closed. */
    static Stream<Arguments> cases() throws SQLException {
        Stream.Builder<Arguments> all = Stream.builder();
        for (PostgresBackend server : SERVERS) {
            String version = version(server);
            CASES.stream()
                    // Rights to set parameters are granted from 15 on.
                    .filter(test -> !test.id().startsWith("set-parameter") || !version.startsWith("14"))
                    .forEach(test -> all.add(Arguments.of(version, test, (Supplier<PostgresBackend>) () -> server)));
            for (String role : predefined(server)) {
                all.add(Arguments.of(
                        version, new Case(role, "grant " + role + " to $"), (Supplier<PostgresBackend>) () -> server));
            }
        }
        return all.build();
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("cases")
    void isRefusedUntilTheStatementsHaveRunOrItIsAllowedByName(String version, Case test, Supplier<PostgresBackend> of)
            throws SQLException {
        PostgresBackend server = of.get();
        String role = role(server);
        server.executeIn(DATABASE, named(role, test.setup()));
        String id = named(role, test.id())[0];

        String refusal = refusal(server, role, List.of());
        assertThat(refusal)
                .contains("role `" + role + "` of upstream `ward`")
                .contains('"' + id.replace("\"", "\\\"") + '"');
        List<String> found = check(server, role, allowedBy(refusal));
        assertThat(found).contains(id);
        String kind = id.replaceFirst(":.*", "");
        assertThat(allowedBy(refusal)).anyMatch(entry -> entry.startsWith(kind));

        server.executeIn(DATABASE, statements(refusal).toArray(String[]::new));
        assertThat(check(server, role, List.of())).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("servers")
    void anOrdinaryRoleMayDoWhatItIsFor(String version, Supplier<PostgresBackend> of) throws SQLException {
        PostgresBackend server = of.get();
        String role = role(server);
        server.executeIn(
                DATABASE,
                named(
                        role,
                        "create role $g",
                        "create table patients_$ (id int)",
                        "grant all on patients_$ to $g",
                        "grant $g to $",
                        "create function trusted_$() returns int language plpgsql as 'begin return 1; end'"));
        assertThat(check(server, role, List.of())).isEmpty();
    }

    @Test
    void severalExcessesAreMendedTogether() throws SQLException {
        PostgresBackend server = SERVERS.get(SERVERS.size() - 1);
        String role = role(server);
        server.executeIn(
                DATABASE,
                named(
                        role,
                        "create role $g createdb replication",
                        "alter role $ createrole bypassrls",
                        "grant $g to $ with admin option",
                        "create schema s_$ authorization $",
                        "grant create on schema public to $",
                        "grant pg_read_all_data to $g"));
        String refusal = refusal(server, role, List.of("createrole", "create-on-schema"));
        assertThat(refusal)
                .contains("BYPASSRLS", "CREATEDB as a member of", "membership in pg_read_all_data")
                .doesNotContain("CREATEROLE", "ON SCHEMA");
        // Before 16 there is one membership, whoever granted it.
        String grantor =
                PostgresMajors.tested().get(SERVERS.size() - 1) >= 16 ? " GRANTED BY \"postgres\" CASCADE" : "";
        assertThat(statements(refusal))
                .contains(
                        "ALTER ROLE \"" + role + "\" NOBYPASSRLS",
                        "REVOKE \"" + role + "_g\" FROM \"" + role + "\"" + grantor);
        server.executeIn(DATABASE, statements(refusal).toArray(String[]::new));
        assertThat(check(server, role, List.of("createrole", "create-on-schema:public")))
                .containsExactly("create-on-schema:public", "createrole", "ownership");
    }

    @Test
    void everySessionsRecordListsWhatWasAllowed() throws SQLException {
        PostgresBackend server = SERVERS.get(SERVERS.size() - 1);
        String role = role(server);
        server.executeIn(DATABASE, named(role, "alter role $ createdb", "grant create on schema public to $"));
        PostgresConfig.Listen listen = new PostgresConfig.Listen("127.0.0.1", 0, true, null, null);
        PostgresConfig refused = new PostgresConfig(
                listen, Map.of("ward", upstream(server, role, List.of("createdb"))), Gateway.bounds());
        assertThatThrownBy(() -> Gateway.before(server, refused))
                .isInstanceOf(EnforcementException.class)
                .hasMessageContaining("CREATE on schema public")
                .hasMessageContaining("\nREVOKE CREATE ON SCHEMA public FROM \"" + role + "\";\n");
        PostgresConfig config = new PostgresConfig(
                listen,
                Map.of("ward", upstream(server, role, List.of("createdb", "create-on-schema"))),
                Gateway.bounds());
        Gateway gateway = Gateway.before(server, config);
        try {
            gateway.decisions.policy(request -> TestingDecisions.permit());
            try (Connection connection = gateway.connectTo("ward", TestingAuthenticator.AGENT);
                    Statement statement = connection.createStatement()) {
                statement.execute("select 1");
            }
            assertThat(gateway.recorder.of(AuditEvent::hasSessionOpened))
                    .singleElement()
                    .satisfies(opened -> assertThat(
                                    opened.event().getSessionOpened().getUpstreamRoleExcessesList())
                            .containsExactly("create-on-schema:public", "createdb"));
            gateway.enforcer.check();
            server.execute("alter role \"" + role + "\" bypassrls");
            assertThatThrownBy(gateway.enforcer::check).hasMessageContaining("BYPASSRLS");
        } finally {
            gateway.enforcer.close();
            gateway.recorder.close();
        }
    }

    @Test
    void aNameThatIsNoneIsRefused() {
        assertThatThrownBy(() -> new PostgresConfig.Role(List.of("createrol")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("`createrol`")
                .hasMessageContaining("createrole");
    }

    private static String role(PostgresBackend server) {
        roles++;
        String role = "enforcer" + roles;
        server.createRole(role, Gateway.PASSWORD);
        return role;
    }

    private static String[] named(String role, String... texts) {
        return Stream.of(texts)
                .map(text -> text.replaceAll("\\$([gh])\\b", role + "_$1").replace("$", role))
                .toArray(String[]::new);
    }

    private static PostgresConfig.Upstream upstream(PostgresBackend server, String role, List<String> allowed) {
        return new PostgresConfig.Upstream(
                server.host(),
                server.port(),
                DATABASE,
                role,
                new Secret(Gateway.PASSWORD),
                PostgresConfig.TlsMode.DISABLE,
                null,
                false,
                new PostgresConfig.Role(allowed),
                PostgresConfig.Functions.LISTED);
    }

    private static List<String> check(PostgresBackend server, String role, List<String> allowed) throws SQLException {
        PostgresConfig.Upstream upstream = upstream(server, role, allowed);
        try (Connection connection = new UpstreamJdbc(upstream, Gateway.bounds()).open()) {
            return RoleCheck.check(connection, "ward", upstream);
        }
    }

    private static String refusal(PostgresBackend server, String role, List<String> allowed) throws SQLException {
        try {
            throw new AssertionError("not refused: " + check(server, role, allowed));
        } catch (EnforcementException e) {
            return String.valueOf(e.getMessage());
        }
    }

    /** The statements that the refusal prints, as a superuser would copy them. */
    private static List<String> statements(String refusal) {
        String script = refusal.substring(refusal.indexOf(":\n") + 2, refusal.lastIndexOf("\nor allow"));
        assertThat(script).endsWith(";");
        return List.of(script.substring(0, script.length() - 1).split(";\n"));
    }

    private static List<String> allowedBy(String refusal) {
        String list = refusal.substring(refusal.lastIndexOf("role.allow: [\"") + 14, refusal.length() - 2);
        return Stream.of(list.split("\", \""))
                .map(entry -> entry.replace("\\\"", "\""))
                .toList();
    }

    private static String version(PostgresBackend server) throws SQLException {
        try (Connection connection = server.connect("postgres")) {
            return connection.getMetaData().getDatabaseProductVersion();
        }
    }

    private static List<String> predefined(PostgresBackend server) throws SQLException {
        List<String> roles = new ArrayList<>();
        try (Connection connection = server.connect("postgres");
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(
                        "select rolname from pg_roles where rolname ~ '^pg_' and rolname <> 'pg_database_owner'")) {
            while (rows.next()) {
                roles.add(rows.getString(1));
            }
        }
        assertThat(roles).hasSizeGreaterThan(8);
        return roles;
    }
}
